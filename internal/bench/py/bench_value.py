"""with v.get_lock(): v.value += 1, on an int64 multiprocessing.Value."""

import multiprocessing
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

value = multiprocessing.get_context("spawn").Value("q", 0)


def measure(ask):
    v = value
    start = perf_counter_ns()
    for _ in repeat(None, ask["n"]):
        with v.get_lock():
            v.value += 1
    return (perf_counter_ns() - start) / ask["n"]


if __name__ == "__main__":
    serve(measure)
