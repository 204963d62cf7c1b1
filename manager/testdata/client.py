"""What a Python client sees of the server. Arguments: address, key in hexadecimal. Runs in Python 2.7 and 3."""
import binascii
import gc
import multiprocessing
import sys
from multiprocessing.managers import SyncManager, RemoteError

PY2 = sys.version_info[0] == 2
key = binascii.unhexlify(sys.argv[2].encode('ascii'))
multiprocessing.current_process().authkey = key
address = sys.argv[1]
if ':' in address:
    host, port = address.rsplit(':', 1)
    address = (host, int(port))


def same(got, want):
    if got != want or type(got) is not type(want):
        raise AssertionError('%r (%s) is not %r (%s)' % (got, type(got), want, type(want)))


def raises(exc, f, *args):
    try:
        result = f(*args)
    except Exception as e:
        if type(e) is not exc:
            raise
        return e
    raise AssertionError('%r was returned' % (result,))


def objects(want):
    gc.collect()    # an exception that a proxy has raised has a cycle through its traceback, in which the proxy is
    if m._number_of_objects() != want:
        raise AssertionError(m._debug_info())


m = SyncManager(address=address, authkey=key)
m.connect()
before = m._number_of_objects()

l = m.list(range(3))
same(list(l), [0, 1, 2])
l.append(u'x')
same(l[:], [0, 1, 2, u'x'])
same(str(l), "[0, 1, 2, 'x']")
same(len(l), 4)
e = raises(IndexError, l.__getitem__, 9)
same(str(e), 'list index out of range')
same(e.args, ('list index out of range',))
same(type(e.args[0]), str)
e = raises(TypeError, l.append)
same(l.pop(), u'x')
same(list(reversed(l)), [2, 1, 0])

d = m.dict(a=1, c=3)
d['b'] = 2
same(sorted(d.keys()), ['a', 'b', 'c'])
same(d.get('zz', 5), 5)
e = raises(KeyError, d.__getitem__, 'zz')
same(e.args, ('zz',))
same(type(e.args[0]), str)
e = raises(KeyError, d.__getitem__, u'zz')
same(type(e.args[0]), type(u''))
e = raises(ValueError, l.index, u'\xe4\u20ac')
if PY2:     # bytes, as Python 2.7's own texts are
    same(str(e), u"'\xe4\u20ac' is not in list".encode('utf-8'))
else:
    same(str(e), u"'\xe4\u20ac' is not in list")
same(type(e.args[0]), str)
same(sorted(d), ['a', 'b', 'c'])     # an Iterator, by #PROXY
objects(before + 2)

n = m.Namespace(x=10)
n.y = 'hello'
same((n.x, n.y), (10, 'hello'))
e = raises(AttributeError, getattr, n, 'z')
same(str(e), "'Namespace' object has no attribute 'z'")
same(type(e.args[0]), str)
if sys.version_info >= (3, 10):
    same(e.name, 'z')

v = m.Value('i', 7)
v.value += 1
same(v.value, 8)
a = m.Array('i', range(5))
same(a[2], 2)

# Nested proxies
inner, outer = m.list([1]), m.list()
outer.append(inner)
if PY2:
    same(outer[0], [1])
    same(str(outer), '[[1]]')
else:
    outer[0].append(2)
    same(inner[:], [1, 2])
    address_of = outer[0]._token.address
    same(address_of, address)
    del inner
    same(outer[0][:], [1, 2])
    outer.append(outer)
    same(outer[1][0][:], [1, 2])
    same(str(outer).count('ListProxy'), 2)

lock, rlock = m.Lock(), m.RLock()
same(lock.acquire(), True)
same(lock.acquire(False), False)
lock.release()
with rlock:
    with rlock:
        pass
raises(RemoteError, m._create, 'nonsense')
e = raises(RemoteError, m._create, 'Array', 'nonsense', [])
if not str(e).rstrip().rstrip('-').rstrip().splitlines()[-1].startswith(('ValueError: ', 'TypeError: ')):
    raise AssertionError(str(e))
info = m._debug_info()
if not isinstance(info, str) or info.count('refcount=') != m._number_of_objects():
    raise AssertionError(info)

# Opaque instances, and what a server must not interpret
import datetime
import decimal
for value in (decimal.Decimal('1.5'), datetime.datetime(2020, 1, 2, 3, 4, 5), 1 << 100, 1 << 62 if not PY2 else 5, 1.5, None, True, b'bytes', u'\xe4\u20ac', (1, (2,)), set([1, 2]), {'k': [1]},
              complex(1, 2), slice(1, 2), float('inf')):
    l[0] = value
    same(l[0], value)
big = b'x' * (3 << 20)
l[0] = big
same(l[0], big)
del l, d, n, v, a, outer, lock, rlock
if 'inner' in globals():
    del inner
if not PY2:
    del address_of
e = None
objects(before)
print('ok')
