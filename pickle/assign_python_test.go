package pickle

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// shopModule has classes of the usual kinds. A request "dump N" is answered with pickles of an order, one for a byte; anything else is a pickle of an order from Go,
// which is answered with what it is in Python.
var shopModule = pythons.Module{Name: "shop", Source: `
import collections, datetime, decimal, fractions, pickle, sys, uuid

class Customer(object):
    def __init__(self, name, mail=None):
        self.name, self.mail = name, mail

class Money(object):
    __slots__ = ('amount', 'currency')
    def __init__(self, amount, currency):
        self.amount, self.currency = amount, currency

Place = collections.namedtuple('Place', 'street number')

class Refused(Exception):
    pass

class Order(object):
    pass

class Classic:
    pass

UTC = None
if sys.version_info[0] > 2:
    UTC = datetime.timezone.utc
TWO = datetime.timedelta(hours=2)

def order():
    o = Order()
    c = Customer(u'Ann')
    o.id = 2**70
    o.customer, o.payer = c, c
    o.price = Money(decimal.Decimal('12.50'), u'EUR')
    o.place = Place(u'Elm', 5)
    o.lines = [(u'apple', 3), (u'pear', 1)]
    o.flags = set([u'gift', u'fast'])
    o.at = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456, UTC)
    o.day = datetime.date(2024, 2, 29)
    o.takes = datetime.timedelta(days=-1, seconds=5, microseconds=7)
    o.share = fractions.Fraction(1, 3)
    o.key = uuid.UUID(int=5)
    o.data = bytearray(b'\x00\xff')
    o.counts = collections.Counter({u'a': 2})
    o.queue = collections.deque([1, 2])
    o.by_kind = collections.defaultdict(list, {u'x': [1]})
    o.ordered = collections.OrderedDict([(u'b', 1), (u'a', 2)])
    o.failure = Refused(u'no', 3)
    o.self = o
    o.unknown = lambda: None
    del o.unknown
    o.none = None
    return o

def handle(request):
    if request.startswith(b'dump '):
        return pickle.dumps(order(), int(request[5:]))
    o = pickle.loads(request)
    assert type(o) is Order, o
    assert o.self is o and o.customer is o.payer
    assert type(o.customer) is Customer and type(o.price) is Money and type(o.place) is Place, vars(o)
    assert type(o.failure) is Refused, o.failure
    parts = [o.id, o.customer.name, o.customer.mail, o.price.amount, o.price.currency, tuple(o.place), o.lines, sorted(o.flags), o.at.isoformat(), o.takes, o.share,
             o.key, list(bytearray(o.data)), o.counts, o.queue, o.by_kind, o.failure.args]
    return '|'.join('%s' % (p,) for p in parts).replace("u'", "'").encode('utf-8')
`}

type (
	shopCustomer struct {
		Name string  `pickle:"name"`
		Mail *string `pickle:"mail"`
	}
	shopMoney struct {
		Amount   string `pickle:"amount"`
		Currency string `pickle:"currency"`
	}
	shopPlace struct {
		_      struct{} `pickle:",tuple"`
		Street string   `pickle:"street"`
		Number int      `pickle:"number"`
	}
	shopLine struct {
		_    struct{} `pickle:",tuple"`
		What string
		N    int
	}
	shopRefused struct {
		_      struct{} `pickle:",tuple"`
		Reason string
		Code   int
	}
	shopFailure struct {
		Reason string `pickle:"reason"`
		Code   int    `pickle:"code"`
	}
	shopOrder struct {
		ID       *big.Int            `pickle:"id"`
		Customer *shopCustomer       `pickle:"customer"`
		Payer    *shopCustomer       `pickle:"payer"`
		Price    shopMoney           `pickle:"price"`
		Place    shopPlace           `pickle:"place"`
		Lines    []shopLine          `pickle:"lines"`
		Flags    map[string]struct{} `pickle:"flags"`
		At       shopTime            `pickle:"at"`
		Takes    time.Duration       `pickle:"takes"`
		Share    *big.Rat            `pickle:"share"`
		Key      py.UUID             `pickle:"key"`
		Data     []byte              `pickle:"data"`
		Counts   map[string]int      `pickle:"counts"`
		Queue    []int               `pickle:"queue"`
		ByKind   map[string][]int    `pickle:"by_kind"`
		Failure  shopFailure         `pickle:"failure"`
		Self     *shopOrder          `pickle:"self"`
		None     int                 `pickle:"none"`
	}
	// shopReply is the same without a registry, read by names alone.
	shopReply struct {
		shopOrder
		Day     time.Time      `pickle:"day"`
		Ordered map[string]int `pickle:"ordered"`
		Failure shopRefused    `pickle:"failure"`
		Self    *shopReply     `pickle:"self"`
	}
)

