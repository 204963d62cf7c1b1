"""Two spawned processes that begin a round of work together.

A script makes a Pair with two functions of its own, called with the shared
objects and the request, and asks it for the time of each round.
"""

import gc
import time
from multiprocessing.connection import wait

from bench_serve import end_with_parent

clock = time.monotonic_ns  # the same clock in all processes


def follow(conn, work, shared):
    end_with_parent()
    # As in serve: the collector's pauses are not what is measured.
    gc.disable()
    conn.send("ready")
    while True:
        try:
            start, ask = conn.recv()
        except EOFError:
            return
        gc.collect()
        while clock() < start:
            pass
        try:
            work(shared, ask)
            conn.send((clock() - start, None))
        except Exception as e:
            conn.send((0, "%s: %s" % (type(e).__name__, e)))


class Pair:
    def __init__(self, ctx, works, shared):
        self.conns = []
        for work in works:
            ours, theirs = ctx.Pipe()
            ctx.Process(target=follow, args=(theirs, work, shared), daemon=True).start()
            theirs.close()
            self.conns.append(ours)
        for conn in self.conns:
            conn.recv()

    def round(self, ask):
        """Returns the nanoseconds from the common start until both are done."""
        # Ahead by what the collector takes, so that both begin together.
        start = clock() + 50_000_000
        for conn in self.conns:
            conn.send((start, ask))
        busy, longest = list(self.conns), 0
        while busy:
            # Whichever is first: when one has failed, the other waits for it.
            for conn in wait(busy):
                took, error = conn.recv()
                if error:
                    raise RuntimeError(error)
                longest = max(longest, took)
                busy.remove(conn)
        return longest

    def close(self):
        for conn in self.conns:
            conn.close()
