"""A client of multiprocessing.connection, of a Listener in a spawned process or of one that speaks the same protocol elsewhere."""

import multiprocessing
import os
import tempfile
from functools import lru_cache
from itertools import repeat
from multiprocessing.connection import Client, Listener
from time import perf_counter_ns

from bench_serve import end_with_parent, serve

key = b"bench"
request = "7f44dcd29b40", "append", (1,), {}
reply = "#RETURN", None


def answer(listener):
    """One request of each connection."""
    while True:
        with listener.accept() as conn:
            if conn.recv() != request:
                raise ValueError("another request")
            conn.send(reply)


def give_back(listener):
    """What comes, or again the last block that came for an empty message."""
    with listener.accept() as conn:
        while True:
            data = conn.recv_bytes()
            if data:
                block = data
            conn.send_bytes(block)


def listen(conn, address, serve_at):
    end_with_parent()
    with Listener(address, authkey=key) as listener:
        conn.send(listener.address)
        try:
            serve_at(listener)
        except EOFError:
            pass


def connect(address, ask):
    for _ in repeat(None, ask["n"]):
        conn = Client(address, authkey=key)
        conn.send(request)
        got = conn.recv()
        conn.close()
        if got != reply:
            raise ValueError("%r was the reply" % (got,))


@lru_cache(None)
def block(size):
    return os.urandom(1 << 10) * (size >> 10)


@lru_cache(None)
def line(address):
    return Client(address, authkey=key)


def there_and_back(address, ask):
    conn, data = line(address), block(ask["size"])
    for _ in repeat(None, ask["n"]):
        conn.send_bytes(data)
        got = conn.recv_bytes()
    return got


def back(address, ask):
    conn = line(address)
    for _ in repeat(None, ask["n"]):
        conn.send_bytes(b"")
        got = conn.recv_bytes()
    return got


works = {"connect": connect, "both": there_and_back, "back": back}


def main():
    ctx = multiprocessing.get_context("spawn")
    folder = tempfile.TemporaryDirectory()

    def start(address, serve_at):
        ours, theirs = ctx.Pipe()
        ctx.Process(target=listen, args=(theirs, address, serve_at), daemon=True).start()
        return ours.recv()

    tcp = start(("127.0.0.1", 0), answer)
    unix = start(os.path.join(folder.name, "socket"), give_back)

    def measure(ask):
        work, clock = works[ask["work"]], perf_counter_ns
        address = ask.get("address")
        if address is None:
            address = tcp if work is connect else unix
        elif isinstance(address, list):
            address = tuple(address)
        if work is back:
            there_and_back(address, {"n": 1, "size": ask["size"]})
        start = clock()
        got = work(address, ask)
        took = clock() - start
        if work is not connect and got != block(ask["size"]):
            raise ValueError("what came back is not what was sent")
        return took / ask["n"]

    serve(measure)
    folder.cleanup()


if __name__ == "__main__":
    main()
