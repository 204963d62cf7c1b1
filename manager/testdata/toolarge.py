"""A message beyond the server's limit of 100,000 bytes is a MemoryError, and nothing else is disturbed. Arguments: address, key in hexadecimal. Runs in Python 2.7 and 3."""
import binascii
import multiprocessing
import sys
from multiprocessing.managers import SyncManager, RemoteError

key = binascii.unhexlify(sys.argv[2].encode('ascii'))
multiprocessing.current_process().authkey = key
m = SyncManager(address=sys.argv[1], authkey=key)
m.connect()
l = m.list([1])
for _ in range(3):
    try:
        l.append(b'x' * 10000000)
        raise AssertionError('it was stored')
    except MemoryError as e:
        text = str(e)
        assert type(e.args[0]) is str, e.args
        assert text.startswith('the message of 100000') and text.endswith(" is larger than the server's limit of 100000"), text
    assert l[:] == [1]
try:
    m.list([b'x' * 1000000])
    raise AssertionError('it was made')
except RemoteError as e:
    assert 'MemoryError: the message of ' in str(e), str(e)
l.append(2)
assert l[:] == [1, 2]
print('ok')
