# Does everything with the shared objects until it is killed. It says what it begins, and how that has ended: who reads it knows what a client was about when it was killed.
import random
rng = random.Random({seed})
q, book, r, tally = at('Queue', '{queue}'), at('list', '{book}'), at('RLock', '{rlock}'), at('Value', '{tally}')
lock, hits, sem = at('Lock', '{lock}'), at('Value', '{hits}'), at('Semaphore', '{semaphore}')
c, ns, b, d = at('Condition', '{condition}'), at('Namespace', '{namespace}'), at('Barrier', '{barrier}') if not PY2 else None, at('dict', '{dict}')
serial = 0


def put():
    global serial
    serial += 1
    item = '%s/%d' % (tag, serial)
    say('put?', item)
    try:
        if rng.random() < 0.3:
            q.put_nowait(item)
        else:
            q.put(item, True, rng.random() * 0.05)
    except queue.Full:
        return say('put-', item)
    say('put+', item)


def get():
    say('get?', '-')
    try:
        item = q.get(True, rng.random() * 0.05)
    except queue.Empty:
        return say('get-', '-')
    say('get+', item)
    say('book?', item)
    with r:
        book.append(item)
    say('book+', item)


def count(name, guard, number):
    say(name + '?', '-')
    with guard:
        if rng.random() < 0.2:
            with r:  # an RLock again, or the one behind the Lock
                pass
        number.set(number.get() + 1)
    say(name + '+', '-')


def permit():
    say('permit?', '-')
    with sem:
        pass
    say('permit+', '-')


def give():
    say('give?', '-')
    with c:
        ns.tokens += 1
        c.notify()
    say('give+', '-')


def take():
    with c:
        if ns.tokens == 0:
            c.wait(rng.random() * 0.05)
        if ns.tokens == 0:
            return
        say('take?', '-')
        ns.tokens -= 1
        say('take+', '-')


def meet():
    if b is None:
        return
    say('meet?', '-')
    try:
        b.wait(rng.random() * 0.05)
    except threading.BrokenBarrierError:
        b.reset()
        return say('meet-', '-')
    say('meet+', '-')


def make():
    say('make?', '-')
    one = m.list([1, 2, 3])
    assert one[1] == 2
    del one
    say('make+', '-')


def keys():
    # The server's iterator is never claimed: see TestReferencesOfTheKilled.
    say('keys?', '-')
    try:
        d._callmethod('__iter__')
    except AttributeError:
        pass
    say('keys+', '-')


jobs = [put, put, put, get, get, get, lambda: count('tally', r, tally), lambda: count('hits', lock, hits), permit, give, take, meet, keys] + [make] * {makes}
while True:
    rng.choice(jobs)()
