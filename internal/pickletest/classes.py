# Classes whose instances the generator puts into its graphs: one for each way in which Python takes an instance apart. Runs in 2.7 and in 3.
import collections
import datetime
import pickle
import sys

try:
    import copyreg
except ImportError:
    import copy_reg as copyreg

VERSION = sys.version_info[0] * 100 + sys.version_info[1]


class Plain(object):
    """Its state is its __dict__."""


class Tagged(object):
    """Hashed by identity; the tag tells one from another in a set."""

    def __init__(self, tag):
        self.tag = tag


class Keyed(object):
    """Hashed and compared by its key, which is an argument of __new__ so that a set can take it before its state is there."""

    def __new__(cls, key=None):
        self = object.__new__(cls)
        self.key = key
        return self

    def __getnewargs__(self):
        return (self.key,)

    def __eq__(self, other):
        return type(other) is Keyed and self.key == other.key

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self.key)


class Classic:
    """An old-style class in Python 2: INST and OBJ."""


class ClassicInit:
    """An old-style class whose __init__ is called with arguments."""

    def __init__(self, *args):
        self.args = args

    def __getinitargs__(self):
        return tuple(self.args)


class Slots(object):
    __slots__ = ('a', 'b')


class SlotsAndDict(Slots):
    __slots__ = ('c', '__dict__')


class Reduced(object):
    """Called with its arguments, nothing else."""

    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return Reduced, self.args


class ReducedState(object):
    """Called, and then given a state, which may refer to the instance."""

    def __init__(self, *args):
        self.args = args
        self.state = None

    def __reduce__(self):
        return ReducedState, self.args, self.state

    def __setstate__(self, state):
        self.state = state


class ReducedItems(object):
    """Called, then appended to, then given items, then state."""

    def __init__(self):
        self.items = []
        self.pairs = []

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.pairs.append([key, value])

    def __reduce__(self):
        state = {'extra': self.extra} if hasattr(self, 'extra') else None
        return ReducedItems, (), state, iter(self.items), iter([tuple(p) for p in self.pairs])


def set_later(obj, state):
    obj.later = state


class StateSetter(object):
    """Its state is set by a function: the sixth part of what __reduce__ gives, since 3.8."""

    def __reduce__(self):
        return StateSetter, (), self.later, None, None, set_later


class GetState(object):
    """Its state is any object, also one that is false."""

    def __init__(self, state=None):
        self.state = state

    def __getstate__(self):
        return getattr(self, 'state', None)  # protocols 0 and 1 leave a state out that is false

    def __setstate__(self, state):
        self.state = state


class NewArgs(tuple):
    """A tuple whose __new__ takes other arguments than a tuple's, with attributes."""

    def __new__(cls, *items):
        return tuple.__new__(cls, items)

    def __getnewargs__(self):
        return tuple(self)


class NewArgsEx(object):
    """Made by __new__ with keywords: NEWOBJ_EX, or a partial of copyreg.__newobj__ in older protocols."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.args = args
        self.kwargs = kwargs
        return self

    def __getnewargs_ex__(self):
        # Protocols 0 and 1 call object.__new__.
        return getattr(self, 'args', ()), getattr(self, 'kwargs', {})

    def __getstate__(self):
        return {'rest': self.rest} if hasattr(self, 'rest') else None

    def __setstate__(self, state):
        self.rest = state['rest']


class Buffered(object):
    """Gives its data as a buffer, which may then travel beside a pickle of protocol 5."""

    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, protocol):
        if protocol >= 5:
            return Buffered, (pickle.PickleBuffer(self.data),)
        return Buffered, (self.data,)


class Lonely(object):
    """The only one of its kind: pickled by its name."""

    def __reduce__(self):
        return 'LONELY'


LONELY = Lonely()
LONELY.__module__ = __name__


class Outer(object):
    class Inner(object):
        class Innermost(object):
            pass

        def method(self):
            return self


if VERSION < 304:
    # These can't find a nested class by its name.
    Inner, Innermost = Outer.Inner, Outer.Inner.Innermost
    Inner.__module__ = Innermost.__module__ = __name__


def function(*args):
    return args


# Subclasses of what the decoder has values for: opaque, and nothing of them may be lost.
class MyList(list):
    pass


class MyDict(dict):
    pass


class MySet(set):
    pass


class MyFrozenSet(frozenset):
    pass


class MyTuple(tuple):
    pass


class MyInt(int):
    pass


class MyFloat(float):
    pass


class MyStr(type(u'')):
    pass


class MyBytes(bytes):
    pass


class MyByteArray(bytearray):
    pass


class MyOrdered(collections.OrderedDict):
    pass


class MyDefault(collections.defaultdict):
    pass


class MyDeque(collections.deque):
    pass


class MyDate(datetime.date):
    pass


class MyDateTime(datetime.datetime):
    pass


class MyError(Exception):
    pass


class MyKeyError(KeyError):
    """Made with other arguments than it keeps."""

    def __init__(self, key, why=None):
        KeyError.__init__(self, key)
        self.why = why


class Zone(datetime.tzinfo):
    """A time zone of its own class."""

    def __init__(self, minutes=0):
        self.minutes = minutes

    def __getinitargs__(self):
        return (self.minutes,)

    def utcoffset(self, dt):
        return datetime.timedelta(minutes=self.minutes)

    def tzname(self, dt):
        return 'Z%d' % self.minutes

    def dst(self, dt):
        return None


Point = collections.namedtuple('Point', 'x y')
Empty = collections.namedtuple('Empty', '')


class MyPoint(Point):
    """A namedtuple with a __dict__."""


class Persist(object):
    """Not in the pickle: the picklers of child.py write its key as a persistent id."""

    def __init__(self, key):
        self.key = key


class Ext1(object):
    pass


class Ext2(object):
    pass


class Ext4(object):
    pass


copyreg.add_extension(__name__, 'Ext1', 0xf1)
copyreg.add_extension(__name__, 'Ext2', 0xf123)
copyreg.add_extension(__name__, 'Ext4', 0x7f123456)

if VERSION >= 300:
    import enum

    Color = enum.Enum('Color', 'red green blue', module=__name__)
    Level = enum.IntEnum('Level', 'low high', module=__name__)

    class Kind(str, enum.Enum):
        a = 'first'
        b = 'second'

    class Pair(enum.Enum):
        one = (1, 'x')
        two = (2, 'y')

if VERSION >= 306:
    Perm = enum.Flag('Perm', 'r w x', module=__name__)
    IntPerm = enum.IntFlag('IntPerm', 'r w x', module=__name__)

if VERSION >= 307:
    import dataclasses

    Data = dataclasses.make_dataclass('Data', ['x', ('y', int, 7), ('z', list, dataclasses.field(default_factory=list))])
    Frozen = dataclasses.make_dataclass('Frozen', ['x', 'y'], frozen=True)
    Data.__module__ = Frozen.__module__ = __name__

if VERSION >= 310:
    SlotData = dataclasses.make_dataclass('SlotData', ['x', 'y'], slots=True)
    FrozenSlotData = dataclasses.make_dataclass('FrozenSlotData', ['x', 'y'], slots=True, frozen=True)
    SlotData.__module__ = FrozenSlotData.__module__ = __name__
