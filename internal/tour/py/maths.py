"""A client of a manager. Arguments: the manager's address. Standard input: its key, in hexadecimal."""
import os
import sys
from multiprocessing.managers import BaseManager


class MyManager(BaseManager):
    pass


MyManager.register('Maths')
m = MyManager(address=sys.argv[1], authkey=bytes.fromhex(sys.stdin.readline().strip()))
m.connect()
maths = m.Maths()
print(os.getpid(), maths.add(1, 2), maths.mul(1, 2))
