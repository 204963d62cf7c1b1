"""CPython's own server. Arguments: address (or a port of 127.0.0.1), key in hexadecimal. Prints where it listens, and ends with its standard input."""
import binascii
import multiprocessing
import os
import sys
import threading
from multiprocessing.managers import SyncManager


class Maths(object):
    def add(self, a, b):
        return a + b

    def fail(self, *args):
        raise OwnError(*args)


class OwnError(Exception):
    pass


class MyManager(SyncManager):
    pass


def end():
    sys.stdin.read()
    os._exit(0)


MyManager.register('Maths', Maths)
key = binascii.unhexlify(sys.argv[2].encode('ascii'))
multiprocessing.current_process().authkey = key     # with which the server reaches itself, for a Condition of a Lock
address = sys.argv[1]
if address.isdigit():
    address = ('127.0.0.1', int(address))
server = MyManager(address=address, authkey=key).get_server()
at = server.address
sys.stdout.write((at if isinstance(at, str) else '%s:%d' % at) + '\n')
sys.stdout.flush()
thread = threading.Thread(target=end)
thread.daemon = True
thread.start()
server.serve_forever()
