"""Arrays of doubles from one process to another: a shared Array that holds one, its length, and two semaphores."""

import multiprocessing

from bench_pair import Pair
from bench_serve import serve

SIZE = 10_000

# What is sent in turn, of different lengths; the first number is the message's.
batches = [[float(i) for i in range(SIZE - k)] for k in range(4)]


def send(shared, ask):
    array, length, empty, full = shared
    for i in range(ask["n"]):
        values = batches[i % len(batches)]
        values[0] = float(i)
        n = len(values)
        empty.acquire()
        array[:n] = values
        length.value = n
        full.release()


def receive(shared, ask):
    array, length, empty, full = shared
    for i in range(ask["n"]):
        full.acquire()
        n = length.value
        got = array[:n]
        empty.release()
        want = batches[i % len(batches)]
        if n != len(want) or got[0] != i or got[-1] != want[-1]:
            raise ValueError("message %d has %d numbers, %r to %r" % (i, n, got[0], got[-1]))
    if got[1:] != want[1:]:
        raise ValueError("the numbers of the last message are not those sent")


def main():
    ctx = multiprocessing.get_context("spawn")
    shared = ctx.Array("d", SIZE), ctx.Value("i", 0), ctx.Semaphore(1), ctx.Semaphore(0)
    pair = Pair(ctx, (send, receive), shared)
    serve(lambda ask: pair.round(ask) / ask["n"])
    pair.close()


if __name__ == "__main__":
    main()
