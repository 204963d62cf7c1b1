package pickle

import (
	"errors"
	"io"

	"github.com/multiproc-go/multiproc/py"
)

// Decode reads the one pickle that data is. Bytes after its STOP are an error.
func Decode(data []byte) (py.Value, error) { return Config{}.Decode(data) }

// Decode reads the one pickle that data is. Bytes after its STOP are an error.
//
// Nothing of the pickle is executed: see the Registry for what is done with classes and functions. The result does not share memory with data, unless the Config says
// Alias. Errors are *DecodeErrors.
func (c Config) Decode(data []byte) (py.Value, error) {
	m := newMachine(&c)
	defer m.release()
	m.in.data = data
	m.begin()
	if limit := m.in.limit; int64(len(data)) > limit {
		return nil, &DecodeError{Err: tooMuch("the pickle has %d bytes, more than the limit of %d", len(data), limit)}
	}
	v, err := m.run()
	if err != nil {
		return nil, err
	}
	if n := m.in.left(); n > 0 {
		return nil, &DecodeError{Offset: int64(m.in.pos), Err: corrupt("%d bytes follow after the STOP", n)}
	}
	return v, nil
}

// Decoder reads pickles from a stream, one after the other. It may not be used by several goroutines at once.
type Decoder struct {
	config Config
	in     input
	err    error
}

// NewDecoder returns a Decoder of the stream. It reads ahead: what it has read of the stream and not yet decoded can be had from Buffered.
func NewDecoder(r io.Reader) *Decoder { return Config{}.NewDecoder(r) }

// NewDecoder returns a Decoder of the stream. It reads ahead: what it has read of the stream and not yet decoded can be had from Buffered. Config.Alias has no
// effect on it, and Config.Buffers are those of the first pickle.
func (c Config) NewDecoder(r io.Reader) *Decoder {
	return &Decoder{config: c, in: input{r: r}}
}

// keepBuffer is the size from which on a Decoder's buffer is not kept for the next pickle.
const keepBuffer = 1 << 20

// Value reads the next pickle. The error is io.EOF if the stream ends where a pickle could begin, and otherwise a *DecodeError. After an error the Decoder is of no more use: it returns
// the error again. Value blocks while the stream does.
func (d *Decoder) Value() (py.Value, error) {
	if d.err != nil {
		return nil, d.err
	}
	m := newMachine(&d.config)
	defer m.release()
	m.in = d.in
	m.in.start = m.in.pos
	m.begin()
	v, err := m.next()
	d.in = m.in
	if err != nil {
		d.err = err
		d.in.replace(nil)
		return nil, err
	}
	if cap(d.in.data) > keepBuffer && d.in.left() < cap(d.in.data)/8 {
		d.in.replace(append([]byte(nil), d.in.data[d.in.pos:]...))
	}
	d.config.Buffers = nil
	return v, nil
}

// next runs the next pickle of a stream.
func (m *machine) next() (py.Value, error) {
	if err := m.in.need(1); err != nil {
		if m.in.left() == 0 && errors.Is(m.in.err, io.EOF) {
			return nil, io.EOF
		}
		return nil, m.failed(0, err)
	}
	return m.run()
}

// Decode reads the next pickle and stores it in the variable that v points to, as Unmarshal does. Errors are those of Value and of Assign; after an error of Assign the next call goes
// on with the next pickle.
func (d *Decoder) Decode(v any) error {
	value, err := d.Value()
	if err != nil {
		return err
	}
	return d.config.Assign(value, v)
}

// Buffered is what was read from the stream and does not belong to the pickles that were decoded. It is valid until the next call of Value or Decode.
func (d *Decoder) Buffered() []byte { return d.in.data[d.in.pos:] }

// InputOffset is where in the stream, in bytes from where the Decoder began, the last pickle has ended.
func (d *Decoder) InputOffset() int64 { return d.in.base + int64(d.in.pos) }
