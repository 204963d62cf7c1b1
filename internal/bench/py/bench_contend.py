"""Two processes that lock and unlock one multiprocessing.Lock for a while."""

import multiprocessing
import time
from itertools import repeat

from bench_serve import serve

clock = time.monotonic_ns  # the same clock in all processes


def call(lock, n):
    acquire, release = lock.acquire, lock.release
    for _ in repeat(None, n):
        acquire()
        release()


def block(lock, n):
    for _ in repeat(None, n):
        with lock:
            pass


forms = {"call": call, "with": block}


def contend(lock, conn):
    conn.send("ready")
    while True:
        try:
            form, start, end = conn.recv()
        except EOFError:
            return
        work = forms[form]
        while clock() < start:
            pass
        done, now = 0, start
        while now < end:
            work(lock, 200)
            done += 200
            now = clock()
        conn.send((done, now - start))


def main():
    ctx = multiprocessing.get_context("spawn")
    lock = ctx.Lock()
    conns = []
    for _ in range(2):
        ours, theirs = ctx.Pipe()
        ctx.Process(target=contend, args=(lock, theirs), daemon=True).start()
        theirs.close()
        conns.append(ours)
    for conn in conns:
        conn.recv()

    def measure(ask):
        # A little ahead, so that both have read it and begin together.
        start = clock() + 20_000_000
        for conn in conns:
            conn.send((ask["form"], start, start + int(ask["seconds"] * 1e9)))
        # Both together do this many pairs in a nanosecond.
        rate = sum(done / took for done, took in [conn.recv() for conn in conns])
        return 1 / rate

    serve(measure)
    for conn in conns:
        conn.close()


if __name__ == "__main__":
    main()
