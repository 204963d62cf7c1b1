"""Registered Go types from a Python client. Arguments: address, key in hexadecimal. Runs in Python 2.7 and 3."""
import binascii
import copy
import gc
import multiprocessing
import sys
import threading
from multiprocessing.managers import BaseManager, BaseProxy, IteratorProxy, SyncManager, RemoteError

PY2 = sys.version_info[0] == 2
key = binascii.unhexlify(sys.argv[2].encode('ascii'))
multiprocessing.current_process().authkey = key
address = sys.argv[1]
if ':' in address:
    host, port = address.rsplit(':', 1)
    address = (host, int(port))
if PY2:
    FileNotFoundError = FileExistsError = PermissionError = TimeoutError = OSError


def same(got, want):
    if got != want:
        raise AssertionError('%r is not %r' % (got, want))


def raises(exc, f, *args, **kwargs):
    try:
        result = f(*args, **kwargs)
    except Exception as e:
        if type(e) is not exc:
            raise
        return e
    raise AssertionError('%r was returned' % (result,))


def settled():
    gc.collect()
    if m._number_of_objects() != before:
        raise AssertionError(m._debug_info())


class MathsProxy(BaseProxy):
    _exposed_ = ('add', '__len__')

    def add(self, *args, **kwargs):
        return self._callmethod('add', args, kwargs)

    def __len__(self):
        return self._callmethod('__len__')


class MyManager(SyncManager):
    pass


MyManager.register('Maths')
MyManager.register('get_queue')
MyManager.register('Copied')
MyManager.register('baz', proxytype=IteratorProxy)
m = MyManager(address=address, authkey=key)
m.connect()
before = m._number_of_objects()

maths = m.Maths('me')
same(maths.add(1, 2), 3)
same(maths.add(1, y=2), 3)
same(maths.http_get('u', retries=2), 'u2')
same(len(maths), 2)
same(maths.sum(1, 2.5), 3.5)
same(maths.sum_list([1, 2]), 3)
same(maths.sum_list(m.list([1, 2])), 3)
same(maths.name(), u'me')
same(maths.pair(), (1, 'one'))
same(maths.nothing(), None)
same(maths.move({'X': 1, 'Y': 2, 'name': 'n'}, 1), {'X': 2, 'Y': 3, 'name': 'n'})
same(str(maths), 'maths of me')
same('string' in dir(maths), False)
same([n for n in ('lock', 'unlock', 'try_lock', 'string') if hasattr(maths, n)], [])

e = raises(TypeError, maths.add, 1, 'abc')
if not str(e).startswith('Maths.add() argument 2 (y): expected int, got '):
    raise AssertionError(e)
same(str(raises(TypeError, maths.add, 1)), "Maths.add() missing 1 required positional argument: 'y'")
raises(OverflowError, maths.small, 300)
same(raises(KeyError, maths.fail, 'python').args, ('x',))
same(raises(FileNotFoundError, maths.fail, 'file').errno, 2)
same(raises(FileExistsError, maths.fail, 'exist').errno, 17)
same(raises(PermissionError, maths.fail, 'permission').errno, 13)
raises(TimeoutError, maths.fail, 'time')
raises(EOFError, maths.fail, 'eof')
raises(NotImplementedError, maths.fail, 'unsupported')
same(str(raises(RuntimeError, maths.fail, 'panic')), 'panic: an error of its own')
raises(RemoteError, maths._callmethod, 'lock')
raises(RemoteError, maths._callmethod, 'string')
if 'unexpected keyword' not in str(raises(RemoteError, m.Maths, nam='x')):
    raise AssertionError('a wrong keyword')
for how, want in (('nil', 'nil'), ('fail', 'FileNotFoundError'), ('panic', 'panic: a bug')):
    if want not in str(raises(RemoteError, m.Maths, how)):
        raise AssertionError(how)
same(str(m.Maths(name='you')), 'maths of you')
e = raises(RemoteError, maths._getvalue)
if 'MarshalPickle' not in str(e):
    raise AssertionError(e)
copied = m.Copied()
same(copy.deepcopy(copied), ('copied', 7))
same(copied.get(), 7)
same(copied.same(), ('copied', 7))

# Objects as arguments: the user's own, and any.
other = m.Maths('other')
same(maths.other(other), 'other')
same(maths.say(other), 'maths of other')
raises(TypeError, maths.other, m.list())
q = m.Queue()
maths.put(q, {'a': [1]})
same(q.get(), {'a': [1]})

# One object for all, and results that are objects.
single = m.Maths('single')
same(single._token.id, m.Maths('single')._token.id)
same(str(single.peer_object()), 'maths of peer')
peer = single.peer_object()
same(single.peer_object()._token.id, peer._token.id)
same(maths.peer_object(), None)
same(list(maths.squares(4)), [0, 1, 4, 9])
numbers = maths.numbers(2)
numbers.append(5)
same(numbers[:], [0, 0, 5])
table = maths.table()
table['b'] = 2
same(sorted(table.keys()), ['a', 'b'])
broken = maths.broken(1)
same(next(broken), 1)
raises(FileNotFoundError, next, broken)
broken = maths.broken(0)
same(next(broken), 1)
same(str(raises(RuntimeError, next, broken)), 'panic: in the midst')
same(list(m.baz()), [i * i for i in range(10)])

# The example of remote queue workers.
class QueueManager(BaseManager):
    pass


QueueManager.register('get_queue')
worker = QueueManager(address=address, authkey=key)
worker.connect()
queue = m.get_queue()
same(worker.get_queue()._token.id, queue._token.id)
worker.get_queue().put('hello')
same(queue.get(), 'hello')
same(single.queue_object()._token.id, queue._token.id)
same(queue._token.typeid, 'get_queue')
single.queue_object().put('again')
same(queue.get(timeout=5), 'again')
if not PY2:
    # Proxies in results, and in containers.
    single.queue().put(1)
    same(queue.get(), 1)
    same(str(single.peer()), 'maths of peer')
    same(single.peer()._token.id, peer._token.id)
    l = m.list([queue, maths])
    l[0].put(2)
    same(queue.get(), 2)
    same(l[1].add(1, 1), 2)
    del l

# A method that blocks keeps nobody else waiting.
result = []
t = threading.Thread(target=lambda: result.append(maths.wait(5)))
t.start()
same(m.Maths('x').add(2, 2), 4)
maths.release()
t.join()
same(result, [5])

# It ends the connection, which is that of a thread.
errors = []


def exits():
    try:
        maths.fail('goexit')
    except Exception as e:
        errors.append(type(e))


t = threading.Thread(target=exits)
t.start()
t.join()
same(errors, [EOFError])
same(m.Maths('x').add(2, 2), 4)
del maths, other, copied, single, peer, numbers, table, broken, queue, q, t, e
settled()
print('ok')
