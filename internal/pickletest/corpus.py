# The bytes literals of the installed test/pickletester.py: most are pickles, good and bad ones. Nothing of that file is kept here. Runs in 2.7 and in 3.
import ast
import io
import pickle
import sys
import unittest
import warnings

try:
    import resource
    # Some bad pickles make the C unpickler ask for a memo of many GiB.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = 2 << 30 if hard == resource.RLIM_INFINITY else min(hard, 2 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
except ImportError:
    pass

import pickletest_compare as compare
from pickletest_exchange import handler

warnings.simplefilter('ignore')
PY2 = sys.version_info < (3,)
if PY2:
    import cPickle

# What a literal may not name: it is data of a test, but nobody looks at it here before it is loaded.
DENIED = ('os', 'posix', 'nt', 'subprocess', 'shutil', 'ctypes', 'importlib', 'runpy', 'signal', 'socket')


def find_class(module, name, find):
    if module.split('.')[0] in DENIED or module in ('builtins', '__builtin__') and name in ('eval', 'exec', 'execfile', 'open', 'compile', '__import__', 'input'):
        raise pickle.UnpicklingError('denied here: %s.%s' % (module, name))
    return find(module, name)


def persistent_load(key):
    return ['persistent', key]


if PY2:
    def load(data):
        # The one in Python is asked for names, that in C for all the rest.
        class U(pickle.Unpickler):
            def find_class(self, module, name):
                return find_class(module, name, lambda m, n: pickle.Unpickler.find_class(self, m, n))
        u = U(io.BytesIO(data))
        u.persistent_load = persistent_load
        u.load()
        u = cPickle.Unpickler(io.BytesIO(data))
        u.persistent_load = persistent_load
        return u.load()
else:
    class U(pickle.Unpickler):
        def find_class(self, module, name):
            return find_class(module, name, super(U, self).find_class)

        def persistent_load(self, key):
            return persistent_load(key)

    def load(data):
        return U(io.BytesIO(data)).load()


class Literals(ast.NodeVisitor):
    """All expressions of bytes literals only, such as b'a' + b'b' * 3, the largest of each."""

    def __init__(self):
        self.where = []
        self.found = []

    def value(self, node):
        """The bytes or int that an expression of literals has, else None."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
            a, b = self.value(node.left), self.value(node.right)
            if a is None or b is None:
                return None
            if isinstance(node.op, ast.Add):
                return a + b if type(a) is type(b) else None
            n = a if isinstance(a, int) else b if isinstance(b, int) else None
            return a * b if n is not None and n <= 100000 and not isinstance(a, type(b)) else None
        for attribute in ('value', 's', 'n'):
            v = getattr(node, attribute, None)
            if type(v) is bytes or type(v) is int:
                return v
        return None

    def generic_visit(self, node):
        if isinstance(node, ast.expr):
            v = self.value(node)
            if type(v) is bytes:
                self.found.append(('/'.join(self.where), node.lineno, v))
                return
        name = getattr(node, 'name', None)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        named = isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign)) and isinstance(name, str)
        if named:
            self.where.append(name)
        ast.NodeVisitor.generic_visit(self, node)
        if named:
            self.where.pop()

    visit_Bytes = visit_Str = visit_Constant = generic_visit


def recorded(tester):
    """What the tests of that file load when they run: (test, pickle) of each call without options."""
    found = []

    class Recorder(object):
        unpickler = pickle.Unpickler
        truncated_errors = bad_stack_errors = (Exception,)
        # These look at the pickler, or take long.
        test_framed_write_sizes_with_delayed_writer = None
        test_find_class = test_custom_find_class = None

        def dumps(self, arg, protocol=0 if PY2 else None, **kw):
            if PY2:
                return cPickle.dumps(arg, protocol)
            return pickle.dumps(arg, protocol, **kw)

        def loads(self, data, **kw):
            if not kw and type(data) is bytes and len(data) < 1 << 20:
                found.append((self.id().split('.')[-1], data))
            return (cPickle if PY2 else pickle).loads(data, **kw)

    result = unittest.TestResult()
    for base in (tester.AbstractUnpickleTests, tester.AbstractPickleTests):
        # The class' name must not say that it is a test of this process.
        t = type(base.__name__, (Recorder, base) + (() if issubclass(base, unittest.TestCase) else (unittest.TestCase,)), {})
        unittest.defaultTestLoader.loadTestsFromTestCase(t).run(result)
    return found


class State(object):
    loaded = []


def literals(args, blobs):
    try:
        import test.pickletester as tester
    except ImportError as e:
        return {'missing': str(e), 'literals': []}, []
    with io.open(tester.__file__.replace('.pyc', '.py'), 'rb') as f:
        tree = ast.parse(f.read())
    v = Literals()
    v.visit(tree)
    seen, found, blobs = set(), [], []
    for where, line, data in v.found + [(name, 0, data) for name, data in recorded(tester)]:
        if data in seen:
            continue
        seen.add(data)
        error = ''
        try:
            State.loaded.append(load(data))
        except Exception as e:
            State.loaded.append(None)
            error = type(e).__name__ + ': ' + repr(e)[:200]
        found.append({'where': where, 'line': line, 'error': error})
        blobs.append(data)
    return {'literals': found}, blobs


def check(args, blobs):
    answers = []
    for of, protocol, data in zip(args['of'], args['written'], blobs):
        reference = State.loaded[of]
        try:
            loaded = load(data)
            d, _ = compare.difference(reference, loaded)
        except Exception as e:
            d = 'does not load: %s: %s' % (type(e).__name__, e)
        if d and protocol < 4:
            # As what Python itself can say in that protocol?
            try:
                if compare.difference(load(pickle.dumps(reference, protocol)), loaded)[0] is None:
                    d = ''
            except Exception:
                pass
        answers.append(d or '')
    return {'answers': answers}, []


handle = handler({'literals': literals, 'check': check})
