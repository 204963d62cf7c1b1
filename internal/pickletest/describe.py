# Says what was loaded in words that Go can compare with its own (describe_test.go), and what Python's operators say to pairs of values. Runs in 2.7 and in 3.
import array
import binascii
import collections
import datetime
import decimal
import fractions
import io
import pickle
import struct
import sys
import uuid
import warnings

import pickletest_classes as classes
from pickletest_exchange import handler

warnings.simplefilter('ignore')
PY2 = classes.VERSION < 300
if PY2:
    import cPickle
    range = xrange  # noqa: F821
    INTS, TEXT, FUNCTIONS = (int, long), unicode, type(len)  # noqa: F821
    loads = cPickle.loads
else:
    INTS, TEXT, FUNCTIONS = (int,), str, type(len)
    loads = pickle.loads
# Python 2's names of what Go calls by those of Python 3.
MODULES = {'__builtin__': 'builtins', 'exceptions': 'builtins'} if PY2 else {}


def hexed(b):
    return binascii.hexlify(b).decode('ascii')


def floating(f):
    return 'nan' if f != f else hexed(struct.pack('>d', f))


def utf8(s):
    # Python 2 joins surrogates that are neighbours, and so does not say what it has.
    return s.encode('utf-8') if PY2 else s.encode('utf-8', 'surrogatepass')


def name(obj):
    module = MODULES.get(obj.__module__, obj.__module__)
    return '%s.%s' % (module, getattr(obj, '__qualname__', obj.__name__))


class Describer(object):
    def __init__(self, by_key):
        self.by_key = by_key  # the order of a dict says nothing in Python 2
        self.numbers = {}
        self.keep = []

    def items(self, items):
        items = [(self.of(k), v) for k, v in items]
        if self.by_key:
            items.sort(key=lambda kv: kv[0])
        return ','.join([k + ':' + self.of(v) for k, v in items])

    def many(self, values):
        return ','.join([self.of(v) for v in values])

    def attributes(self, v):
        return '{%s}' % self.items(v.__dict__.items()) if getattr(v, '__dict__', None) else ''

    def of(self, v):
        t = type(v)
        if v is None:
            return 'N'
        if t is bool:
            return 'T' if v else 'F'
        if t in INTS:
            return 'i%d' % v
        if t is float:
            return 'f' + floating(v)
        if t is complex:
            return 'c%s,%s' % (floating(v.real), floating(v.imag))
        if t is TEXT:
            return 's' + hexed(utf8(v))
        if t is bytes:
            return 'b' + hexed(v)
        if t is tuple:
            return '(%s)' % self.many(v)
        if t is frozenset:
            return 'Z{%s}' % ','.join(sorted([self.of(e) for e in v]))
        if v is Ellipsis:
            return 'E'
        if v is NotImplemented:
            return 'I'
        if t is range:
            return 'r(%d,%d,%d)' % (v.start, v.stop, v.step) if not PY2 else 'r%s' % (v.__reduce__()[1],)
        if t is slice:
            return 'l(%s)' % self.many([v.start, v.stop, v.step])
        if t is datetime.timedelta:
            return 'td(%d,%d,%d)' % (v.days, v.seconds, v.microseconds)
        if t is datetime.datetime:
            return 'dt(%d,%d,%d,%d,%d,%d,%d,%d,%s)' % (v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, getattr(v, 'fold', 0), self.of(v.tzinfo))
        if t is datetime.date:
            return 'da(%d,%d,%d)' % (v.year, v.month, v.day)
        if t is datetime.time:
            return 'ti(%d,%d,%d,%d,%d,%s)' % (v.hour, v.minute, v.second, v.microsecond, getattr(v, 'fold', 0), self.of(v.tzinfo))
        if not PY2 and t is datetime.timezone:
            return 'tz(%s)' % self.many(v.__getinitargs__())
        if t is decimal.Decimal:
            return 'D%s' % v
        if t is fractions.Fraction:
            return 'Q%d/%d' % (v.numerator, v.denominator)
        if t is uuid.UUID:
            return 'U' + v.hex
        if isinstance(v, (type, FUNCTIONS, type(name))) or PY2 and t is type(classes.Classic):
            return 'G' + name(v)
        if id(v) in self.numbers:
            return '#%d' % self.numbers[id(v)]
        self.numbers[id(v)] = n = len(self.numbers)
        return '#%d=%s' % (n, self.new(v, t))

    def new(self, v, t):
        if t is list:
            return '[%s]' % self.many(v)
        if t is dict:
            return '{%s}' % self.items(v.items())
        if t is collections.OrderedDict:
            return 'O[%s]' % ','.join([self.of(k) + ':' + self.of(e) for k, e in v.items()])
        if t is set:
            return 'S{%s}' % ','.join(sorted([self.of(e) for e in v]))
        if t is bytearray:
            return 'y' + hexed(bytes(v))
        if t is array.array:
            return 'A%s[%s]' % (v.typecode, self.many(v.tolist()))
        if isinstance(v, BaseException):
            return 'X%s(%s)%s' % (name(t), self.many(v.args), self.attributes(v))
        if t is classes.Plain:
            return 'P%s' % self.attributes(v)
        if t is classes.ReducedState:
            # The arguments are made before the object is, which the numbers of Go follow.
            return 'R(%s)%s' % (self.many(v.args), self.of(v.state))
        if t is classes.NewArgsEx:
            return 'K(%s){%s}' % (self.many(v.args), self.items(v.kwargs.items()))
        if t is classes.MyList:
            return 'L[%s]%s' % (self.many(list(v)), self.attributes(v))
        if t is classes.MyDict:
            return 'M{%s}%s' % (self.items(dict.items(v)), self.attributes(v))
        if t is classes.MySet:
            return 'V{%s}%s' % (','.join(sorted([self.of(e) for e in v])), self.attributes(v))
        raise TypeError('no words for a %s' % t)


def describe(args, blobs):
    out = []
    for data in blobs:
        try:
            v = loads(data)
            out.append(Describer(PY2).of(v))
        except Exception as e:
            out.append('does not load: %s: %s' % (type(e).__name__, e))
    return {'answers': out}, []


def attempt(f):
    try:
        return f()
    except Exception as e:
        module = '' if type(e).__module__ in ('builtins', 'exceptions') else type(e).__module__ + '.'
        return ['%s%s: %s' % (module, type(e).__name__, e)]


def text(s):
    return hexed(utf8(s))


def operators(args, blobs):
    """For each pair (a, b): a == b, a < b, and for each of the two: can it be hashed, bool, repr, str, the type's name."""
    out = []
    for a, b in loads(blobs[0]):
        answers = [attempt(lambda: a == b), attempt(lambda: a < b)]
        for v in (a, b):
            answers += [attempt(lambda: hash(v) is None or None), attempt(lambda: bool(v)), attempt(lambda: text(repr(v))), attempt(lambda: text(str(v))), type(v).__name__]
        out.append(answers)
    return {'pairs': out}, []


handle = handler({'describe': describe, 'operators': operators})
