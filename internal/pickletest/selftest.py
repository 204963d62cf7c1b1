# Does the comparison see differences? Pairs that it must tell apart, and random graphs in which one thing was changed. Runs in 2.7 and in 3.
import array
import collections
import copy
import datetime
import decimal
import functools
import json

import pickletest_classes as classes
import pickletest_compare as compare
import pickletest_generate as generate

PY2 = classes.VERSION < 300


def with_attributes(obj, **kw):
    obj.__dict__.update(kw)
    return obj


def one_twice():
    x = []
    return [x, x]


def cycle(n):
    x = []
    inner = x
    for _ in range(n):
        inner.append([])
        inner = inner[0]
    inner.append(x)
    return x


def slots(**kw):
    x = classes.Slots()
    for k, v in kw.items():
        setattr(x, k, v)
    return x


def pairs():
    yield 'int and bool', [1], [True]
    yield 'int and float', [1], [1.0]
    yield 'zeros', [0.0], [-0.0]
    yield 'zeros in complex', [complex(0, -0.0)], [complex(0, 0.0)]
    yield 'nan and inf', [float('nan')], [float('inf')]
    yield 'text and bytes', [u'a'], [b'a']
    yield 'None and False', [None], [False]
    yield 'tuple and list', [(1,)], [[1]]
    yield 'shared list', one_twice(), [[], []]
    yield 'lists that become shared', [[], []], one_twice()
    yield 'shared instance', [classes.LONELY, classes.Plain()], [classes.Plain(), classes.LONELY]
    yield 'length of a cycle', cycle(1), cycle(2)
    yield 'keys', {1: 2}, {True: 2}
    yield 'values', {1: 2}, {1: 3}
    yield 'ordered', collections.OrderedDict([(1, 1), (2, 2)]), collections.OrderedDict([(2, 2), (1, 1)])
    yield 'set and frozenset', [set([1])], [frozenset([1])]
    yield 'elements', set([1, 2]), set([1, 3])
    yield 'types of elements', set([1, (2, 0.0)]), set([1, (2, -0.0)])
    yield 'bytearray', bytearray(b'a'), bytearray(b'b')
    yield 'bytes and bytearray', b'a', bytearray(b'a')
    yield 'attributes', with_attributes(classes.Plain(), a=1), with_attributes(classes.Plain(), a=2)
    yield 'an attribute more', with_attributes(classes.Plain(), a=1), with_attributes(classes.Plain(), a=1, b=None)
    yield 'class', classes.Plain(), classes.Outer()
    yield 'old-style class', classes.Classic(), classes.ClassicInit()
    yield 'slots', slots(a=1), slots(a=2)
    yield 'an empty slot', slots(a=1), slots(a=1, b=None)
    yield 'subclass', classes.MyList([1]), [1]
    yield 'content of a subclass', classes.MyDict({1: 2}), classes.MyDict({1: 3})
    yield 'attribute of a subclass', with_attributes(classes.MyList(), a=1), classes.MyList()
    yield 'text of a subclass', classes.MyStr(u'a'), classes.MyStr(u'b')
    yield 'number of a subclass', classes.MyInt(1), classes.MyInt(2)
    yield 'zero of a subclass', classes.MyFloat(0.0), classes.MyFloat(-0.0)
    yield 'factory', collections.defaultdict(list), collections.defaultdict(dict)
    yield 'maxlen', collections.deque([1], 3), collections.deque([1])
    yield 'typecode', array.array('b', [1]), array.array('B', [1])
    yield 'numbers', array.array('d', [0.0]), array.array('d', [-0.0])
    yield 'exception', ValueError(1), ValueError(2)
    yield 'attribute of an exception', with_attributes(ValueError(1), a=1), ValueError(1)
    yield 'errno', OSError(1, 'x'), OSError(2, 'x')
    yield 'partial', functools.partial(len, 1), functools.partial(len, 2)
    yield 'keywords', functools.partial(len, a=1), functools.partial(len, a=2)
    yield 'date', datetime.date(1, 1, 1), datetime.date(1, 1, 2)
    yield 'microsecond', datetime.datetime(1, 1, 1, 0, 0, 0, 1), datetime.datetime(1, 1, 1)
    yield 'time zone', datetime.time(1, tzinfo=classes.Zone(1)), datetime.time(1, tzinfo=classes.Zone(2))
    yield 'delta', datetime.timedelta(1), datetime.timedelta(2)
    yield 'decimal zeros', decimal.Decimal('0'), decimal.Decimal('-0')
    yield 'decimal digits', decimal.Decimal('1.0'), decimal.Decimal('1')
    yield 'functions', len, abs
    yield 'classes', classes.Plain, classes.Slots
    if PY2:
        return
    yield 'dict order', {1: 1, 2: 2}, {2: 2, 1: 1}
    yield 'attribute order', with_attributes(classes.Plain(), a=1, b=2), with_attributes(classes.Plain(), b=2, a=1)
    yield 'enum', classes.Color.red, classes.Color.blue
    yield 'fold', datetime.datetime(1, 1, 1), datetime.datetime(1, 1, 1, fold=1)
    yield 'offset', datetime.timezone.utc, datetime.timezone(datetime.timedelta(0), 'UTC+0')
    yield 'range', range(0, 2, 1), range(0, 3, 1)
    yield 'equal ranges', range(0, 3, 2), range(0, 4, 2)
    yield 'slice', slice(1), slice(True)
    yield 'position', iter([1, 2]), next_of(iter([1, 2]))
    yield 'method', [1].append, [2].append
    yield 'surrogates', [u'\ud800\udc00'], [u'\U00010000']