// shopTime is a datetime that goes back without a timezone if it came so: Python 2.7 has none.
type shopTime struct {
	time.Time
	naive bool
}

func (t *shopTime) UnmarshalPickle(v py.Value) error {
	d, ok := v.(py.DateTime)
	t.naive = ok && d.TZ == nil
	return Assign(v, &t.Time)
}

func (t shopTime) MarshalPickle() (py.Value, error) {
	d, err := py.DateTimeOf(t.Time)
	if t.naive {
		d.TZ = nil
	}
	return d, err
}

func shopRegistry() *Registry {
	r := NewRegistry()
	RegisterClass[shopOrder](r, "shop", "Order")
	RegisterClass[shopCustomer](r, "shop", "Customer")
	RegisterClass[shopMoney](r, "shop", "Money", "amount", "currency")
	RegisterClass[shopPlace](r, "shop", "Place", "street", "number")
	RegisterClass[shopFailure](r, "shop", "Refused", "reason", "code")
	return r
}

// TestPythonClasses reads instances of Python's classes into structs, by names and by registered classes, and writes the latter so that Python has its own classes again.
func TestPythonClasses(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			child := p.Serve(t, shopModule)
			for protocol := range p.Protocol() + 1 {
				data, err := child.Call(fmt.Appendf(nil, "dump %d", protocol))
				if err != nil {
					if protocol < 2 && strings.Contains(err.Error(), "__slots__") {
						continue // these protocols have no slots
					}
					t.Fatal(err)
				}
				var reply shopReply
				if err := Unmarshal(data, &reply); err != nil {
					t.Fatalf("protocol %d: %v", protocol, err)
				}
				if reply.Self != &reply || reply.Ordered["a"] != 2 || reply.Day.Day() != 29 || reply.Failure.Code != 3 {
					t.Errorf("protocol %d: %+v", protocol, reply)
				}
				checkOrder(t, &reply.shopOrder, protocol)

				c := Config{Registry: shopRegistry(), Protocol: max(protocol, 2)}
				v, err := c.Decode(data)
				if err != nil {
					t.Fatalf("protocol %d: %v", protocol, err)
				}
				order, ok := v.(*shopOrder)
				if !ok {
					t.Fatalf("protocol %d: the order is %T", protocol, v)
				}
				if order.Self != order || order.Failure != (shopFailure{"no", 3}) {
					t.Errorf("protocol %d: %+v", protocol, order)
				}
				checkOrder(t, order, protocol)

				back, err := c.Marshal(order)
				if err != nil {
					t.Fatal(err)
				}
				text, err := child.Call(back)
				if err != nil {
					t.Fatalf("protocol %d: %v", protocol, err)
				}
				zone := "+00:00"
				if p.Major == 2 {
					zone = ""
				}
				want := "1180591620717411303424|Ann|None|12.50|EUR|('Elm', 5)|[('apple', 3), ('pear', 1)]|['fast', 'gift']|2024-02-29T12:30:15.123456" + zone +
					"|-1 day, 0:00:05.000007|1/3|00000000-0000-0000-0000-000000000005|[0, 255]|{'a': 2}|[1, 2]|{'x': [1]}|('no', 3)"
				if string(text) != want {
					t.Errorf("protocol %d: Python has\n%s\nwant\n%s", protocol, text, want)
				}
			}
		})
	}
}

func checkOrder(t *testing.T, o *shopOrder, protocol int) {
	t.Helper()
	_, gift := o.Flags["gift"]
	switch {
	case o.ID.String() != "1180591620717411303424", o.Customer != o.Payer, o.Customer.Name != "Ann", o.Customer.Mail != nil, o.Price != shopMoney{"12.50", "EUR"}, o.Place.Number != 5,
		len(o.Lines) != 2 || o.Lines[0].What != "apple", len(o.Flags) != 2 || !gift, !o.At.Equal(time.Date(2024, 2, 29, 12, 30, 15, 123456000, time.UTC)),
		o.Takes != -24*time.Hour+5*time.Second+7*time.Microsecond, o.Share.RatString() != "1/3", o.Key != py.UUID{15: 5}, string(o.Data) != "\x00\xff",
		o.Counts["a"] != 2, len(o.Queue) != 2, o.ByKind["x"][0] != 1:
		t.Errorf("protocol %d: %+v", protocol, o)
	}
}
