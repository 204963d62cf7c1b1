# What a child answers: see exchange_test.go for the requests. Runs in 2.7 and in 3.
import io
import pickle
import pickletools
import sys
import warnings

import pickletest_classes as classes
import pickletest_compare as compare
import pickletest_generate as generate
from pickletest_exchange import handler

try:
    import cPickle
except ImportError:
    cPickle = pickle

warnings.simplefilter('ignore')
PY2 = classes.VERSION < 300


def persistent_id(obj):
    return obj.key if type(obj) is classes.Persist else None


def persistent_load(key):
    # A key in words (protocol 0) is a str, in Python 3 a text; in a program that is as Python 3 it becomes one.
    return classes.Persist(str(key))


if PY2:
    def pickler(how, out, protocol):
        p = pickle.Pickler(out, protocol) if how == 'python' else cPickle.Pickler(out, protocol)
        p.persistent_id = persistent_id
        return p

    def load(data, buffers=()):
        u = cPickle.Unpickler(io.BytesIO(data))
        u.persistent_load = persistent_load
        return u.load()
else:
    class C(pickle.Pickler):
        def persistent_id(self, obj):
            return persistent_id(obj)

    class P(pickle._Pickler):
        def persistent_id(self, obj):
            return persistent_id(obj)

    class U(pickle.Unpickler):
        def persistent_load(self, key):
            return persistent_load(key)

    def pickler(how, out, protocol, **kw):
        return (P if how == 'python' else C)(out, protocol, **kw)

    def load(data, buffers=(), **kw):
        if buffers:
            kw['buffers'] = buffers
        return U(io.BytesIO(data), **kw).load()


def dump(obj, protocol, how, buffers=None):
    """The ways to write: the pickler in C, that in Python, and the first's output optimised, with names of Python 3 only, without memo, or with buffers beside the pickle."""
    out = io.BytesIO()
    kw = {'fix_imports': False} if how == 'names' and not PY2 else {}
    if how == 'buffers' and protocol >= 5:
        kw['buffer_callback'] = lambda b: buffers.append(bytes(b) if b.raw().readonly else bytearray(b))
    p = pickler(how, out, protocol, **kw)
    if how == 'fast':
        p.fast = True
    p.dump(obj)
    data = out.getvalue()
    if how == 'optimised':
        data = pickletools.optimize(data)
    return data


def typed(data, buffers):
    """Each buffer as what the pickle takes it for: bytes if it is made read-only, else a bytearray."""
    ops = [op.name for op, _, _ in pickletools.genops(data)]
    readonly = [next_op == 'READONLY_BUFFER' for op, next_op in zip(ops, ops[1:]) if op == 'NEXT_BUFFER']
    assert len(readonly) == len(buffers), 'NEXT_BUFFER %d times, %d buffers' % (len(readonly), len(buffers))
    return [bytes(b) if r else bytearray(b) for r, b in zip(readonly, buffers)]


class State(object):
    """What the last make has left for check."""
    graph = None
    loaded = {}


def make(args, blobs):
    """Makes the graph of a seed and gives its pickles, each with "" or why it could not be made or read by Python itself."""
    s = State
    s.graph = generate.Generator(args['seed'], args['level'], args['strict']).graph()
    s.loaded = {}
    whys, out, beside = [], [], []
    for i, (protocol, how) in enumerate(args['variants']):
        why, data, buffers = '', b'', []
        try:
            data = dump(s.graph, protocol, how, buffers)
        except Exception as e:
            why = 'not written: %s: %s' % (type(e).__name__, e)
        else:
            try:
                s.loaded[i] = load(data, buffers, **({'fix_imports': False} if how == 'names' and not PY2 else {}))
            except Exception as e:
                why = 'not read: %s: %s' % (type(e).__name__, e)
        whys.append(why[:200])
        out.append(data)
        beside.append(buffers)
    return {'whys': whys, 'buffers': [len(b) for b in beside]}, out + sum(beside, [])


def same(reference, protocol, data, buffers=()):
    """(difference or "", whether only Python's own way of writing this protocol made it none, how many immutable values are shared on one side only)

    Protocols below 4 can't say everything (names that 2.7 lacks): what comes out as from Python's own pickle of that protocol is right, too.
    """
    try:
        loaded = load(data, typed(data, buffers) if buffers else ())
        answer, split = compare.difference(reference, loaded, protocol)
    except Exception as e:
        # Protocols 0 and 1 of 2.7 name the base of a subclass of str or int, which have become the classes that Python 2 calls unicode and long. So they do in Python 3.
        translated = PY2 and 'is not a subtype of' in str(e)
        return '' if translated else 'does not load: %s: %s' % (type(e).__name__, e), translated, 0
    if answer and protocol < 4:
        try:
            own = compare.difference(load(dump(reference, protocol, 'c')), loaded, protocol)[0]
            if own is None:
                return '', True, split
            answer += '; and from its own pickle of protocol %d: %s' % (protocol, own)
        except Exception as e:
            answer += '; its own pickle of protocol %d: %s: %s' % (protocol, type(e).__name__, e)
    return answer or '', False, split


def check(args, blobs):
    """Compares pickles with what Python itself has read from the variant that each is said to be of."""
    out = []
    beside = blobs[len(args['of']):]
    for of, protocol, buffers, data in zip(args['of'], args['written'], args['buffers'], blobs):
        out.append(same(State.loaded[of], protocol, data, beside[:buffers]))
        del beside[:buffers]
    return summary(out)


def cross(args, blobs):
    """Compares pickles that come from another version with the graph of the seed, made here."""
    return summary([same(generate.Generator(args['seed'], args['level'], args['strict']).graph(), protocol, data) for protocol, data in zip(args['written'], blobs)])


def summary(out):
    return {'answers': [o[0] for o in out], 'own': sum(o[1] for o in out), 'split': sum(o[2] for o in out)}, []


def dis(args, blobs):
    out = io.StringIO() if not PY2 else io.BytesIO()
    try:
        pickletools.dis(blobs[0], out)
    except Exception as e:
        out.write('%s' % e if PY2 else str(e))
    text = out.getvalue()
    return {}, [text if PY2 else text.encode('utf-8', 'backslashreplace')]


def opcodes(args, blobs):
    counts = dict((op.name, 0) for op in pickletools.opcodes)
    for data in filter(None, blobs):
        for op, _, _ in pickletools.genops(data):
            counts[op.name] += 1
    return {'counts': counts}, []


handle = handler({'make': make, 'check': check, 'cross': cross, 'dis': dis, 'opcodes': opcodes})
