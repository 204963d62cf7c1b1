"""multiprocessing.Event that nobody waits for: set and clear."""

import multiprocessing
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

event = multiprocessing.get_context("spawn").Event()


def measure(ask):
    set, clear = event.set, event.clear
    start = perf_counter_ns()
    for _ in repeat(None, ask["n"]):
        set()
        clear()
    return (perf_counter_ns() - start) / ask["n"]


if __name__ == "__main__":
    serve(measure)
