//go:build linux

package psync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// boundedPlayer is a participant that the test plays.
type boundedPlayer struct {
	*psync.BoundedSemaphore
	id family.Ident
}

type failer interface{ Fatal(args ...any) }

func joinBounded(t failer, s *psync.BoundedSemaphore) *boundedPlayer {
	f, err := family.Home()
	if err != nil {
		t.Fatal(err)
	}
	id, err := f.Reserve("player")
	if err != nil {
		t.Fatal(err)
	}
	p, err := psync.PlayBounded(s, id)
	if err != nil {
		t.Fatal(err)
	}
	return &boundedPlayer{p, id}
}

// die is the player's end: it does nothing any more, and somebody has noticed.
func (p *boundedPlayer) die() {
	if f, err := family.Home(); err == nil {
		f.Buried(p.id)
	}
	p.Close()
}

// TestBoundedModel compares with a list of who has how many. Players come, go and die.
func TestBoundedModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 3, 20, 40, 1000, psync.MaxBounded}).Draw(t, "max")
		s, err := psync.NewBoundedSemaphore(limit)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		held := map[*boundedPlayer]int{}
		players := []*boundedPlayer{}
		join := func() {
			p := joinBounded(t, s)
			players = append(players, p)
			held[p] = 0
		}
		join()
		defer func() {
			for _, p := range players {
				p.die()
			}
		}()
		free := func() int {
			n := limit
			for _, p := range players {
				n -= held[p]
			}
			return n
		}
		someone := func(t *rapid.T) *boundedPlayer { return rapid.SampledFrom(players).Draw(t, "player") }
		some := func(t *rapid.T) int {
			return rapid.OneOf(rapid.IntRange(0, min(limit, 3)), rapid.IntRange(0, limit), rapid.Just(free()), rapid.Just(free()+1)).Draw(t, "n")
		}
		t.Repeat(map[string]func(*rapid.T){
			"try": func(t *rapid.T) {
				p, n := someone(t), some(t)
				ok := p.TryAcquireN(n)
				if ok != (n <= free()) {
					t.Fatalf("TryAcquireN(%d) is %v with %d free", n, ok, free())
				}
				if ok {
					held[p] += n
				}
			},
			"acquire": func(t *rapid.T) {
				p, n := someone(t), some(t)
				ctx := context.Background()
				if n > free() {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 50*time.Microsecond)
					defer cancel()
				}
				err := p.AcquireN(ctx, n)
				switch {
				case n > limit:
					if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
						t.Fatalf("AcquireN(%d): %v", n, err)
					}
				case n > free():
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("AcquireN(%d) is %v with %d free", n, err, free())
					}
				case err != nil:
					t.Fatalf("AcquireN(%d): %v", n, err)
				default:
					held[p] += n
				}
			},
			"release": func(t *rapid.T) {
				p := someone(t)
				n := rapid.IntRange(0, held[p]+1).Draw(t, "n")
				err := p.ReleaseN(n)
				if n <= held[p] {
					if err != nil {
						t.Fatalf("ReleaseN(%d) of %d: %v", n, held[p], err)
					}
					held[p] -= n
				} else if !errors.Is(err, psync.ErrNotOwner) {
					t.Fatalf("ReleaseN(%d) of %d: %v", n, held[p], err)
				}
			},
			"join": func(t *rapid.T) {
				if len(players) < 24 {
					join()
				}
			},
			"leave": func(t *rapid.T) {
				p := someone(t)
				p.Surrender()
				held[p] = 0
			},
			"die": func(t *rapid.T) {
				i := rapid.IntRange(0, len(players)-1).Draw(t, "who")
				players[i].die()
				delete(held, players[i])
				players = append(players[:i], players[i+1:]...)
				if len(players) == 0 {
					join()
				}
			},
			"": func(t *rapid.T) {
				if v := s.Value(); v != free() {
					t.Fatalf("%d free, want %d: %v", v, free(), s)
				}
				for _, p := range players {
					if h := p.Held(); h != held[p] {
						t.Fatalf("holds %d, want %d", h, held[p])
					}
				}
			},
		})
	})
}

// TestBoundedPlayers: more participants than fit inline contend, come, leave and die with permits in their hands. There are never more permits used than there are, and in the end they are
// all there.
func TestBoundedPlayers(t *testing.T) {
	const limit, crowd = 24, 30
	rounds := 60
	if testing.Short() {
		rounds = 12
	}
	for _, inline := range []int{0, 7, 14} { // rows that somebody has before them
		t.Run(fmt.Sprint(inline), func(t *testing.T) {
			s := newBounded(t, limit+inline)
			for range inline {
				p := joinBounded(t, s)
				t.Cleanup(p.die)
				must(t, p.Acquire(bounded(t)))
			}
			most, rows := playBounded(t, s, limit, crowd, crowd*rounds/4)
			t.Logf("at most %d permits used, in %d rows", most, rows)
			if most > limit || most < limit/2 {
				t.Errorf("%d permits were used", most)
			}
			if inline == 14 && rows <= 14 {
				t.Errorf("only %d rows: nothing was spilt", rows)
			}
			whole2(t, s, limit)
		})
	}
}

// playBounded lets a crowd play, with so many more that replace those who have died.
func playBounded(t *testing.T, s *sem, limit, crowd, more int) (used int64, rows int) {
	var inside, most atomic.Int64
	gone := make(chan *boundedPlayer)
	live := func(p *boundedPlayer, rnd *rand.Rand) {
		for range 40 {
			n := 1 + rnd.IntN(3)
			if rnd.IntN(20) == 0 {
				n = limit
			}
			switch rnd.IntN(3) {
			case 0:
				if !p.TryAcquireN(n) {
					continue
				}
			case 1:
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(500))*time.Microsecond)
				err := p.AcquireN(ctx, n)
				cancel()
				if err != nil {
					continue
				}
			default:
				if err := p.AcquireN(bounded(t), n); err != nil {
					t.Error(err)
					return
				}
			}
			now := inside.Add(int64(n))
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			if rnd.IntN(4) == 0 {
				time.Sleep(time.Duration(rnd.IntN(200)) * time.Microsecond)
			}
			inside.Add(-int64(n))
			if rnd.IntN(40) == 0 {
				return // with its permits
			}
			if err := p.ReleaseN(n); err != nil {
				t.Error(err)
			}
			if rnd.IntN(40) == 0 {
				p.Surrender()
			}
		}
	}
	start := func(seed int) {
		p := joinBounded(t, s)
		go func() {
			live(p, rand.New(rand.NewPCG(uint64(seed), 3)))
			gone <- p
		}()
	}
	for i := range crowd {
		start(i)
	}
	testproc.Finish(t, "players", func() {
		for i := range more {
			(<-gone).die()
			start(crowd + i)
			rows = max(rows, s.Rows())
		}
		for range crowd {
			(<-gone).die()
		}
	})
	return most.Load(), rows
}
