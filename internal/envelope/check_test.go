package envelope

import (
	"context"
	"errors"
	"io"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/fxamacker/cbor/v2"
)

type (
	//lint:ignore U1000 the field is there to be refused
	hidden    struct{ Name, secret string }
	withMutex struct{ Guard struct{ Mu sync.Mutex } }
	withChan  struct {
		Jobs []map[string]struct{ Done chan int }
	}
	embedsPtr struct{ *base }
	selfEmbed struct{ *selfEmbed }
	event     struct { // UnmarshalBinary and MarshalBinary are time.Time's
		time.Time
		Name string
	}
	onlyTime  struct{ time.Time }
	ownMethod struct {
		time.Time
		name string
	}
	//lint:ignore U1000 the field is there to be refused
	halfPair struct{ a int }
	left     struct{ ID, A int }
	right    struct{ ID, B int }
	clash    struct {
		left
		right
	}
	shadow struct {
		left
		ID int
	}
	sameTag struct {
		A int `cbor:"x"`
		B int `cbor:"x"`
	}
	jsonDash struct {
		Password string `json:"-"`
	}
	bothTags struct {
		Password string `json:"-" cbor:"password"`
		Cache    []int  `cbor:"-"`
	}
	recursive struct {
		Kids []recursive
		By   map[string]*recursive
		F    func()
	}
	array struct {
		_ struct{} `cbor:",toarray"`
		A int
		B string
	}
	byInt struct {
		A int `cbor:"1,keyasint"`
		B int `cbor:"1"`
	}
)

func (o ownMethod) MarshalBinary() ([]byte, error)     { return []byte(o.name), nil }
func (o *ownMethod) UnmarshalBinary(data []byte) error { o.name = string(data); return nil }
func (h halfPair) MarshalText() ([]byte, error)        { return nil, nil }

func TestAllowedTypes(t *testing.T) {
	for _, ty := range []reflect.Type{
		reflect.TypeFor[everything](), reflect.TypeFor[node](), reflect.TypeFor[any](), reflect.TypeFor[[]map[int8]*[3]any](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[*big.Int](), reflect.TypeFor[big.Int](), reflect.TypeFor[map[netip.Addr]url.URL](),
		reflect.TypeFor[*regexp.Regexp](), reflect.TypeFor[cbor.RawMessage](), reflect.TypeFor[onlyTime](), reflect.TypeFor[ownMethod](),
		reflect.TypeFor[bothTags](), reflect.TypeFor[array](), reflect.TypeFor[byInt](), reflect.TypeFor[map[time.Time]bool](),
	} {
		if err := CheckType(ty); err != nil {
			t.Errorf("%v is refused: %v", ty, err)
		}
	}
}

func TestRefusedTypes(t *testing.T) {
	for _, c := range []struct {
		typ          reflect.Type
		path, reason string
	}{
		{reflect.TypeFor[chan int](), "chan int", "shared array"},
		{reflect.TypeFor[func()](), "func()", "register it"},
		{reflect.TypeFor[[]complex64](), "[]complex64[]", "[2]float64"},
		{reflect.TypeFor[uintptr](), "uintptr", "address"},
		{reflect.TypeFor[unsafe.Pointer](), "unsafe.Pointer", "address"},
		{reflect.TypeFor[error](), "error", "concrete type"},
		{reflect.TypeFor[struct{ R io.Reader }](), ".R", "concrete type"},
		{reflect.TypeFor[struct{ C context.Context }](), ".C", "concrete type"},
		{reflect.TypeFor[hidden](), "envelope.hidden.secret", "unexported"},
		{reflect.TypeFor[withMutex](), "envelope.withMutex.Guard.Mu._", ""},
		{reflect.TypeFor[withChan](), "envelope.withChan.Jobs[][].Done", "channel"},
		{reflect.TypeFor[*recursive](), "*envelope.recursive.F", "function"},
		{reflect.TypeFor[map[*int]bool](), "map[*int]bool[key]", "address"},
		{reflect.TypeFor[map[struct{ P [2]*int }]bool](), "[key].P[]", "address"},
		{reflect.TypeFor[map[any]func()](), "map[interface {}]func()[]", "function"},
		{reflect.TypeFor[embedsPtr](), "envelope.embedsPtr.base", "unexported struct"},
		{reflect.TypeFor[selfEmbed](), "envelope.selfEmbed.selfEmbed", "more than once"},
		{reflect.TypeFor[event](), "envelope.event", "MarshalBinary is promoted from the embedded time.Time"},
		{reflect.TypeFor[halfPair](), "envelope.halfPair", "no UnmarshalText"},
		{reflect.TypeFor[clash](), "envelope.clash.right.ID", "same name as left.ID"},
		{reflect.TypeFor[shadow](), "envelope.shadow.ID", "same name as left.ID"},
		{reflect.TypeFor[sameTag](), "envelope.sameTag.B", "same name as A"},
		{reflect.TypeFor[jsonDash](), "envelope.jsonDash.Password", `cbor:"-"`},
		{reflect.TypeFor[cbor.Tag](), "cbor.Tag", "RawTag"},
	} {
		err := CheckType(c.typ)
		var te *TypeError
		if !errors.As(err, &te) {
			t.Errorf("%v: %v", c.typ, err)
			continue
		}
		if !strings.HasSuffix(te.Path, strings.TrimSuffix(c.path, "._")) && !strings.Contains(te.Path, strings.TrimSuffix(c.path, "._")) || !strings.Contains(te.Reason, c.reason) {
			t.Errorf("%v: path %q, reason %q; want %q, %q", c.typ, te.Path, te.Reason, c.path, c.reason)
		}
		if !strings.Contains(err.Error(), te.Path) || !strings.Contains(err.Error(), te.Type) {
			t.Errorf("the text lacks the path or the type: %v", err)
		}
	}
}

func TestSelfMarshalling(t *testing.T) {
	if got := roundTrip(t, ownMethod{name: "own"}); got.name != "own" {
		t.Errorf("got %+v", got)
	}
	same(t, bothTags{Password: "p"})
	same(t, array{A: 1, B: "x"})
	same(t, byInt{A: 1, B: 2})
	if got := roundTrip(t, bothTags{Cache: []int{1}}); got.Cache != nil {
		t.Error(`a field tagged "-" is sent`)
	}
	if got := roundTrip(t, regexp.MustCompile("a+")); got.String() != "a+" {
		t.Errorf("got %v", got)
	}
	now := time.Now()
	if got := roundTrip(t, onlyTime{now}); !got.Equal(now) {
		t.Errorf("%v arrived as %v", now, got)
	}
}
