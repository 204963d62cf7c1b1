"""Makes arguments that are iterables, and calls of real objects with them: what package object takes is compared with it. Runs in Python 3."""
import collections
import functools
import itertools
import operator
import os
import pathlib
import pickle
import time
import types
import warnings

warnings.simplefilter('ignore')  # 3.12 and 3.13 say that 3.14 pickles nothing of itertools
TYPES = {'list': list, 'dict': dict, 'set': set}


class L(list):
    pass


class D(dict):
    pass


class T(tuple):
    pass


class S(str):
    pass


class Deque(collections.deque):
    pass


class FS(frozenset):
    pass


class Count(collections.Counter):
    pass


class Attrs(list):
    def __init__(self):
        self.a = 1


Pair = collections.namedtuple('Pair', 'a b')
One = collections.namedtuple('One', 'a')


def consumed(it, n):
    for _ in range(n):
        next(it)
    return it


def twice(iterable):
    it = iter(iterable)
    return it, it


def text(f):
    try:
        return repr(f())
    except Exception as e:
        return '%s: %s' % (type(e).__name__, e)


def state(obj):
    return repr(sorted(map(repr, obj)) if isinstance(obj, set) else obj)


def run(typeid, init, method, args, protocol):
    "None where this Python has no such arguments, or can't pickle them; else the pickle, the outcome, and what the object is then."
    try:
        pickled = pickle.dumps(eval(args), protocol)
    except (TypeError, AttributeError, pickle.PicklingError):
        return None
    got = pickle.loads(pickled)  # which also Python's server gets
    if method == 'new':
        made = []
        out = text(lambda: made.append(TYPES[typeid](*got)))
        return pickled, out, state(made[0]) if made else ''
    obj = TYPES[typeid](eval(init))
    out = text(lambda: getattr(obj, method)(*got))
    return pickled, out, state(obj)


def handle(request):
    return pickle.dumps([run(*one) for one in pickle.loads(request)], 3)
