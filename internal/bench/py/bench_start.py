"""From Process.start() until the function runs in a spawned process."""

import multiprocessing
import time

from bench_serve import serve

clock = time.monotonic_ns  # the same clock in all processes


def stamp(conn):
    conn.send(clock())


def main():
    ctx = multiprocessing.get_context("spawn")

    def measure(ask):
        total = 0
        for _ in range(ask["n"]):
            ours, theirs = ctx.Pipe(duplex=False)
            start = clock()
            process = ctx.Process(target=stamp, args=(theirs,))
            process.start()
            total += ours.recv() - start
            process.join()
        return total / ask["n"]

    serve(measure)


if __name__ == "__main__":
    main()
