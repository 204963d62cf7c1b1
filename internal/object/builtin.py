"""Applies calls to real objects: what package object's types are compared with. Runs in Python 2.7 and 3."""
import array
import pickle
import sys
from multiprocessing import managers

TYPES = {'list': list, 'dict': dict, 'set': set, 'Namespace': managers.Namespace, 'Value': managers.Value, 'Array': managers.Array}
# What the server's methods are called, where they are functions of the class.
VIEWS = tuple(type(view) for view in ({}.keys(), {}.values(), {}.items()))
PROTOCOL = min(pickle.HIGHEST_PROTOCOL, 4)


def plain(value, obj):
    "A result that can be pickled."
    if value is NotImplemented:
        return 'NotImplemented'
    if isinstance(value, VIEWS) or hasattr(value, '__next__') or hasattr(value, 'next'):
        return list(value)
    return value


def state(obj):
    "What #GETVALUE gives, which is compared as a value, and the repr."
    return (vars(obj) if isinstance(obj, (managers.Namespace, managers.Value)) else obj), repr(obj)


def run(typeid, args, calls):
    out = []
    try:
        obj = TYPES[typeid](*args)
    except Exception as e:
        return [('error', type(e).__name__, str(e), None, '')]
    for name, args in calls:
        before = list(obj) if name == 'sort' else None
        try:
            result = plain(getattr(obj, str(name))(*args), obj)
            outcome = ('result', result, None)
        except Exception as e:
            if before is not None:
                obj[:] = before  # half sorted, in an order that is nobody's business
            outcome = ('error', type(e).__name__, str(e))
        # A pickle of its own, because the object changes again.
        out.append(pickle.dumps(outcome + state(obj), PROTOCOL))
    return out


def handle(request):
    todo = pickle.loads(request)
    if todo is None:
        names = dict((name, [m for m in dir(f)]) for name, f in TYPES.items() if isinstance(f, type))
        names['Array'] = dir(array.array)
        return pickle.dumps(names, PROTOCOL)
    return pickle.dumps([run(*one) for one in todo], PROTOCOL)
