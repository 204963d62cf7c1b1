"""multiprocessing.Lock, uncontended: acquire and release, and a with block."""

import multiprocessing
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

lock = multiprocessing.get_context("spawn").Lock()


def call(n):
    # Bound methods in locals and repeat() are the quickest loop Python has.
    acquire, release = lock.acquire, lock.release
    start = perf_counter_ns()
    for _ in repeat(None, n):
        acquire()
        release()
    return perf_counter_ns() - start


def block(n):
    held = lock
    start = perf_counter_ns()
    for _ in repeat(None, n):
        with held:
            pass
    return perf_counter_ns() - start


if __name__ == "__main__":
    forms = {"call": call, "with": block}
    serve(lambda ask: forms[ask["form"]](ask["n"]) / ask["n"])
