package sys

import (
	"errors"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// words maps a page of shared memory as words.
func words(t *testing.T) []uint32 {
	t.Helper()
	m, err := Map(int(newMemory(t, 4096).Fd()), 0, 4096)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Unmap(m) })
	return unsafe.Slice((*uint32)(unsafe.Pointer(&m[0])), 1024)
}

// vectored skips the test where the kernel has no futex_waitv.
func vectored(t *testing.T) {
	t.Helper()
	var w [1]WaitVector
	word := new(uint32)
	w[0].SetPrivate(word, 1)
	if err := FutexWaitv(w[:], 0); !errors.Is(err, syscall.EAGAIN) {
		t.Skip("no futex_waitv: ", err)
	}
	runtime.KeepAlive(word)
}

func TestWaitVectorLayout(t *testing.T) {
	var w WaitVector
	if unsafe.Sizeof(w) != 24 || unsafe.Offsetof(w.val) != 0 || unsafe.Offsetof(w.addr) != 8 || unsafe.Offsetof(w.flags) != 16 {
		t.Error("not struct futex_waitv")
	}
}

func TestFutexWaitvAnswers(t *testing.T) {
	vectored(t)
	mem, kick := words(t), new(uint32)
	var w [2]WaitVector
	w[0].SetShared(&mem[0], 0)
	w[1].SetPrivate(kick, 0)
	if err := FutexWaitv(w[:], 0); !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("no time: %v, want ETIMEDOUT", err)
	}
	err := error(syscall.EINTR)
	for err == error(syscall.EINTR) { // by a signal of the runtime
		err = FutexWaitv(w[:], 2*time.Millisecond)
	}
	if !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("a short time: %v, want ETIMEDOUT", err)
	}
	atomic.StoreUint32(kick, 7)
	if err := FutexWaitv(w[:], -1); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("the second word differs: %v, want EAGAIN", err)
	}
	runtime.KeepAlive(kick)
}

func TestFutexWaitvRoundTrip(t *testing.T) {
	vectored(t)
	mem := words(t)
	const rounds = 200
	kick := new(uint32)
	done := make(chan error, 1)
	go func() {
		for i := range uint32(rounds) {
			for atomic.LoadUint32(&mem[0]) == i && atomic.LoadUint32(kick) == i {
				var w [2]WaitVector
				w[0].SetShared(&mem[0], i)
				w[1].SetPrivate(kick, i)
				switch err := FutexWaitv(w[:], time.Minute); {
				case err == nil, errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
				default:
					done <- err
					return
				}
			}
			atomic.StoreUint32(kick, i+1)
			atomic.StoreUint32(&mem[0], i+1)
			atomic.StoreUint32(&mem[1], i+1)
			FutexWake(&mem[1], 1)
		}
		runtime.KeepAlive(kick)
		done <- nil
	}()
	for i := range uint32(rounds) {
		if i%2 == 0 {
			atomic.StoreUint32(&mem[0], i+1)
			FutexWake(&mem[0], 1)
		} else {
			atomic.StoreUint32(kick, i+1)
			FutexWakePrivate(kick, 1)
		}
		for atomic.LoadUint32(&mem[1]) == i {
			if err := FutexWait(&mem[1], i, time.Minute); errors.Is(err, syscall.ETIMEDOUT) {
				t.Fatal("no answer")
			}
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFutexWait(t *testing.T) {
	mem := words(t)
	if err := FutexWait(&mem[0], 1, -1); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("the word differs: %v, want EAGAIN", err)
	}
	err := error(syscall.EINTR)
	for err == error(syscall.EINTR) { // by a signal of the runtime
		err = FutexWait(&mem[0], 0, time.Millisecond)
	}
	if !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("a short time: %v, want ETIMEDOUT", err)
	}
	if n := FutexWake(&mem[0], 1<<30); n != 0 {
		t.Errorf("woke %d, nobody sleeps", n)
	}
	var up atomic.Int32
	for range 3 {
		go func() {
			for atomic.LoadUint32(&mem[8]) == 0 {
				_ = FutexWait(&mem[8], 0, time.Minute)
			}
			up.Add(1)
		}()
	}
	atomic.StoreUint32(&mem[8], 1)
	for end := time.Now().Add(time.Minute); up.Load() < 3; {
		FutexWake(&mem[8], 1)
		runtime.Gosched()
		if time.Now().After(end) {
			t.Fatal("still asleep")
		}
	}
}

func TestMonotonic(t *testing.T) {
	a := Monotonic()
	if b := Monotonic(); a <= 0 || b < a {
		t.Errorf("%d, then %d", a, b)
	}
}
