"""sum() over a multiprocessing.RawArray of doubles."""

from multiprocessing.sharedctypes import RawArray
from time import perf_counter_ns

from bench_serve import serve

arrays = {}


def measure(ask):
    n = ask["n"]
    if n not in arrays:
        arrays[n] = RawArray("d", n)
    array = arrays[n]
    start = perf_counter_ns()
    sum(array)
    return (perf_counter_ns() - start) / n


if __name__ == "__main__":
    serve(measure)