def next_of(it):
    next(it)
    return it


def objects(root):
    """Every object that is reached, once, with the number of references to it."""
    c = compare.Comparison()
    seen, counts, todo, out = set(), {}, [root], []
    while todo:
        x = todo.pop()
        counts[id(x)] = counts.get(id(x), 0) + 1
        if id(x) in seen or type(x) in compare.ATOMS or issubclass(type(x), compare.NAMED):
            continue
        seen.add(id(x))
        out.append(x)
        # Others give parts that were made for the question: a change of them would be none.
        if type(x) in (list, tuple, dict, set, frozenset, collections.deque) or hasattr(x, '__dict__') and not isinstance(x, compare.OF_CONTENT):
            todo += [p for _, p in c.parts(x)]
    return out, counts, c


def changes(x, counts):
    """The ways to change an object."""
    if type(x) is list:
        yield 'append', lambda: x.append(None)
        yield 'insert', lambda: x.insert(0, 1)
        if x:
            yield 'pop', lambda: x.pop()
            yield 'replace', lambda: x.__setitem__(-1, [x[-1]])
        for i, e in enumerate(x):
            if type(e) in (list, dict, set, bytearray, classes.Plain, classes.MyList) and counts[id(e)] > 1:
                yield 'split', lambda i=i, e=e: x.__setitem__(i, copy.copy(e))
    elif type(x) is dict:
        yield 'add', lambda: x.__setitem__(u'new', 1)
        if x:
            yield 'remove', lambda: x.popitem()
        if len(x) > 1 and not PY2:
            first = next(iter(x))
            yield 'reorder', lambda: x.__setitem__(first, x.pop(first))
        for k, e in x.items():
            if e is True or e is False:
                yield 'bool', lambda k=k, e=e: x.__setitem__(k, int(e))
            if type(e) in (list, dict, set, bytearray, classes.Plain, classes.MyList) and counts[id(e)] > 1:
                yield 'split', lambda k=k, e=e: x.__setitem__(k, copy.copy(e))
    elif type(x) is set:
        yield 'add', lambda: x.add('new')
    elif type(x) is bytearray:
        yield 'byte', lambda: x.append(0)
    elif type(x) in (classes.Plain, classes.Classic, classes.MyList, classes.MyDict):
        yield 'attribute', lambda: x.__dict__.__setitem__('new', None)
    elif type(x) is collections.deque and x.maxlen is None:
        yield 'append', lambda: x.append(0)
    elif type(x) is classes.ReducedState:
        yield 'state', lambda: setattr(x, 'state', [x.state])


def handle(request):
    """The number of pairs and of changed graphs that were told apart, with those that were not."""
    args = json.loads(request.decode('utf-8'))
    missed, told = [], 0
    for name, a, b in pairs():
        told += 1
        if compare.difference(a, b)[0] is None:
            missed.append('pair: ' + name)
        for x in (a, b):
            d = compare.difference(x, x)[0]
            if d is not None:
                missed.append('%s differs from itself: %s' % (name, d))
    if compare.difference([float('nan'), cycle(3), one_twice()], [float('nan'), cycle(3), one_twice()])[0] is not None:
        missed.append('equal graphs')
    kinds = {}
    for seed in range(args['from'], args['to']):
        a = generate.Generator(seed).graph()
        b = generate.Generator(seed).graph()
        d = compare.difference(a, b)[0]
        if d is not None:
            missed.append('seed %d differs from itself: %s' % (seed, d))
            continue
        rand = generate.Rand(seed)
        all, counts, keep = objects(b)
        candidates = []
        for x in all:
            candidates += [(type(x), name, f) for name, f in changes(x, counts)]
        if not candidates:
            continue
        # There are few references that could be split.
        splits = [c for c in candidates if c[1] == 'split']
        t, name, f = rand.choice(splits if splits and rand.chance(70) else candidates)
        f()
        told += 1
        kinds[name] = kinds.get(name, 0) + 1
        if compare.difference(a, b)[0] is None:
            missed.append('seed %d: %s of a %s' % (seed, name, t.__name__))
    return json.dumps({'missed': missed[:20], 'told': told, 'kinds': kinds}).encode('utf-8')
