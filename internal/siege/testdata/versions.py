# What every Python puts into shared objects, and what every other one must find there.
import array, collections, datetime, decimal, fractions, uuid

# Values as sources, which both sides evaluate. Those that only Python 3 has as they are come second: 2.7 reads bytes as its str, which is equal.
values = [
    "None", "True", "0", "-1", "2**31", "-2**63", "2**64", "10**50", "-10**400", "1.5", "float('inf')", "-0.0", "1+2j", "''", "'text'", u"u'\\xe4\\u20ac\\U0001f600'", "b'bytes'", "b''",
    "()", "(1,)", "(1, (2, (3,)))", "[]", "[1, [2, [3]]]", "{}", "{1: 'a', 'b': [2]}", "set([1, 2])", "frozenset(['x'])", "bytearray(b'\\x00\\xff')",
    "datetime.datetime(2024, 2, 29, 12, 30, 1, 5)", "datetime.date(1999, 12, 31)", "datetime.timedelta(1, 2, 3)", "datetime.time(1, 2, 3)",
    "decimal.Decimal('1.50')", "fractions.Fraction(3, 4)", "uuid.UUID(int=5)", "collections.OrderedDict([('b', 1), ('a', 2)])", "array.array('i', [1, 2, 3])", "slice(1, None, 2)",
    "[float(i) for i in range(100)]", "'x' * 100000",
]


def same(got, source):
    want = eval(source)
    if isinstance(want, float):
        return repr(got) == repr(want)
    return got == want and (PY2 or isinstance(got, type(want)) or isinstance(want, (bytes, str)))
