package pickletext

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// WriteTree prints the values of all pickles in data, each behind a line that says where it is. A pickle that can't be read is an error; what comes before it has been
// printed then. The error has the offset in data of what is wrong.
func WriteTree(w io.Writer, data []byte, o Options) error {
	return each(w, data, func(one part) error {
		if one.err != nil {
			return one.err
		}
		return WriteValue(w, one.value, o)
	})
}

// WriteOpcodes prints the operations of all pickles in data: for each its offset in data, its code, its name, its argument, and what it has to do with marks and the memo.
// They are indented by the marks that are on the stack. A pickle that can't be read is printed as far as it is good.
func WriteOpcodes(w io.Writer, data []byte, o Options) error {
	return each(w, data, func(one part) error {
		// Nothing needs the value: it was made to find what is wrong with the pickle.
		if err := disassemble(w, data, one, o); err != nil {
			return err
		}
		return one.err
	})
}

// A part is one pickle of a file.
type part struct {
	at, end  int // end is that of the data if the pickle has none
	protocol int
	value    py.Value
	err      error // why there is no value
}

// each calls print for each pickle, and ends with the first that is broken. Zeros between pickles are skipped: dbm.dumb, which shelve may use, fills its blocks with them.
func each(w io.Writer, data []byte, print func(part) error) error {
	at := 0
	for n := 1; ; n++ {
		if n > 1 {
			at += len(data[at:]) - len(bytes.TrimLeft(data[at:], "\x00"))
			if at == len(data) {
				return nil
			}
		}
		one := decode(data, at)
		if one.err == nil || one.end > at {
			if err := one.writeHead(w, n); err != nil {
				return err
			}
		}
		end := one.end
		if err := print(one); err != nil {
			return err
		}
		at = end
	}
}

func decode(data []byte, at int) part {
	if at == len(data) {
		return part{at: at, end: at, err: errors.New("no pickle: there are no bytes")}
	}
	end, protocol, whole := extent(data, at)
	if !whole {
		end = len(data)
	}
	value, err := pickle.Decode(data[at:end])
	if bad, ok := errors.AsType[*pickle.DecodeError](err); ok {
		moved := *bad
		moved.Offset += int64(at)
		err = &moved
	}
	if err == nil && !whole {
		err = errors.New("the pickle has no end") // can't be: the decoder wants its STOP as well
	}
	if err != nil && at == 0 {
		if kind := otherFormat(data); kind != "" {
			err = fmt.Errorf("no pickle, but %s (%w)", kind, err)
		}
	}
	return part{at, end, protocol, value, err}
}

func (one part) writeHead(w io.Writer, n int) error {
	about := "broken"
	if one.err == nil {
		about = fmt.Sprintf("protocol %d, %d bytes", one.protocol, one.end-one.at)
	}
	_, err := fmt.Fprintf(w, "# pickle %d at byte %d: %s\n", n, one.at, about)
	return err
}

// otherFormat names formats in which people keep pickles, or which they take for one, by how they begin.
func otherFormat(data []byte) string {
	for _, f := range []struct{ magic, name string }{
		{"\x1f\x8b", "gzip's format: unpack it first, as by gzip -dc"},
		{"BZh", "bzip2's format: unpack it first, as by bzip2 -dc"},
		{"\xfd7zXZ", "xz's format: unpack it first, as by xz -dc"},
		{"PK\x03\x04", "a zip archive (PyTorch's files are such): unpack it first, and look for data.pkl"},
		{"\x93NUMPY", "an array that numpy.save wrote"},
		{"SQLite format 3\x00", "an SQLite database (shelve makes such since Python 3.13): its values are the pickles"},
	} {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return f.name
		}
	}
	return ""
}
