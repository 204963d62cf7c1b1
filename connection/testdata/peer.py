# The Python end of the tests: handle(request) does what a JSON object says and answers with one. Runs in 2.7 and in 3.
import hashlib, hmac, json, os, socket, sys, time, traceback
from multiprocessing import connection
from multiprocessing.connection import Client, Listener

try:
    from multiprocessing import AuthenticationError
except ImportError:
    from multiprocessing.context import AuthenticationError

state = {}


def unhex(s):
    return bytes(bytearray.fromhex(s))


def tohex(b):
    return ''.join('%02x' % c for c in bytearray(b))


def address(r):
    if r['network'] == 'tcp':
        host, port = r['address'].rsplit(':', 1)
        return (str(host), int(port))
    if r['address'].startswith('@'):
        return b'\0' + r['address'][1:].encode('ascii')
    return str(r['address'])


def plain(a):
    if isinstance(a, tuple):
        return '%s:%d' % a
    if isinstance(a, bytes) and a[:1] == b'\0':
        return '@' + a[1:].decode('ascii')
    return a


def key(r):
    return unhex(r['key']) if r.get('key') else None


def echo(c, r):
    # What the other end sends comes back, byte for byte.
    for _ in range(r['count']):
        c.send_bytes(c.recv_bytes())


def echo_objects(c, r):
    for _ in range(r['count']):
        c.send(c.recv())


def bulk(c, r):
    # Large messages, each answered by a short one.
    b = b'x' * r['size']
    out = []
    for _ in range(r['count']):
        begin = time.time()
        if r['send']:
            c.send_bytes(b)
            c.recv_bytes()
        else:
            assert len(c.recv_bytes()) == len(b)
            c.send_bytes(b'.')
        out.append(time.time() - begin)
    return out


def objects():
    # In the newer ones what the older ones can't pickle.
    import collections, datetime, decimal, fractions
    shared = [1, 2]
    out = [None, True, 0, -1, 2 ** 40, -2 ** 200, 1.5, -0.0, u'text \xe9 \u20ac', b'bytes\xff', bytearray(b'ba'), (), (1,), [1, [2, []]], {}, {'a': 1, 2: (3,)},
           set([1, 2]), frozenset([3]), 1j, datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 1, 2, 3, 4), datetime.timedelta(1, 2, 3),
           decimal.Decimal('1.50'), fractions.Fraction(3, 4), collections.OrderedDict([('b', 1), ('a', 2)]), [shared, shared], list(range(5000)), b'x' * 300000]
    if sys.version_info >= (3,):
        out += [range(1, 10, 2), slice(1, None), Ellipsis, '\ud800', datetime.timezone.utc]
    return out


def exchange_objects(c, r):
    # Sends objects; they have to come back as they are.
    for o in objects():
        c.send(o)
        back = c.recv()
        assert back == o, (o, back)
        # An int beyond 32 bits comes back to Python 2 as a long.
        if sys.version_info >= (3,):
            assert type(back) is type(o) and repr(back) == repr(o), (o, back)
    o = [1]
    o.append(o)
    c.send(o)
    back = c.recv()
    assert back[1] is back and len(back) == 2
    c.send_bytes(b'')


GARBAGE = {
    'random': lambda c: c.send_bytes(b'\x01\x02\x03garbage' * 3),
    'empty': lambda c: c.send_bytes(b''),
    'long': lambda c: c.send_bytes(b'x' * 257),
    'negative': lambda c: os.write(c.fileno(), b'\xff\xff\xff\xfe'),
    'huge': lambda c: os.write(c.fileno(), b'\x7f\xff\xff\xff'),
    'huger': lambda c: os.write(c.fileno(), b'\xff\xff\xff\xff' + b'\xff' * 8),
    'http': lambda c: os.write(c.fileno(), b'GET / HTTP/1.1\r\n\r\n'),
    'half': lambda c: os.write(c.fileno(), b'\x00\x00\x00\x10abc'),
    'close': lambda c: c.close(),
    'silence': lambda c: None,
}


