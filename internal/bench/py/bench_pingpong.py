"""64 bytes to another process and back, through two SimpleQueues or Queues: the median of the round trips."""

import multiprocessing
from statistics import median
from time import perf_counter_ns

from bench_serve import end_with_parent, serve


def echo(there, back):
    end_with_parent()
    get, put = there.get, back.put
    while True:
        put(get())


def main():
    ctx = multiprocessing.get_context("spawn")
    kinds = {"simple": ctx.SimpleQueue, "queue": ctx.Queue}
    lines = {}
    for kind, make in kinds.items():
        lines[kind] = make(), make()
        ctx.Process(target=echo, args=lines[kind], daemon=True).start()

    def measure(ask):
        there, back = lines[ask["kind"]]
        put, get = there.put, back.get
        ball, clock, trips = bytes(range(64)), perf_counter_ns, []
        for _ in range(ask["n"]):
            start = clock()
            put(ball)
            got = get()
            trips.append(clock() - start)
            if got != ball:
                raise ValueError("%r came back" % (got,))
        return median(trips)

    serve(measure)


if __name__ == "__main__":
    main()
