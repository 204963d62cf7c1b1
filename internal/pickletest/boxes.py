# The mutable half of the generator: containers and instances. What is in self.pool may be taken again while it is being filled, so cycles come about. Runs in 2.7 and in 3.
import array
import collections
import functools
import operator
import random

import pickletest_classes as classes

if classes.VERSION >= 300:
    import ipaddress
    import pathlib
    import types

EXCEPTIONS = [ValueError, TypeError, KeyError, IndexError, RuntimeError, Exception, ArithmeticError, ZeroDivisionError, AttributeError, StopIteration,
              NotImplementedError, EOFError, AssertionError, LookupError, OverflowError, classes.MyError, classes.MyKeyError]
CODES = 'bBhHiIlLfd' + ('qQ' if classes.VERSION >= 300 else '')


class Boxes(object):
    def box_list(self, depth):
        out = self.shared([])
        for _ in range(self.rand.choice([0, 1, 2, 3, 5, 8])):
            out.append(self.value(depth))
        return out
    box_list.weight = 8

    def box_tuple(self, depth):
        return tuple(self.values(depth))
    box_tuple.weight = 4

    def box_tuple_cycle(self, depth):
        """A tuple that is reached through itself first: the pickler has to throw away what it began."""
        inner = self.shared([])
        out = (inner,) + tuple(self.values(depth))
        inner.append(out)
        return out if self.rand.chance(70) else inner
    box_tuple_cycle.weight = 2

    def box_dict(self, depth):
        out = self.shared({})
        for _ in range(self.rand.choice([0, 1, 2, 3, 5, 8])):
            out[self.hashable(depth)] = self.value(depth)
        return out
    box_dict.weight = 6

    def box_dict_text(self, depth):
        out = self.shared({})
        for _ in range(self.rand.choice([0, 1, 2, 3, 5, 8])):
            out[self.native()] = self.value(depth)
        return out
    box_dict_text.weight = 3

    def box_set(self, depth):
        return self.shared(set(self.hashables(depth)))
    box_set.weight = 3

    def box_bytearray(self, depth):
        return self.shared(bytearray(self.blob()))

    def box_ordered(self, depth):
        out = self.shared(self.rand.choice([collections.OrderedDict, collections.OrderedDict, classes.MyOrdered])())
        for _ in range(self.rand.below(5)):
            out[self.hashable(depth)] = self.value(depth)
        if self.rand.chance(20):
            self.attributes(out, depth)
        return out
    box_ordered.weight = 2

    def box_default(self, depth):
        c = self.rand.choice([collections.defaultdict, collections.defaultdict, classes.MyDefault])
        out = self.shared(c(self.rand.choice([None, list, dict, int])))
        for _ in range(self.rand.below(5)):
            out[self.hashable(depth)] = self.value(depth)
        return out

    def box_counter(self, depth):
        out = collections.Counter()
        for _ in range(self.rand.below(5)):
            out[self.hashable(depth)] = self.rand.below(10)
        return self.shared(out)

    def box_deque(self, depth):
        c = self.rand.choice([collections.deque, collections.deque, classes.MyDeque])
        out = self.shared(c((), self.rand.choice([None, None, 3, 100])))
        for _ in range(self.rand.below(5)):
            out.append(self.value(depth))
        return out

    def box_array(self, depth):
        code = self.rand.choice(CODES)
        n = self.rand.choice([0, 1, 3, 50])
        if code in 'fd':
            return self.shared(array.array(code, [float(self.rand.below(1000)) / 8 - 5 for _ in range(n)]))
        bits = array.array(code).itemsize * 8
        low = -(1 << (bits - 1)) if code.islower() else 0
        return self.shared(array.array(code, [low + self.rand.bits(bits) for _ in range(n)]))
    box_array.weight = 2

    def box_array_text(self, depth):
        code = self.rand.choice('uw' if self.level >= 313 else 'u')
        return self.shared(array.array(code, u'a\xe9\u20ac'[:self.rand.below(4)]))
    box_array_text.least = 300
    box_array_text.loose = True

    def box_array_char(self, depth):
        return self.shared(array.array('c', self.blob()))
    box_array_char.only = 299

    def box_subclass(self, depth):
        c = self.rand.below(5)
        if c == 0:
            out = self.shared(classes.MyList())
            out.extend(self.values(depth))
        elif c == 1:
            out = self.shared(classes.MyDict())
            for k in self.hashables(depth):
                out[k] = self.value(depth)
        elif c == 2:
            out = self.shared(classes.MySet(self.hashables(depth)))
        elif c == 3:
            out = self.shared(classes.MyByteArray(self.blob()))
        else:
            out = self.shared(classes.MyPoint(self.value(depth), self.value(depth)))
        return self.attributes(out, depth)
    box_subclass.weight = 3

    def box_slice(self, depth):
        return slice(self.value(depth), self.atom(), self.rand.choice([None, 1, -2]))
    box_slice.least = 300

    # Instances.

    def box_plain(self, depth):
        return self.attributes(self.shared(classes.Plain()), depth)
    box_plain.weight = 4

    def box_classic(self, depth):
        return self.attributes(self.shared(classes.Classic()), depth)
    box_classic.weight = 2

    def box_classic_init(self, depth):
        return self.shared(classes.ClassicInit(*self.values(depth)))

    def box_nested(self, depth):
        return self.attributes(self.shared(self.rand.choice([classes.Outer, classes.Outer.Inner, classes.Outer.Inner.Innermost])()), depth)

    def box_slots(self, depth):
        c = self.rand.below(3)
        if c == 0:
            out = self.shared(classes.Slots())
        else:
            out = self.shared(classes.SlotsAndDict())
            if c == 2:
                self.attributes(out, depth)
            out.c = self.value(depth)
        if self.rand.chance(70):
            out.a = self.value(depth)
        if self.rand.chance(70):
            out.b = self.value(depth)
        return out
    box_slots.weight = 2

    def box_reduced(self, depth):
        return self.shared(classes.Reduced(*self.values(depth)))

    def box_reduced_state(self, depth):
        out = self.shared(classes.ReducedState(*self.values(depth)))
        out.state = self.value(depth)
        return out
    box_reduced_state.weight = 2

    def box_reduced_items(self, depth):
        out = self.shared(classes.ReducedItems())
        out.items = self.values(depth)
        out.pairs = [[self.value(depth), self.value(depth)] for _ in range(self.rand.below(4))]
        if self.rand.chance(50):
            out.extra = self.value(depth)
        return out
    box_reduced_items.weight = 2

    def box_state_setter(self, depth):
        out = self.shared(classes.StateSetter())
        out.later = (self.value(depth),)  # None would be no state
        return out
    box_state_setter.least = 308

    def box_getstate(self, depth):
        out = self.shared(classes.GetState())
        out.state = self.rand.choice([self.value, self.value, lambda _: 0, lambda _: ''])(depth)
        if self.strict:
            out.state = (out.state,)  # whether a state that is false is one depends on the version
        return out
    box_getstate.weight = 2

    def box_own_state(self, depth):
        """Refers to itself in what it is made of."""
        c = self.rand.below(4)
        if c == 0:
            out = classes.GetState()
            out.state = out
        elif c == 1:
            out = classes.ReducedState()
            out.state = (out, [out])
        elif c == 2:
            out = classes.MyDict()
            out['me'] = out
            out.me = out
        else:
            out = classes.MyList()
            out.append(out)
            out.me = [out, {'me': out}]
        return self.shared(out)

    def box_newargs(self, depth):
        return self.attributes(classes.NewArgs(*self.values(depth)), depth)

    def box_newargs_ex(self, depth):
        out = self.shared(classes.NewArgsEx(*self.values(depth), **{self.native(): self.value(depth)}))
        if self.rand.chance(50):
            out.rest = self.value(depth)
        return out
    box_newargs_ex.least = 304
    box_newargs_ex.weight = 2

    def box_data(self, depth):
        c = self.rand.below(3)
        if c == 2 and self.level >= 310 and not self.strict:
            return self.shared(classes.SlotData(self.value(depth), self.value(depth)))
        out = self.shared(classes.Data(self.value(depth)))
        if c == 1:
            out.z.append(self.value(depth))
        return out
    box_data.least = 307
    box_data.weight = 2

    def box_exception(self, depth):
        c = self.rand.choice(EXCEPTIONS)
        out = self.shared(c(*self.values(depth)[:2] or [self.native()]))
        if self.rand.chance(30):
            self.attributes(out, depth)
        return out
    box_exception.weight = 3

    def box_special_exception(self, depth):
        out = self.rand.choice([
            lambda: OSError(2, 'No such file', 'x.txt'), lambda: IOError(13, u'no\xe9'), lambda: SystemExit(self.atom()), lambda: KeyboardInterrupt(),
            lambda: UnicodeDecodeError('utf-8', b'\xff\x00', 0, 1, 'bad'), lambda: UnicodeEncodeError('ascii', u'\xe9', 0, 1, 'bad'),
            lambda: SyntaxError('bad', ('f.py', 1, 2, 'text')),
        ])()
        return self.shared(out)

    def box_new_exception(self, depth):
        return self.shared(self.rand.choice([
            lambda: ImportError('no', name='m', path='p'), lambda: ModuleNotFoundError('no', name='m'), lambda: FileNotFoundError(2, 'no', 'x'),
            lambda: StopAsyncIteration(1), lambda: RecursionError('deep'), lambda: BlockingIOError(11, 'later'),
        ])())
    box_new_exception.least = 306

    def box_group(self, depth):
        return self.shared(ExceptionGroup('several', [ValueError(self.atom()), TypeError()]))  # noqa: F821
    box_group.least = 311

    def box_partial(self, depth):
        out = self.shared(functools.partial(self.rand.choice([len, classes.function, int]), *self.values(depth), **{self.native(): self.value(depth)}))
        if self.rand.chance(30):
            out.extra = self.value(depth)
        return out

    def box_method(self, depth):
        inner = self.attributes(self.shared(classes.Outer.Inner()), depth)
        return self.rand.choice([lambda: inner.method, lambda: [inner].append, lambda: 'abc'.upper, lambda: (1).bit_length])()
    box_method.least = 304

    def box_namespace(self, depth):
        return self.attributes(self.shared(types.SimpleNamespace()), depth)
    box_namespace.least = 303
    box_namespace.weight = 2

    def box_iterator(self, depth):
        out = self.rand.choice([iter, reversed])([1, self.atom(), 3])
        for _ in range(self.rand.below(5)):
            next(out, None)
        return self.shared(out)
    box_iterator.least = 304
    box_iterator.loose = True

    def box_library(self, depth):
        return self.shared(self.rand.choice([
            lambda: ipaddress.ip_address('192.0.2.%d' % self.rand.below(256)), lambda: ipaddress.ip_network('2001:db8::/32'),
            lambda: pathlib.PurePosixPath('/a/b%d' % self.rand.below(9)), lambda: random.Random(self.rand.below(100)), lambda: collections.ChainMap({1: self.value(depth)}, {}),
            lambda: collections.UserDict({'a': self.value(depth)}), lambda: collections.UserList([self.value(depth)]), lambda: operator.itemgetter(1, 'a'),
            lambda: operator.attrgetter('a.b'), lambda: operator.methodcaller('m', 1, k=2), lambda: iter(range(self.rand.below(9))), lambda: memoryview,
        ])())
    box_library.least = 306
    box_library.loose = True

    def box_generic(self, depth):
        return self.rand.choice([lambda: list[int], lambda: dict[str, classes.Plain], lambda: tuple[int, ...]])()
    box_generic.least = 309
    box_generic.loose = True

    def box_union(self, depth):
        return int | None
    box_union.least = 311
    box_union.loose = True

    def box_extension(self, depth):
        return self.attributes(self.shared(self.rand.choice([classes.Ext1, classes.Ext2, classes.Ext4])()), depth)

    def box_buffered(self, depth):
        data = self.blob([0, 1, 50, 70000])
        return self.shared(classes.Buffered(bytearray(data) if self.rand.chance(50) else data))
    box_buffered.weight = 4

    def box_persist(self, depth):
        return classes.Persist('key%d' % self.rand.below(5))
