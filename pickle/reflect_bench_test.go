package pickle

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

type benchUser struct {
	ID      int64             `pickle:"id"`
	Name    string            `pickle:"name"`
	Mail    string            `pickle:"mail,omitempty"`
	Tags    []string          `pickle:"tags"`
	Created time.Time         `pickle:"created"`
	Score   float64           `pickle:"score"`
	Address benchAddress      `pickle:"address"`
	Extra   map[string]string `pickle:"extra"`
	Boss    *benchUser        `pickle:"boss"`
}

type benchAddress struct {
	Street string `pickle:"street"`
	City   string `pickle:"city"`
	Zip    int    `pickle:"zip"`
}

func benchUsers(n int) []benchUser {
	boss := &benchUser{Name: "boss", Created: time.Unix(0, 0).UTC()}
	users := make([]benchUser, n)
	for i := range users {
		users[i] = benchUser{
			ID: int64(i) * 1000, Name: fmt.Sprint("user ", i), Tags: []string{"a", "bc"}, Created: time.Unix(int64(i), 0).UTC(), Score: float64(i) / 3,
			Address: benchAddress{"Elm", "Springfield", 10000 + i}, Extra: map[string]string{"k": "v", "l": "w"}, Boss: boss,
		}
	}
	return users
}

// maps is what a program without structs would write.
func (u *benchUser) maps(boss map[string]any) map[string]any {
	return map[string]any{
		"id": u.ID, "name": u.Name, "tags": u.Tags, "created": u.Created, "score": u.Score,
		"address": map[string]any{"street": u.Address.Street, "city": u.Address.City, "zip": u.Address.Zip}, "extra": u.Extra, "boss": boss,
	}
}

// fromDict is what such a program would have to do with a decoded value, without any of Assign's checks.
func (u *benchUser) fromDict(d *py.Dict) {
	get := func(d *py.Dict, k string) any { v, _ := d.GetStr(k); return v }
	u.ID, u.Name, u.Score = get(d, "id").(int64), get(d, "name").(string), get(d, "score").(float64)
	for _, tag := range get(d, "tags").(*py.List).Items {
		u.Tags = append(u.Tags, tag.(string))
	}
	u.Created, _ = get(d, "created").(py.DateTime).Time(time.UTC)
	a := get(d, "address").(*py.Dict)
	u.Address = benchAddress{get(a, "street").(string), get(a, "city").(string), int(get(a, "zip").(int64))}
	u.Extra = map[string]string{}
	for k, v := range get(d, "extra").(*py.Dict).All() {
		u.Extra[k.(string)] = v.(string)
	}
}

func BenchmarkOf(b *testing.B) {
	users := benchUsers(100)
	maps := make([]map[string]any, len(users))
	boss := users[0].Boss.maps(nil)
	for i := range users {
		maps[i] = users[i].maps(boss)
	}
	b.Run("100 structs", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Of(users); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("100 maps of any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Of(maps); err != nil {
				b.Fatal(err)
			}
		}
	})
	ints := make([]int, 100_000)
	for i := range ints {
		ints[i] = i * 1000
	}
	b.Run("100000 ints", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Of(ints); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMarshalStructs(b *testing.B) {
	users := benchUsers(100)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = (Config{}).Append(dst[:0], users); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkAssign(b *testing.B) {
	v, err := Of(benchUsers(100))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("100 structs", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var users []benchUser
			if err := Assign(v, &users); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("100 structs by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			users := make([]benchUser, 100)
			for i, item := range v.(*py.List).Items {
				users[i].fromDict(item.(*py.Dict))
			}
		}
	})
	b.Run("100 maps of any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var users []map[string]any
			if err := Assign(v, &users); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("argument int", func(b *testing.B) {
		b.ReportAllocs()
		dst := reflect.New(reflect.TypeFor[int]()).Elem()
		var c Config
		arg := py.Value(int64(3000))
		for b.Loop() {
			if err := c.AssignValue(arg, dst); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("argument struct", func(b *testing.B) {
		b.ReportAllocs()
		dst := reflect.New(reflect.TypeFor[benchAddress]()).Elem()
		var c Config
		arg := py.Value(pyDict("street", "Elm", "city", "x", "zip", int64(3)))
		for b.Loop() {
			if err := c.AssignValue(arg, dst); err != nil {
				b.Fatal(err)
			}
		}
	})
}
