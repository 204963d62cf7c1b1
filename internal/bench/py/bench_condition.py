"""multiprocessing.Condition that nobody waits for: notify with its lock held, and in a with block each."""

import multiprocessing
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

condition = multiprocessing.get_context("spawn").Condition()


def call(n):
    notify = condition.notify
    with condition:
        start = perf_counter_ns()
        for _ in repeat(None, n):
            notify()
        return perf_counter_ns() - start


def block(n):
    held, notify = condition, condition.notify
    start = perf_counter_ns()
    for _ in repeat(None, n):
        with held:
            notify()
    return perf_counter_ns() - start


if __name__ == "__main__":
    forms = {"call": call, "with": block}
    serve(lambda ask: forms[ask["form"]](ask["n"]) / ask["n"])
