"""Semaphore and BoundedSemaphore of multiprocessing, uncontended: acquire and release, and a with block."""

import multiprocessing
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

ctx = multiprocessing.get_context("spawn")
kinds = {"semaphore": ctx.Semaphore(1), "bounded": ctx.BoundedSemaphore(1)}


def call(semaphore, n):
    # Bound methods in locals and repeat() are the quickest loop Python has.
    acquire, release = semaphore.acquire, semaphore.release
    start = perf_counter_ns()
    for _ in repeat(None, n):
        acquire()
        release()
    return perf_counter_ns() - start


def block(semaphore, n):
    start = perf_counter_ns()
    for _ in repeat(None, n):
        with semaphore:
            pass
    return perf_counter_ns() - start


if __name__ == "__main__":
    forms = {"call": call, "with": block}
    serve(lambda ask: forms[ask["form"]](kinds[ask["kind"]], ask["n"]) / ask["n"])
