# Are two graphs of objects the same, in types, values bit for bit, order and sharing? Runs in 2.7 and in 3.
#
# The two are walked side by side. Objects that can change, and instances, must correspond one to one: what is one object here and two there is a difference. For the
# immutable values of LENIENT the sharing may differ, since nobody can tell but by "is"; how often it did is counted.
import array
import collections
import datetime
import decimal
import fractions
import functools
import random
import re
import struct
import types
import uuid

import pickletest_classes as classes
from pickletest_classes import copyreg

PY2 = classes.VERSION < 300
if not PY2:
    import builtins
    import pathlib
ORDERED = classes.VERSION >= 306
TEXT = type(u'')
INTS = (int, long) if PY2 else (int,)  # noqa: F821
ATOMS = set(INTS + (float, complex, TEXT, bytes, bool, type(None)))
NAMED = (type, types.FunctionType, types.ModuleType) + ((types.ClassType,) if PY2 else (type(Ellipsis), type(NotImplemented)))
LENIENT = set([tuple, frozenset, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID, slice, range, type(re.compile(''))])  # Python keeps some patterns, and forgets them when they are many
if not PY2:
    LENIENT.add(datetime.timezone)
    ALIASES = dict([(c, OSError) for c in vars(builtins).values() if isinstance(c, type) and issubclass(c, OSError)] + [(ImportError, ImportError)])
    if classes.VERSION >= 306:
        ALIASES[ModuleNotFoundError] = ImportError
        ALIASES[RecursionError] = RuntimeError
else:
    # Python 3 has one name for each two of these, and so has a Go program, as has any pickle that was through Python 3.
    ALIASES = {long: int, unicode: str, IOError: OSError}  # noqa: F821
# Attributes that are no part of __dict__.
FIELDS = {
    EnvironmentError: ('errno', 'strerror', 'filename'), UnicodeDecodeError: ('encoding', 'object', 'start', 'end', 'reason'),
    UnicodeEncodeError: ('encoding', 'object', 'start', 'end', 'reason'), SyntaxError: ('msg', 'filename', 'lineno', 'offset', 'text'), SystemExit: ('code',),
}
# What keeps more, or less, in its attributes than it is.
BY_REDUCE = (random.Random,)
if not PY2:
    BY_REDUCE += (pathlib.PurePath,)
    FIELDS[ImportError] = ('name', 'path', 'msg')
    FIELDS[StopIteration] = ('value',)
    LIST_ITERATORS = (type(iter([])), type(reversed([])))


class Difference(Exception):
    pass


def bits(f):
    if PY2 and f != f:
        return 'nan'  # in 2.7 that of a text has another sign than that of Python 3
    return struct.pack('>d', f)


def equal_atoms(a, b):
    t = type(a)
    if t is float:
        return bits(a) == bits(b)
    if t is complex:
        return bits(a.real) == bits(b.real) and bits(a.imag) == bits(b.imag)
    return a == b


def fingerprint(x, depth=0):
    """Tells the elements of a set from one another, the same in two graphs that are equal."""
    t = type(x)
    name = t.__name__
    if t is float:
        return [name, repr(bits(x))]
    if t is complex:
        return [name, repr(bits(x.real)), repr(bits(x.imag))]
    if t in ATOMS and not (PY2 and t in INTS):
        return [name, repr(x)]
    if t in INTS:
        return ['int', '%d' % x]
    if issubclass(t, NAMED):
        x = ALIASES.get(x, x)
        return [name, getattr(x, '__module__', None), getattr(x, '__qualname__', None) or getattr(x, '__name__', None)]
    if depth > 30:
        return [name]
    if isinstance(x, tuple):
        return [name, [fingerprint(e, depth + 1) for e in x]]
    if isinstance(x, frozenset):
        return [name, sorted(map(repr, [fingerprint(e, depth + 1) for e in x]))]
    if isinstance(x, functools.partial):
        return [name, fingerprint(x.func), fingerprint(x.args, depth + 1)]
    if type(x) is classes.Tagged:
        return [name, x.tag]
    if type(x) is classes.Keyed:
        return [name, fingerprint(x.key, depth + 1)]
    fields = getattr(x, '__dataclass_fields__', None)
    if fields:
        return [name, [fingerprint(getattr(x, f), depth + 1) for f in sorted(fields)]]
    return [name, re.sub(' at 0x[0-9a-f]+', '', repr(x))]


def sort_key(x):
    return repr(fingerprint(x))


