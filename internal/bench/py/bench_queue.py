"""Items through a multiprocessing.Queue from one process to another."""

import multiprocessing
from itertools import repeat

from bench_pair import Pair
from bench_serve import serve

items = {
    "bytes": bytes(range(64)),
    "dict": {
        "id": 4711,
        "customer": "Ada Lovelace",
        "city": "London",
        "note": "leave it with the neighbours, please",
        "paid": True,
        "total": 1834.5,
        "amounts": {"apples": 12, "pears": 7, "plums": 30, "quinces": 1},
    },
}


def produce(queue, ask):
    put, item = queue.put, items[ask["item"]]
    for _ in repeat(None, ask["n"]):
        put(item)


def consume(queue, ask):
    get = queue.get
    for _ in repeat(None, ask["n"]):
        got = get()
    if got != items[ask["item"]]:
        raise ValueError("the queue gave %r" % (got,))


def main():
    ctx = multiprocessing.get_context("spawn")
    # Without a bound: one costs it up to a half more.
    pair = Pair(ctx, (produce, consume), ctx.Queue())
    serve(lambda ask: pair.round(ask) / ask["n"])
    pair.close()


if __name__ == "__main__":
    main()
