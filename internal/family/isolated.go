package family

import (
	"fmt"
	"os"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Isolated makes a family of its own with this process as its root. It is for tests, which want to spoil shared memory
// without harm to the process's own family.
func Isolated() (*Family, error) { return create() }

// Another is a further participant of the family that this process plays, with a mapping of its own, for tests.
func (f *Family) Another(name string) (*Family, error) {
	id, err := f.Reserve(name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.FD()), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	other, err := open(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	if err := other.arrive(id); err != nil {
		other.Discard()
		return nil, err
	}
	return other, nil
}

// Discard unmaps a family that Isolated or Another made. Nothing may use it any more.
func (f *Family) Discard() {
	f.watches.mu.Lock()
	for _, w := range f.watches.m {
		f.watches.drop(w)
	}
	f.watches.mu.Unlock()
	_ = sys.Unmap(f.mem)
	f.file.Close()
}