class Comparison(object):
    def __init__(self, protocol=5):
        self.folds = protocol >= 4       # which older protocols have no place for
        self.translated = protocol == 2  # what Python 2 does not have has come back as something else
        self.there = {}   # id of an object here: the one that corresponds
        self.here = {}    # and the other way
        self.seen = set()
        self.keep = []    # objects made while walking: an id is of use only as long as the object lives
        self.split = 0    # immutable values that are shared on one side only

    def run(self, a, b):
        """Raises Difference, or returns."""
        todo = [(a, b, ('root', None))]
        while todo:
            a, b, path = todo.pop()
            t, u = type(a), type(b)
            if t is not u and not self.one(t, u):
                self.differ(path, 'type %s, %s: %s, %s' % (t.__name__, u.__name__, short(a), short(b)))
            if t in ATOMS:
                if not equal_atoms(a, b):
                    self.differ(path, '%s, %s' % (short(a), short(b)))
                continue
            if issubclass(t, NAMED) or not PY2 and isinstance(a, classes.enum.Enum):
                if (PY2 or self.translated) and ALIASES.get(a, a) is ALIASES.get(b, b):
                    continue
                if a is not b and not (isinstance(a, getattr(classes, 'IntPerm', ())) and a == b):
                    self.differ(path, 'not the same: %s, %s' % (short(a), short(b)))
                continue
            if not self.meet(a, b, path):
                continue
            here, there = self.parts(a), self.parts(b)
            if len(here) != len(there):
                self.differ(path, '%d parts, %d: %s, %s' % (len(here), len(there), short(a), short(b)))
            for (label, x), (other, y) in zip(reversed(here), reversed(there)):
                if label != other:
                    self.differ(path, 'part %s, %s' % (label, other))
                if label == '.fold' and not self.folds:
                    continue
                todo.append((x, y, (label, path)))

    def one(self, t, u):
        """Whether two types are one to Python 2, or were made one on the way through a protocol for it."""
        if PY2 and t in INTS and u in INTS:
            return True
        return (PY2 or self.translated) and issubclass(t, Exception) and ALIASES.get(t, t) is ALIASES.get(u, u)

    def meet(self, a, b, path):
        """Whether this pair was not met before."""
        pair = (id(a), id(b))
        if pair in self.seen:
            return False
        self.seen.add(pair)
        clash = self.there.setdefault(id(a), id(b)) != id(b) or self.here.setdefault(id(b), id(a)) != id(a)
        if clash and not (isinstance(a, (tuple, frozenset)) and not len(a)):
            # A method of a class is made anew each time that somebody asks for it.
            if type(a) not in LENIENT and not isinstance(a, types.BuiltinFunctionType):
                self.differ(path, 'shared on one side only: %s' % short(a))
            self.split += 1
        return True

    def differ(self, path, what):
        labels = []
        while path:
            labels.append(path[0])
            path = path[1]
        raise Difference(''.join(reversed(labels)) + ': ' + what)

    def parts(self, x):
        """The parts of an object with their labels. Parts that are equal by their texts are compared as such."""
        t = type(x)
        if t is tuple or t is list:
            return [('[%d]' % i, e) for i, e in enumerate(x)]
        if isinstance(x, BY_REDUCE):
            return self.reduced(x)
        out = self.content(x)
        for c in t.__mro__ if hasattr(t, '__mro__') else ():
            names = c.__dict__.get('__slots__', ())
            for name in [names] if isinstance(names, str) else names:
                if name in ('__dict__', '__weakref__'):
                    continue
                if name.startswith('__') and not name.endswith('__'):
                    name = '_%s%s' % (c.__name__.lstrip('_'), name)
                try:
                    out.append(('.' + name, getattr(x, name)))
                except AttributeError:
                    pass
        d = getattr(x, '__dict__', None)
        if isinstance(d, dict):
            items = [(name, v) for name, v in d.items() if not name.startswith('_OrderedDict__')]
            if not ORDERED:
                items.sort()
            out += [('.' + name, v) for name, v in items]
        if PY2 and t is types.InstanceType:
            out.append(('.__class__', x.__class__))
        if not out and d is None and not isinstance(x, OF_CONTENT):
            out = self.reduced(x)
        return out

    def content(self, x):
        """What an object of a built-in type, or of a subclass of one, has in itself."""
        for base in CONTENT:
            if isinstance(x, base):
                return self.hold(CONTENT[base](x))
        return []

    def reduced(self, x):
        """The fallback: how pickle would take it apart."""
        if type(x) in copyreg.dispatch_table:
            r = copyreg.dispatch_table[type(x)](x)
        else:
            try:
                r = x.__reduce_ex__(4 if not PY2 else 2)
            except TypeError:
                m = memoryview(x)  # what cannot be pickled, but has bytes
                return self.hold([('bytes', m.tobytes()), ('readonly', m.readonly), ('format', m.format)])
        if isinstance(r, str):
            return [('name', r)]
        out = [('reduce%d' % i, e) for i, e in enumerate(r[:3])]
        for i, e in enumerate(r[3:]):
            out.append(('reduce%d' % (i + 3), list(e) if hasattr(e, 'next' if PY2 else '__next__') else e))
        return self.hold(out)

    def hold(self, parts):
        self.keep.append(parts)
        return parts


