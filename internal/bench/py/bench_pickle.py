"""pickle.dumps and pickle.loads, CPython's in C, with protocol 4."""

import pickle
from base64 import b64decode
from functools import lru_cache
from itertools import repeat
from time import perf_counter_ns

from bench_serve import serve

# The same objects are made in pickle_data.go.
make = {
    "dict": lambda size: {"key-%d" % i: i for i in range(size)},
    "floats": lambda size: [i / 7 for i in range(size)],
    "request": lambda size: ("7f44dcd29b40", "append", (1,), {}),
}


@lru_cache(None)
def prepared(name, size):
    value = make[name](size)
    return value, pickle.dumps(value, 4)


def encode(value, data, n):
    dumps = pickle.dumps
    for _ in repeat(None, n):
        dumps(value, 4)


def decode(value, data, n):
    loads = pickle.loads
    for _ in repeat(None, n):
        got = loads(data)
    return got


works = {"encode": encode, "decode": decode}


def check(value, data, ask):
    """Fails when what the other side decodes is not what Python writes, or Python reads something else in what it encodes."""
    if b64decode(ask["theirs"]) != data:
        raise ValueError("Python writes this otherwise")
    if pickle.loads(b64decode(ask["ours"])) != value:
        raise ValueError("Python reads something else")
    return 1


def measure(ask):
    value, data = prepared(ask["what"], ask["size"])
    if ask["work"] == "check":
        return check(value, data, ask)
    work, n, clock = works[ask["work"]], ask["n"], perf_counter_ns
    start = clock()
    work(value, data, n)
    return (clock() - start) / n


if __name__ == "__main__":
    serve(measure)
