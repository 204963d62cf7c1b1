"""The conversation of a helper: a line of JSON asks, a line of JSON answers.

A script calls serve(round) with a function that takes the request, a dict,
and returns the cost of one operation in nanoseconds.
"""

import gc
import json
import os
import sys
from time import perf_counter


def answer(reply):
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def wake_up():
    """Keep a CPU busy for a moment, as the Go side does before it measures."""
    end = perf_counter() + 0.005
    while perf_counter() < end:
        pass


def end_with_parent():
    """In a spawned process: it ends with the process that started it, even if that was killed."""
    # Imported here because what this file imports is part of a process's start, which is measured.
    from multiprocessing import connection, parent_process
    from threading import Thread

    def wait():
        connection.wait([parent_process().sentinel])
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def serve(measure):
    answer({"ready": True})
    for line in sys.stdin:
        try:
            # As timeit does: the collector's pauses are not what is measured.
            gc.collect()
            gc.disable()
            wake_up()
            try:
                reply = {"ns": measure(json.loads(line))}
            finally:
                gc.enable()
        except Exception as e:
            reply = {"error": "%s: %s" % (type(e).__name__, e)}
        answer(reply)