def short(x):
    try:
        r = repr(x)
    except Exception as e:
        r = '<no repr: %r>' % e
    return r if len(r) < 200 else r[:200] + '...'


def dict_parts(x):
    items = list(dict.items(x))
    if not ORDERED and not isinstance(x, collections.OrderedDict):
        items.sort(key=lambda kv: sort_key(kv[0]))
    out = []
    for i, (k, v) in enumerate(items):
        out += [('{key %d}' % i, k), ('{value %d}' % i, v)]
    if isinstance(x, collections.defaultdict):
        out.append(('.default_factory', x.default_factory))
    return out


def ordered_parts(x):
    out = []
    for i, k in enumerate(x):
        out += [('{key %d}' % i, k), ('{value %d}' % i, x[k])]
    return out


def set_parts(x):
    return [('{%d}' % i, e) for i, e in enumerate(sorted(x, key=sort_key))]


def sequence_parts(base):
    return lambda x: [('[%d]' % i, e) for i, e in enumerate(base.__iter__(x))]


def exception_parts(x):
    out = [('.args%d' % i, e) for i, e in enumerate(x.args)]
    for c, names in FIELDS.items():
        if isinstance(x, c):
            out += [('.' + name, getattr(x, name)) for name in names]
    if hasattr(x, 'exceptions'):
        out += [('.exceptions%d' % i, e) for i, e in enumerate(x.exceptions)]
    return out


def named(*names):
    return lambda x: [('.' + name, getattr(x, name)) for name in names]


def method_parts(x):
    return [('.__self__', x.__self__), ('.__name__', x.__name__)] if not isinstance(x.__self__, types.ModuleType) else [('.__module__', x.__module__), ('.__name__', x.__name__)]


def iterator_parts(x):
    r = x.__reduce__()
    return [('of', r[1][0]), ('at', r[2] if len(r) > 2 else None)]


# Subclasses before their bases.
CONTENT = collections.OrderedDict([
    (collections.OrderedDict, ordered_parts), (dict, dict_parts), (set, set_parts), (frozenset, set_parts),
    (list, sequence_parts(list)), (tuple, sequence_parts(tuple)), (collections.deque, lambda x: [('.maxlen', x.maxlen)] + sequence_parts(collections.deque)(x)),
    (bytearray, lambda x: [('bytes', bytes(x))]), (array.array, lambda x: [('.typecode', x.typecode), ('bytes', x.tostring() if PY2 else x.tobytes())]),
    (slice, named('start', 'stop', 'step')), (BaseException, exception_parts),
    (datetime.datetime, lambda x: [('date', x.timetuple()[:6]), ('.microsecond', x.microsecond), ('.tzinfo', x.tzinfo), ('.fold', getattr(x, 'fold', 0))]),
    (datetime.date, lambda x: [('date', x.timetuple()[:3])]),
    (datetime.time, named('hour', 'minute', 'second', 'microsecond', 'tzinfo') if PY2 else named('hour', 'minute', 'second', 'microsecond', 'tzinfo', 'fold')),
    (datetime.timedelta, named('days', 'seconds', 'microseconds')),
    (decimal.Decimal, lambda x: [('tuple', tuple(x.as_tuple()))]), (fractions.Fraction, named('numerator', 'denominator')), (uuid.UUID, named('int')),
    (functools.partial, named('func', 'args', 'keywords')),
    (types.BuiltinFunctionType, method_parts), (types.MethodType, method_parts),
    (float, lambda x: [('float', float(x))]), (INTS, lambda x: [('int', int(x))]), (TEXT, lambda x: [('text', TEXT(x))]), (bytes, lambda x: [('bytes', bytes(x))]),
])
if not PY2:
    CONTENT[range] = named('start', 'stop', 'step')
    CONTENT[datetime.timezone] = lambda x: [('args%d' % i, e) for i, e in enumerate(x.__getinitargs__())]
    CONTENT[LIST_ITERATORS] = iterator_parts
OF_CONTENT = tuple(c for base in CONTENT for c in (base if isinstance(base, tuple) else (base,)))


def difference(a, b, protocol=5):
    """(None or a text that tells where, how many immutable values are shared on one side only). b has been written with a protocol, which may say less than a has."""
    c = Comparison(protocol)
    try:
        c.run(a, b)
    except Difference as e:
        return str(e), c.split
    return None, c.split