def until_end(c):
    # What the other end still says, then how it ends.
    said = []
    try:
        while True:
            said.append(tohex(c.recv_bytes()))
    except EOFError:
        end = 'EOFError'
    except (IOError, OSError) as e:
        end = 'OSError'
    return {'said': said, 'end': end}


def misbehave(c, r, first, second):
    # Takes part in the handshake up to a step, and there sends garbage. Each step is something that this end has to send.
    step, kind = r['step'], r['garbage']

    def ask(last):
        if step == first:
            return GARBAGE[kind](c)
        m = os.urandom(20)
        c.send_bytes(b'#CHALLENGE#' + m)
        c.recv_bytes()
        if step == first + 1:
            return GARBAGE[kind](c)
        c.send_bytes(b'#WELCOME#')

    def reply(last):
        m = c.recv_bytes()[len(b'#CHALLENGE#'):]
        if step == second:
            return GARBAGE[kind](c)
        c.send_bytes(hmac.new(key(r), m, hashlib.md5).digest())
        c.recv_bytes()

    steps = [ask, reply] if first < second else [reply, ask]
    for s in steps:
        s(None)
        if (s is ask and step in (first, first + 1)) or (s is reply and step == second):
            break
    return until_end(c) if kind != 'close' else {'said': [], 'end': 'closed'}


def run(r):
    op = r['op']
    if op == 'client':
        c = Client(address(r), authkey=key(r))
        try:
            globals()[r['do']](c, r)
        finally:
            c.close()
        return {}
    if op == 'listen':
        l = state['listener'] = Listener(address(r), authkey=key(r))
        return {'address': plain(l.address)}
    if op == 'accept':
        c = state['listener'].accept()
        try:
            globals()[r['do']](c, r)
        finally:
            c.close()
        return {}
    if op == 'accept many':
        for _ in range(r['count']):
            c = state['listener'].accept()
            c.send_bytes(c.recv_bytes())
            c.close()
        return {}
    if op == 'close':
        state.pop('listener').close()
        return {}
    if op == 'bad client':  # answers first: steps 0 answer, 1 challenge, 2 welcome
        c = Client(address(r))
        try:
            return misbehave(c, r, 1, 0)
        finally:
            c.close()
    if op == 'bad accept':  # asks first: steps 0 challenge, 1 welcome, 2 answer
        c = state['listener'].accept()
        try:
            return misbehave(c, r, 0, 2)
        finally:
            c.close()
    if op == 'digests':  # a client that challenges with one digest and answers with another
        c = Client(address(r))
        k = key(r)
        m = c.recv_bytes()[len(b'#CHALLENGE#'):]
        name = str(r['answer'])
        c.send_bytes(b'{' + name.encode('ascii') + b'}' + hmac.new(k, m, name).digest())
        assert c.recv_bytes() == b'#WELCOME#'
        connection.deliver_challenge(c, k, str(r['challenge']))
        echo(c, r)
        c.close()
        return {}
    if op == 'times':  # how long each new connection with one message takes, in seconds
        out = []
        for _ in range(r['count']):
            begin = time.time()
            c = Client(address(r), authkey=key(r))
            c.send_bytes(b'one')
            c.recv_bytes()
            out.append(time.time() - begin)
            c.close()
        return {'times': out}
    if op == 'bulk client':
        c = Client(address(r), authkey=key(r))
        out = bulk(c, r)
        c.close()
        return {'times': out}
    raise ValueError(op)


def handle(request):
    try:
        reply = run(json.loads(request.decode('ascii')))
    except (AuthenticationError, AssertionError, EOFError, IOError, OSError) as e:
        reply = {'error': type(e).__name__, 'text': str(e), 'trace': traceback.format_exc()}
    return json.dumps(reply).encode('ascii')
