package family

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// Family is this process's view of the processes that it shares memory with.
type Family struct {
	file    *os.File
	mem     []byte // the first HeaderSize bytes of the file
	self    Ident
	watches watches
}

var home struct {
	once sync.Once
	f    *Family
	err  error
}

// Home is the family of this process: in a worker the one it was started into, elsewhere a new one, made at the first call (about 100 us).
// Its error is the same at every call.
func Home() (*Family, error) {
	home.once.Do(func() {
		if worker.present {
			home.f, home.err = join(worker.mem, worker.id)
		} else {
			home.f, home.err = create()
		}
	})
	return home.f, home.err
}

func create() (*Family, error) {
	file, err := sys.NewMemory("multiproc", FileSize)
	if err != nil {
		return nil, fmt.Errorf("multiproc: make shared memory: %w", err)
	}
	// The header and the first slots, so that touching them can't fail.
	if err := sys.Reserve(int(file.Fd()), 0, offSlots+4096); err != nil {
		file.Close()
		return nil, fmt.Errorf("%w: reserve the header of shared memory: %w", errs.ErrNoMemory, err)
	}
	f, err := open(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	if err := sys.Random(f.mem[offID:][:16]); err != nil {
		return nil, fmt.Errorf("multiproc: make a family id: %w", err)
	}
	*f.u64(offSize) = FileSize
	*f.u64(offPIDNS) = sys.PIDNamespace()
	*f.u32(offVersion) = Version
	*f.u32(offMagic) = Magic
	*f.u64(OffUnitsEnd) = FirstUnit
	*f.u64(OffNextUnit) = FirstUnit
	id, err := f.reserve(filepath.Base(os.Args[0]), 0)
	if err != nil {
		return nil, err
	}
	if err := f.arrive(id); err != nil {
		return nil, err
	}
	return f, nil
}

// join makes this process the participant that its parent has reserved a slot for.
func join(fd int, id Ident) (*Family, error) {
	sys.CloseOnExec(fd)
	if size, err := sys.Size(fd); err != nil || size != FileSize || !sys.Sealed(fd) {
		return nil, fmt.Errorf("multiproc: descriptor %d is not a family's shared memory (was %s passed on to another program?): %w", fd, EnvName, errs.ErrCorrupt)
	}
	f, err := open(os.NewFile(uintptr(fd), "multiproc"))
	if err != nil {
		return nil, err
	}
	if m, v := *f.u32(offMagic), *f.u32(offVersion); m != Magic || v != Version {
		return nil, fmt.Errorf("multiproc: shared memory has magic %#x and version %d, want %#x and %d: parent and worker are different builds: %w", m, v, Magic, Version, errs.ErrCorrupt)
	}
	if want, have := *f.u64(offPIDNS), sys.PIDNamespace(); want != 0 && have != 0 && want != have {
		return nil, errors.New("multiproc: this process is in another pid namespace than its family; processes that share memory must be in one")
	}
	if err := f.arrive(id); err != nil {
		return nil, err
	}
	return f, nil
}

func open(file *os.File) (*Family, error) {
	mem, err := sys.Map(int(file.Fd()), 0, HeaderSize)
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	f := &Family{file: file, mem: mem}
	f.watches.f = f
	return f, nil
}

// arrive is Reserved -> Live.
func (f *Family) arrive(id Ident) error {
	slot := id.Slot()
	start, err := sys.StartTime(os.Getpid())
	if err != nil {
		start = 0 // no /proc: peers then go by the pid alone
	}
	w := f.load(slot)
	if slot == 0 || w.gen() != id.Gen() || w.state() != Reserved {
		return f.givenUp(slot) // and it may be another's by now: write nothing
	}
	atomic.StoreUint64(f.u64(slotOff(slot, slotStart)), start)
	atomic.StoreUint32(f.u32(slotOff(slot, slotPID)), uint32(os.Getpid()))
	killpoint.Here("family.arrive")
	if !f.cas(slot, w, w.with(Live)) {
		return f.givenUp(slot)
	}
	f.self = id
	return nil
}

func (f *Family) givenUp(slot int) error {
	return fmt.Errorf("multiproc: this worker's place in the family was given up before it arrived (slot %d is %v): its parent died or stopped waiting", slot, f.load(slot).state())
}

// Self names this process.
func (f *Family) Self() Ident { return f.self }

// ID tells families apart; 16 random bytes.
func (f *Family) ID() (id [16]byte) {
	copy(id[:], f.mem[offID:])
	return id
}

// File is the shared memory itself, to be inherited by workers.
func (f *Family) File() *os.File { return f.file }

// FD is the descriptor of File.
func (f *Family) FD() int { return int(f.file.Fd()) }
