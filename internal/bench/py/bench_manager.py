"""Clients of a manager's server: of CPython's own in a spawned process, or of one elsewhere that speaks the same protocol."""

import gc
import multiprocessing
import os
import resource
import tempfile
from functools import lru_cache
from itertools import repeat
from multiprocessing.connection import Client
from multiprocessing.managers import SyncManager
from time import clock_gettime_ns, perf_counter

from bench_serve import end_with_parent, serve

key = b"bench"
ctx = multiprocessing.get_context("spawn")
busy_for = 0.05  # seconds in which the crowd is busy


def serve_manager(conn, address):
    end_with_parent()
    server = SyncManager(address, authkey=key).get_server()
    conn.send((server.address, os.getpid()))
    server.serve_forever()


@lru_cache(None)
def folder():
    return tempfile.TemporaryDirectory()


@lru_cache(None)
def own_server(network):
    """CPython's: its address and its process."""
    ours, theirs = ctx.Pipe()
    address = ("127.0.0.1", 0) if network == "tcp" else os.path.join(folder().name, "socket")
    ctx.Process(target=serve_manager, args=(theirs, address), daemon=True).start()
    return ours.recv()


@lru_cache(None)
def manager(address):
    m = SyncManager(address, authkey=key)
    m.connect()
    return m


@lru_cache(None)
def objects(address):
    m = manager(address)
    return m.list([0]), m.dict(), m.Value("i", 0)


# What one turn of a client calls: list.append, list[-1], list.pop, dict[k] = v, dict.get, k in dict, Value.set, Value.get.
calls = 8


def take_turns(things, seconds):
    numbers, table, value = things
    n, clock = 0, perf_counter
    start = now = clock()
    end = start + seconds
    while now < end:
        n += 1
        numbers.append(n)
        last = numbers[-1]
        popped = numbers.pop()
        table["key"] = n
        got = table.get("key")
        there = "key" in table
        value.set(n)
        held = value.get()
        now = clock()
    return n, now - start, (last, popped, got, there, held) == (n, n, n, True, n)


def work(conn):
    """A client: a process with objects of its own in each server that it is told of. It gets ready, says so, and begins when it is told to."""
    gc.disable()
    while True:
        try:
            address, seconds = conn.recv()
        except EOFError:
            return
        things = objects(address)
        take_turns(things, seconds / 10)
        conn.send(None)
        conn.recv()
        conn.send(take_turns(things, seconds))


@lru_cache(None)
def client(i):
    ours, theirs = ctx.Pipe()
    ctx.Process(target=work, args=(theirs,), daemon=True).start()
    theirs.close()
    return ours


def cpu_time(pid):
    """Nanoseconds for which a process has had a CPU: Linux has a clock of that for each, whose number is made of the process's."""
    return clock_gettime_ns(~pid << 3 | 2)


def all_call(address, pid, ask):
    """All clients at once: the time from one call to the next in the server, or what CPU it takes for one."""
    clients = [client(i) for i in range(ask["n"])]
    for conn in clients:
        conn.send((address, ask["seconds"]))
    for conn in clients:
        conn.recv()
    before = cpu_time(pid)
    for conn in clients:
        conn.send(None)
    told = [conn.recv() for conn in clients]
    used = cpu_time(pid) - before
    if not ask["echo"] and not all(right for _, _, right in told):
        raise ValueError("not what was stored")
    if ask["work"] == "cpu":
        return used / sum(n * calls for n, _, _ in told)
    return 1e9 / sum(n * calls / took for n, took, _ in told)


def create(address, pid, ask):
    m = manager(address)
    start = perf_counter()
    for _ in repeat(None, ask["n"]):
        m.list()
    return (perf_counter() - start) * 1e9 / ask["n"]


@lru_cache(None)
def block(size):
    return os.urandom(1 << 10) * (size >> 10)


def in_and_out(address, pid, ask):
    data, numbers = block(ask["size"]), objects(address)[0]
    start = perf_counter()
    for _ in repeat(None, ask["n"]):
        numbers.append(data)
        got = numbers.pop()
    took = perf_counter() - start
    if got != data:
        raise ValueError("what came back is not what was sent")
    return took * 1e9 / ask["n"]


def resident(pid):
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * resource.getpagesize()


@lru_cache(None)
def crowd(address, pid, idle, busy):
    """What the server has in memory without clients, and connections to it: those that are idle, and those that are not."""
    before = resident(pid)
    numbers, table, value = (thing._token.id for thing in objects(address))
    conns = []
    for _ in repeat(None, idle + busy):
        conn = Client(address, authkey=key)
        conn.send((None, "accept_connection", ("crowd",), {}))
        if conn.recv() != ("#RETURN", None):
            raise ValueError("not accepted")
        conns.append(conn)
    requests = [
        (numbers, "append", (1,), {}),
        (numbers, "pop", (), {}),
        (table, "__setitem__", ("key", "value"), {}),
        (table, "get", ("key",), {}),
        (value, "set", (1,), {}),
        (value, "get", (), {}),
    ]
    return before, conns, conns[idle:], requests


def memory(address, pid, ask):
    """What the server's memory has grown by, while each of the busy connections has a request under way."""
    before, _, busy, requests = crowd(address, pid, ask["idle"], ask["busy"])
    end, most = perf_counter() + busy_for, 0
    while most == 0 or perf_counter() < end:
        for request in requests:
            for conn in busy:
                conn.send(request)
            most = max(most, resident(pid) - before)
            for conn in busy:
                kind, _ = conn.recv()
                if kind != "#RETURN":
                    raise ValueError("%r was the reply" % kind)
    return most


def open_files(address, pid, ask):
    """How many files a process may have open, for which the answer is a cost."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


works = {"calls": all_call, "cpu": all_call, "create": create, "block": in_and_out, "memory": memory, "files": open_files}


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def measure(ask):
        address, pid = ask.get("address"), ask.get("pid")
        if address is None and "network" in ask:
            address, pid = own_server(ask["network"])
        elif isinstance(address, list):
            address = tuple(address)
        return works[ask["work"]](address, pid, ask)

    serve(measure)
    folder().cleanup()


if __name__ == "__main__":
    main()
