# Random graphs of objects from a seed. The same seed, level and strictness give the same graph in every Python that has what the level asks for: level 308 is what Python
# 3.8 knows. Runs in 2.7 and in 3.
import collections
import datetime
import decimal
import fractions
import functools
import operator
import re
import struct
import uuid

import pickletest_boxes
import pickletest_classes as classes

VERSION = classes.VERSION
MASK = (1 << 64) - 1
if VERSION < 300:
    range = xrange  # noqa: F821
    unichr = unichr  # noqa: F821
    long = long  # noqa: F821
else:
    unichr = chr


class Rand(object):
    """A generator of its own, since those of Python's random module differ between versions (splitmix64)."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9e3779b97f4a7c15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & MASK
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return int(self.next() % n)

    def choice(self, seq):
        return seq[self.below(len(seq))]

    def chance(self, percent):
        return self.below(100) < percent

    def bits(self, n):
        v = 0
        for _ in range(0, n, 64):
            v = v << 64 | self.next()
        return v & ((1 << n) - 1)


LENGTHS = [0, 1, 2, 3, 5, 8, 20]
LONG_LENGTHS = [254, 255, 256, 257, 4000, 65534, 65535, 65536, 65537, 70000, 140000]
BATCHES = [998, 999, 1000, 1001, 1999, 2000, 2001, 3500]
EDGES = [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255 * 8 - 1, 255 * 8, 255 * 8 + 1, 256 * 8]
ALPHABETS = [
    [u'a', u'b', u'z', u'0', u' ', u'_'],
    [u'\n', u'\r', u'\\', u'\0', u'\x1a', u"'", u'"', u'\\u', u'x', u'\t'],
    [u'\x80', u'\xe9', u'\xff', u'a'],
    [u'\u0100', u'\u20ac', u'\uffff', u'\ud7ff', u'\ue000', u'\u2028'],
    [u'\U00010000', u'\U0001f600', u'\U0010ffff', u'q'],
    [u'\ud800', u'\udfff', u'\udc80', u'a', u'\U0001f600', u'\udbff'],
]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.1, 1e300, 5e-324, 1.7976931348623157e308, 2.0 ** 53, 2.0 ** 63, float('inf'), -float('inf'), float('nan')]


class Generator(pickletest_boxes.Boxes):
    def __init__(self, seed, level=VERSION, strict=False):
        """With strict, only what every version from the level's on takes apart in the same way."""
        self.rand = Rand(seed)
        self.level = level
        self.strict = strict
        self.budget = 2 + self.rand.below(self.rand.choice([4, 20, 60, 200]))
        self.pool = []   # containers, complete or not: taken again they are shared, or cycles
        self.keys = []   # complete values that can be hashed
        self.tags = 0
        self.atoms = self.kinds('atom_')
        self.hashed = self.kinds('hash_')
        self.boxes = self.kinds('box_')

    def kinds(self, prefix):
        out = []
        for name in sorted(dir(self)):
            if name.startswith(prefix):
                f = getattr(self, name)
                least, only = getattr(f, 'least', 0), getattr(f, 'only', 999)
                if least <= self.level <= only and not (self.strict and getattr(f, 'loose', False)):
                    out += [f] * getattr(f, 'weight', 1)
        return out

    # What the parts of a graph are made with.

    def graph(self):
        mode = self.rand.below(100)
        if mode < 3:
            return self.deep()
        if mode < 7:
            return [self.batch(), self.value(0)]
        if mode < 10:
            return self.frames()
        return self.value(0)

    def value(self, depth):
        self.budget -= 1
        r = self.rand.below(100)
        if r < 14 and self.pool:
            return self.rand.choice(self.pool)
        if r < 20 and self.keys:
            return self.rand.choice(self.keys)
        if self.budget <= 0 or depth > 12:
            return self.atom()
        if depth and r < 45:
            return self.atom()
        if r < 60:
            return self.hashable(depth)
        return self.rand.choice(self.boxes)(depth + 1)

    def atom(self):
        return self.rand.choice(self.atoms)()

    def hashable(self, depth=0):
        self.budget -= 1
        if self.keys and self.rand.chance(15):
            return self.rand.choice(self.keys)
        if self.budget <= 0 or depth > 12 or self.rand.chance(40):
            return self.atom()
        v = self.rand.choice(self.hashed)(depth + 1)
        self.keys.append(v)
        return v

    def shared(self, obj):
        self.pool.append(obj)
        return obj

    def values(self, depth):
        return [self.value(depth) for _ in range(self.rand.choice(LENGTHS[:6]))]

    def hashables(self, depth):
        return [self.hashable(depth) for _ in range(self.rand.choice(LENGTHS[:6]))]

    def attributes(self, obj, depth):
        for _ in range(self.rand.below(4)):
            setattr(obj, self.native(), self.value(depth))
        return obj

    def tag(self):
        self.tags += 1
        return self.tags

    def native(self):
        return self.rand.choice(['a', 'b', 'nom', 'val', 'x1', '_private', 'long_attribute_name', 'i'])

    def text(self, lengths=LENGTHS):
        alphabet = self.rand.choice(ALPHABETS)
        n = self.rand.choice(lengths)
        if n > 100:
            part = u''.join([self.rand.choice(alphabet) for _ in range(37)])
            return (part * (n // len(part) + 1))[:n]
        return u''.join([self.rand.choice(alphabet) for _ in range(n)])

    def blob(self, lengths=LENGTHS):
        n = self.rand.choice(lengths)
        return bytes(bytearray([self.rand.below(256) for _ in range(min(n, 61))]) * (n // 61 + 1))[:n]

    def deep(self):
        root = inner = []
        # Python's own limit is 1,000 frames, of which the pickler in Python takes four for each list.
        for i in range(20 + self.rand.below(130)):
            box = self.rand.choice([list, dict, tuple])
            if box is list:
                inner.append([])
                inner = inner[-1]
            elif box is dict:
                inner.append({u'k': []})
                inner = inner[-1][u'k']
            else:
                inner.append(([],))
                inner = inner[-1][0]
        inner.append(self.value(0))
        return root

    def batch(self):
        n = self.rand.choice(BATCHES)
        kind = self.rand.below(5)
        if kind == 0:
            return list(range(n))
        if kind == 1:
            return dict((i, str(i % 7)) for i in range(n))
        if kind == 2:
            return set(range(n))
        if kind == 3:
            return collections.deque(range(n))
        shared = [1]
        return [shared if i % 3 else [i] for i in range(n)]

    def frames(self):
        n = 1 + self.rand.below(6)
        out = []
        for _ in range(n):
            out.append(self.text(LONG_LENGTHS) if self.rand.chance(50) else self.blob(LONG_LENGTHS))
            if self.rand.chance(50):
                out.append(self.value(0))
            if self.rand.chance(30):
                out.append(out[0])
        return out

    # Atoms: all can be hashed.

    def atom_none(self):
        return None

    def atom_bool(self):
        return self.rand.chance(50)

    def atom_small(self):
        return self.rand.below(300) - 20

    def atom_edge(self):
        v = (1 << self.rand.choice(EDGES)) + self.rand.below(5) - 2
        return -v if self.rand.chance(50) else v

    def atom_big(self):
        v = self.rand.bits(self.rand.choice([33, 64, 100, 600, 3000]))
        return -v if self.rand.chance(50) else v

    def atom_float(self):
        return self.rand.choice(FLOATS)

    def atom_float_bits(self):
        f = struct.unpack('>d', struct.pack('>Q', self.rand.next()))[0]
        return f if f == f else 0.5

    def atom_complex(self):
        # In Python 2 a Decimal equals no complex and no Fraction, in Python 3 and in package py it may, and then the two are one key.
        real, imag = self.rand.choice(FLOATS), self.rand.choice(FLOATS)
        return complex(real, 1.0 if imag == 0 and self.level < 300 else imag)

    def atom_text(self):
        return self.text()
    atom_text.weight = 3

    def atom_text_256(self):
        return self.text([254, 255, 256, 257])

    def atom_blob(self):
        return self.blob()
    atom_blob.weight = 2

    def atom_blob_256(self):
        return self.blob([254, 255, 256, 257])

    def atom_native(self):
        return self.native()

    def atom_ellipsis(self):
        return self.rand.choice([Ellipsis, NotImplemented])
    atom_ellipsis.least = 300

    def atom_global(self):
        return self.rand.choice([classes.Plain, classes.function, classes.Point, int, list, dict, len, abs, ValueError, KeyError, collections.OrderedDict,
                                 collections.deque, datetime.datetime, decimal.Decimal, complex, set, frozenset, tuple, object, float, bool, type, slice,
                                 operator.add, functools.partial, getattr, classes.LONELY])

    def atom_global3(self):
        return self.rand.choice([classes.Outer.Inner, classes.Outer.Inner.Innermost, range, str, bytes, map, zip, filter, int.from_bytes,
                                 dict.fromkeys, type(None), type(Ellipsis), type(NotImplemented), OSError, ConnectionError, FileNotFoundError, bytearray])
    atom_global3.least = 304

    def atom_enum(self):
        return self.rand.choice([classes.Color.red, classes.Color.blue, classes.Level.low, classes.Level.high, classes.Kind.a, classes.Pair.two])
    atom_enum.least = 304

    def atom_flag(self):
        p = self.rand.choice([classes.Perm, classes.IntPerm])
        return self.rand.choice([p.r, p.w, p.r | p.x, p(0), p.r | p.w | p.x])
    atom_flag.least = 306
    atom_flag.loose = True

    # Values that can be hashed, of more than one part.

    def hash_tuple(self, depth):
        return tuple([self.hashable(depth) for _ in range(self.rand.below(6))])
    hash_tuple.weight = 5

    def hash_frozenset(self, depth):
        return frozenset(self.hashables(depth))
    hash_frozenset.weight = 2

    def hash_point(self, depth):
        return classes.Point(self.hashable(depth), self.hashable(depth))

    def hash_empty(self, depth):
        return classes.Empty()

    def hash_tagged(self, depth):
        return self.shared(classes.Tagged(self.tag()))

    def hash_keyed(self, depth):
        return classes.Keyed(self.tag())

    def hash_newargs(self, depth):
        return classes.NewArgs(*self.hashables(depth))

    def hash_subclass(self, depth):
        c = self.rand.below(7)
        if c == 0:
            return classes.MyInt(self.rand.below(1000))
        if c == 1:
            return classes.MyFloat(self.rand.choice(FLOATS[:6]))
        if c == 2:
            return classes.MyStr(self.text())
        if c == 3:
            return classes.MyBytes(self.blob())
        if c == 4:
            return classes.MyFrozenSet(self.hashables(depth))
        return classes.MyTuple(self.hashables(depth))

    def hash_delta(self, depth):
        return datetime.timedelta(self.rand.below(2000000) - 1000000, self.rand.below(86400), self.rand.below(1000000))

    def hash_date(self, depth):
        c = self.rand.choice([datetime.date, datetime.date, classes.MyDate])
        return c(self.rand.choice([1, 9999, 1970, 2024]), 1 + self.rand.below(12), 1 + self.rand.below(28))

    def fold(self):
        return {'fold': 1} if self.level >= 306 and self.rand.chance(25) else {}

    def hash_time(self, depth):
        return datetime.time(self.rand.below(24), self.rand.below(60), self.rand.below(60), self.rand.choice([0, 1, 999999]), self.zone(), **self.fold())

    def hash_datetime(self, depth):
        c = self.rand.choice([datetime.datetime, datetime.datetime, datetime.datetime, classes.MyDateTime])
        return c(self.rand.choice([1, 9999, 255, 256, 2024]), 1 + self.rand.below(12), 1 + self.rand.below(28), self.rand.below(24), self.rand.below(60),
                 self.rand.below(60), self.rand.choice([0, 1, 255, 65536, 999999]), self.zone(), **self.fold())

    def zone(self):
        c = self.rand.below(4)
        if c == 0:
            return classes.Zone(self.rand.below(600))
        if c == 1 and self.level >= 307:
            return self.hash_timezone(0)
        return None

    def hash_timezone(self, depth):
        c = self.rand.below(4)
        if c == 0:
            return datetime.timezone.utc
        # 3.6 can't read offsets of seconds.
        delta = datetime.timedelta(minutes=self.rand.below(2 * 1439) - 1439, seconds=self.rand.choice([0, 0, 1]))
        return datetime.timezone(delta, self.text()) if c == 1 else datetime.timezone(delta)
    hash_timezone.least = 307

    def hash_decimal(self, depth):
        # Not a signaling NaN: it has no hash.
        return decimal.Decimal(self.rand.choice(['0', '-0', '1.10', '-1E+400', '1e-7', 'NaN', 'Infinity', '-Infinity', '123456789012345678901234567890.5', 'NaN12']))

    def hash_fraction(self, depth):
        n, d = self.rand.below(1000) - 500, 1 + self.rand.below(70)
        return fractions.Fraction(n, d) if self.level >= 300 else fractions.Fraction(7 * n + 1, 7 * d)  # see atom_complex

    def hash_uuid(self, depth):
        return uuid.UUID(int=self.rand.bits(128))

    def hash_range(self, depth):
        return range(self.rand.below(50) - 25, self.rand.choice([0, 7, 1 << 70]), self.rand.choice([1, 2, -3]))
    hash_range.least = 300

    def hash_flags(self, depth):
        return re.compile(self.rand.choice([u'a+', u'(?i)b']))
    hash_flags.loose = True

    def hash_frozen(self, depth):
        return classes.Frozen(self.hashable(depth), self.hashable(depth))
    hash_frozen.least = 307

    def hash_frozen_slots(self, depth):
        return classes.FrozenSlotData(self.hashable(depth), self.hashable(depth))
    hash_frozen_slots.least = 310
    hash_frozen_slots.loose = True

    def hash_partial(self, depth):
        # Hashed by identity, so something has to tell one from another.
        return functools.partial(self.rand.choice([len, classes.function]), self.tag(), *self.hashables(depth), **{self.native(): self.hashable(depth)})
    hash_partial.least = 304
