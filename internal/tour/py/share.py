"""Processes that share objects of a SyncManager.

Arguments: the manager's address. Standard input: a line with its key, in hexadecimal, and one when the last process waits in get.
Standard output: three lines of JSON.
"""
import json
import multiprocessing
import os
import signal
import sys
from multiprocessing.managers import SyncManager

PROCESSES, NUMBERS, TURNS, STEPS = 4, 200, 50, 40


def say(**what):
    print(json.dumps(what), flush=True)


def work(me, start, numbers, taken, lock, counter):
    start.wait()
    for n in iter(numbers.get, None):
        taken.append((me, n))
    for _ in range(TURNS):
        with lock:
            for _ in range(STEPS):
                counter.value += 1


key = bytes.fromhex(sys.stdin.readline().strip())
multiprocessing.current_process().authkey = key
m = SyncManager(address=sys.argv[1], authkey=key)
m.connect()

# The children have to know what is in this file, which has no name: so they are copies of this process.
Process = multiprocessing.get_context('fork').Process

start, numbers, taken, lock, counter = m.Barrier(PROCESSES), m.Queue(), m.list(), m.Lock(), m.Value('i', 0)
workers = [Process(target=work, args=(i, start, numbers, taken, lock, counter)) for i in range(PROCESSES)]
for w in workers:
    w.start()
for n in list(range(NUMBERS)) + [None] * PROCESSES:
    numbers.put(n)
for w in workers:
    w.join()
say(taken=taken[:], count=counter.value)

waiter = Process(target=numbers.get)
waiter.start()
say(waiter=waiter.pid)
sys.stdin.readline()
os.kill(waiter.pid, signal.SIGKILL)
waiter.join()
numbers.put('survivor')
try:
    got = numbers.get(timeout=60)
except Exception as e:
    got = repr(e)
say(got=got, exitcode=waiter.exitcode)
