//go:build linux

package family_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func TestMain(m *testing.M) { testproc.Main(m) }

func home(t testing.TB) *family.Family {
	t.Helper()
	f, err := family.Home()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func init() {
	testproc.Handle("env", func([]string) (string, error) {
		ctl, ok := family.WorkerEnv()
		_, left := os.LookupEnv(family.EnvName)
		return fmt.Sprint(ctl, ok, left), nil
	})
	testproc.Handle("self", func([]string) (string, error) {
		f, err := family.Home()
		if err != nil {
			return "", err
		}
		p, _ := f.Peer(f.Self())
		return fmt.Sprintf("%d %d %x %s", f.Self(), p.PID, f.ID(), p.Name), nil
	})
	testproc.Handle("exit", func([]string) (string, error) { os.Exit(3); return "", nil })
	testproc.Handle("end leader", func([]string) (string, error) { endLeader <- struct{}{}; return "", nil })
	testproc.Handle("reserve", func([]string) (string, error) {
		f, err := family.Home()
		if err != nil {
			return "", err
		}
		id, err := f.Reserve("grandchild")
		return fmt.Sprint(uint32(id)), err
	})
}

func TestHome(t *testing.T) {
	f := home(t)
	if again := home(t); again != f {
		t.Error("two homes")
	}
	if p, ok := f.Peer(f.Self()); !ok || p.PID != os.Getpid() || p.Name == "" || !f.Alive(f.Self()) || f.Parent(f.Self()) != 0 {
		t.Errorf("self: %+v, %v", p, ok)
	}
	if f.File() == nil || f.FD() < 0 {
		t.Error("no file")
	}
	if _, ok := family.WorkerEnv(); ok {
		t.Error("a root counts as a worker")
	}
}

func TestChildJoins(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	if got, want := p.Must("self"), fmt.Sprintf("%d %d %x child", p.ID, p.PID(), f.ID()); got != want {
		t.Errorf("the child is %q, want %q", got, want)
	}
	if peer, ok := f.Peer(p.ID); !ok || peer.PID != p.PID() || f.StateOf(p.ID) != family.Live || f.Parent(p.ID) != f.Self() {
		t.Errorf("the table says %+v, %v, %v", peer, ok, f.StateOf(p.ID))
	}
	if got := p.Must("env"); got != "3 true false" {
		t.Errorf("environment: %s", got)
	}
}

func TestEnvironment(t *testing.T) {
	f := home(t)
	for _, c := range []struct {
		value  string
		worker bool
	}{
		{"", false},
		{"x", false},
		{"1", false},
		{"1 3 4", false},
		{"1 3 4 x", false},
		{"2 3 4 5", false},
		{"0 3 4 5", false},
		{"1 3 4 99999999999", false},
		{"1 3 4 -5", false},
		{"1 999999999999999999999 4 5", false},
		{"1 -3 4 5", false},
		{"1 3 -4 5", false},
		{"1 3 4 5 6", false},
		{"1 3 4 0", true},
		{"1 3 4 536870911", true},
		{strings.TrimPrefix(f.Environ(f.Self(), 7, 4), family.EnvName+"="), true},
	} {
		t.Run(c.value, func(t *testing.T) {
			p := testproc.Start(t, testproc.Late(), testproc.Env(family.EnvName+"="+c.value))
			var ctl int
			var worker, left bool
			fmt.Sscan(p.Must("env"), &ctl, &worker, &left)
			if worker != c.worker || left {
				t.Errorf("worker %v, variable left %v", worker, left)
			}
			out, err := p.Call("self")
			if worker == (err == nil) {
				t.Errorf("Home: %s, %v", out, err)
			}
			if again, err2 := p.Call("self"); again != out || fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Errorf("the second Home: %s, %v", again, err2)
			}
		})
	}
}

