//go:build linux

package psync_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// contend uses a lock in every way for some rounds, and looks whether anybody else is inside.
//
//	room[0]  who is inside
//	room[1]  how often two were
func contend(l *psync.Lock, room []uint32, tag uint32, rounds int) error {
	rnd := rand.New(rand.NewPCG(uint64(tag), 1))
	for i := range rounds {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(4000))*time.Microsecond)
		if i%3 == 0 {
			cancel()
			ctx, cancel = context.WithTimeout(context.Background(), testproc.Watchdog)
		}
		r, err := l.Acquire(ctx)
		cancel()
		if err != nil {
			if i%3 == 0 {
				return err
			}
			continue
		}
		if before := atomic.SwapUint32(&room[0], tag); before != 0 && !r.Recovered() {
			atomic.AddUint32(&room[1], 1)
		}
		if i%8 == 0 {
			time.Sleep(time.Duration(rnd.IntN(2500)) * time.Microsecond)
		}
		if !atomic.CompareAndSwapUint32(&room[0], tag, 0) {
			atomic.AddUint32(&room[1], 1)
		}
		l.Unlock()
	}
	return nil
}

// contendHere is what a child does: args are the lock, the room, the rounds of each of four goroutines, and whether to list the kill points met.
func contendHere(args []string) (string, error) {
	l, err := arrived(args[0])
	if err != nil {
		return "", err
	}
	data, err := hex.DecodeString(args[1])
	if err != nil {
		return "", err
	}
	var room shm.RawArray[uint32]
	if err := room.UnmarshalCBOR(data); err != nil {
		return "", err
	}
	rounds, _ := strconv.Atoi(args[2])
	if len(args) > 3 {
		killpoint.Record()
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for g := range errs {
		wg.Go(func() { errs[g] = contend(l, room.Slice(), uint32(os.Getpid()<<4|g), rounds) })
	}
	wg.Wait()
	if len(args) > 3 {
		points, _ := json.Marshal(killpoint.Recorded())
		return string(points), errors.Join(errs...)
	}
	return "", errors.Join(errs...)
}

// TestKilledAtEveryPoint kills a contender at every named point of Lock and Unlock that contention meets, several times each. The survivors are never
// two inside, and never wait for ever.
func TestKilledAtEveryPoint(t *testing.T) {
	l := newLock(t)
	room, err := shm.NewRawArray[uint32](2)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	here := func(rounds int) *sync.WaitGroup {
		var wg sync.WaitGroup
		for g := range 2 {
			wg.Go(func() {
				if err := contend(l, room.Slice(), uint32(os.Getpid()<<4|g), rounds); err != nil {
					t.Error(err)
				}
			})
		}
		return &wg
	}

	// What there is to be killed at. The points of a takeover need somebody who has died.
	points := testproc.Meet(t, 4, []string{"lock.acquired", "lock.claimed", "lock.given-up", "lock.waiting", "unlock.handed", "unlock.released"}, func() (met map[string]int) {
		victim, witness := testproc.Start(t), testproc.Start(t)
		victim.Must("lock", sent(t, l))
		c := witness.Go("contend", sent(t, l), sent(t, room), 60, "record")
		wg := here(60)
		time.Sleep(2 * time.Millisecond)
		victim.Kill()
		if err := json.Unmarshal([]byte(c.Must()), &met); err != nil {
			t.Fatal(err)
		}
		testproc.Finish(t, "contenders", wg.Wait)
		victim.Bury()
		witness.Bury()
		return met
	})
	var names []string
	for name := range points {
		if strings.HasPrefix(name, "lock.") || strings.HasPrefix(name, "unlock.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, must := range []string{"lock.taken-over", "lock.marked-busy"} { // the first only after a death, the second only after one inside an update
		if !slices.Contains(names, must) {
			names = append(names, must)
		}
	}

	kills := 3
	if testing.Short() {
		kills = 1
	}
	killed := map[string]int{}
	for _, name := range names {
		for i := range kills {
			n := 1 + i*points[name]/(2*kills)
			victim, first := testproc.Start(t, testproc.Env(fmt.Sprintf("MULTIPROC_KILLPOINT=%s:%d", name, n))), testproc.Start(t)
			if name == "lock.taken-over" || name == "lock.marked-busy" {
				first.Must("lock", sent(t, l))
			}
			c := victim.Go("contend", sent(t, l), sent(t, room), 80)
			wg := here(40)
			if name == "lock.taken-over" || name == "lock.marked-busy" {
				time.Sleep(2 * time.Millisecond)
			}
			first.Kill()
			if _, err := c.Wait(); errors.Is(err, testproc.ErrGone) {
				killed[name]++
			} else if err != nil {
				t.Errorf("%s:%d: %v", name, n, err)
			}
			testproc.Finish(t, fmt.Sprintf("contenders of one killed at %s:%d", name, n), wg.Wait)
			victim.Bury()
			first.Bury()
			if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
				t.Fatalf("two were inside %d times, after a kill at %s", n, name)
			}
			if _, err := l.Acquire(bounded(t)); err != nil {
				t.Fatal(err)
			}
			atomic.StoreUint32(&room.Slice()[0], 0)
			l.Unlock()
		}
	}
	t.Log("killed:", killed)
}

// TestKilledAnywhere kills contenders at random moments.
func TestKilledAnywhere(t *testing.T) {
	l := newLock(t)
	room, err := shm.NewRawArray[uint32](2)
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	kills := 25
	if testing.Short() {
		kills = 5
	}
	for range kills {
		a, b := testproc.Start(t), testproc.Start(t)
		a.Go("contend", sent(t, l), sent(t, room), 100_000)
		b.Go("contend", sent(t, l), sent(t, room), 100_000)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := contend(l, room.Slice(), uint32(os.Getpid()<<4), 30); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		a.Kill()
		time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
		b.Kill()
		testproc.Finish(t, "the survivor", wg.Wait)
		a.Bury()
		b.Bury()
		if n := atomic.LoadUint32(&room.Slice()[1]); n != 0 {
			t.Fatalf("two were inside %d times", n)
		}
		if _, err := l.Acquire(bounded(t)); err != nil {
			t.Fatal(err)
		}
		atomic.StoreUint32(&room.Slice()[0], 0)
		l.Unlock()
	}
}