// TestGivenUp: a child that arrives after its parent has given it up is told so.
func TestGivenUp(t *testing.T) {
	f := home(t)
	p := testproc.Start(t, testproc.Late())
	f.Buried(p.ID)
	if _, err := p.Call("self"); err == nil || !strings.Contains(err.Error(), "given up") {
		t.Errorf("got %v", err)
	}
}

func watch(f *family.Family, id family.Ident) chan struct{} {
	c := make(chan struct{})
	f.Watch(id, func() { close(c) })
	return c
}

func await(t *testing.T, c chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(testproc.Watchdog):
		t.Fatal("the death is not noticed")
	}
}

func TestWatchKilled(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	first, second := watch(f, p.ID), watch(f, p.ID)
	select {
	case <-first:
		t.Fatal("told of the death of the living")
	case <-time.After(5 * time.Millisecond):
	}
	bell := *f.Doorbell(f.Self())
	p.Kill()
	await(t, first)
	await(t, second)
	if f.Alive(p.ID) || f.StateOf(p.ID) != family.Dead || !f.Unburied(p.ID) {
		t.Errorf("the table says %v", f.StateOf(p.ID))
	}
	if *f.Doorbell(f.Self()) == bell {
		t.Error("nobody was rung")
	}
	await(t, watch(f, p.ID))
}

func TestWatchExited(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	c := watch(f, p.ID)
	_, err := p.Call("exit")
	if !errors.Is(err, testproc.ErrGone) {
		t.Fatal(err)
	}
	await(t, c)
}

// TestWatchLate begins to watch when the process is gone, and nobody has told the table.
func TestWatchLate(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	p.Kill()
	if !f.Alive(p.ID) {
		t.Log("noticed by somebody else")
	}
	await(t, watch(f, p.ID))
	if f.Alive(p.ID) {
		t.Error("alive")
	}
}

// TestWatchNotArrived: a child that dies between exec and its arrival.
func TestWatchNotArrived(t *testing.T) {
	f := home(t)
	p := testproc.Start(t, testproc.Late())
	if f.StateOf(p.ID) != family.Reserved {
		t.Fatalf("%v", f.StateOf(p.ID))
	}
	c := watch(f, p.ID)
	p.Kill()
	await(t, c)
	if f.Alive(p.ID) {
		t.Error("alive")
	}
}

// TestStoppedIsAlive: a stopped process can go on at any moment.
func TestStoppedIsAlive(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	p.Stop()
	c := watch(f, p.ID)
	select {
	case <-c:
		t.Error("a stopped process counts as dead")
	case <-time.After(20 * time.Millisecond):
	}
	p.Kill()
	await(t, c)
}

// TestKilledAtEachStep: whatever a process leaves of its own arrival, and of a reservation for a child, is cleared.
func TestKilledAtEachStep(t *testing.T) {
	f := home(t)
	t.Run("arrive", func(t *testing.T) {
		p := testproc.Start(t, testproc.Late(), testproc.Env("MULTIPROC_KILLPOINT=family.arrive"))
		if _, err := p.Call("self"); !errors.Is(err, testproc.ErrGone) {
			t.Fatalf("not killed: %v", err)
		}
		p.Bury()
		if f.StateOf(p.ID) != family.Free {
			t.Errorf("its slot is %v", f.StateOf(p.ID))
		}
	})
	t.Run("reserve", func(t *testing.T) {
		p := testproc.Start(t, testproc.Env("MULTIPROC_KILLPOINT=family.reserve"))
		if _, err := p.Call("reserve"); !errors.Is(err, testproc.ErrGone) {
			t.Fatalf("not killed: %v", err)
		}
		p.Bury()
		orphans := 0
		for id := range f.Participants {
			if f.Parent(id) == p.ID {
				orphans++
				if f.Alive(id) {
					t.Error("to be started by the dead, and alive")
				}
				f.BuryOrphan(id)
				if f.StateOf(id) != family.Free {
					t.Errorf("its slot is %v", f.StateOf(id))
				}
			}
		}
		if orphans != 1 {
			t.Errorf("%d orphans", orphans)
		}
	})
}
