package rows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/bench"
)

// A delivery is what a worker is told of the blocks that it will get.
type delivery struct {
	Address string
	Size    int
}

// receiveBlocks gets numbered blocks, and sends a byte for each.
var receiveBlocks = multiproc.Register("bench.connection", func(ctx context.Context, d delivery) (struct{}, error) {
	c, err := connection.Dial(ctx, "unix", d.Address, benchKey)
	if err != nil {
		return struct{}{}, err
	}
	defer c.Close()
	return struct{}{}, takeBlocks(d.Size, func(block []byte) (int, error) { return c.RecvBytesInto(ctx, block) },
		func() error { return c.SendBytes(ctx, []byte{1}) })
})

var receiveBlocksBare = multiproc.Register("bench.connection.bare", func(_ context.Context, d delivery) (struct{}, error) {
	c, err := net.Dial("unix", d.Address)
	if err != nil {
		return struct{}{}, err
	}
	defer c.Close()
	return struct{}{}, takeBlocks(d.Size, func(block []byte) (int, error) { return io.ReadFull(c, block) },
		func() error { _, err := c.Write([]byte{1}); return err })
})

// takeBlocks receives until there is no more, and says what is wrong with a block.
func takeBlocks(size int, receive func([]byte) (int, error), thank func() error) error {
	block := make([]byte, size)
	for i := uint64(0); ; i++ {
		n, err := receive(block)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n != size:
			return fmt.Errorf("block %d has %d bytes, want %d", i, n, size)
		}
		if got, end := binary.LittleEndian.Uint64(block), block[size-1]; got != i || end != byte(i) {
			return fmt.Errorf("block %d begins with %d and ends with %d", i, got, end)
		}
		if err := thank(); err != nil {
			return err
		}
	}
}

// giveBlocks is a case that sends n blocks in each round, and waits for a byte after each.
func giveBlocks(key, label string, n, size int, send func([]byte) error, thanks func() error) bench.Case {
	block, i := make([]byte, size), uint64(0)
	return bench.Case{Key: key, Label: label, Round: func(context.Context) (bench.Sample, error) {
		start := time.Now()
		for range n {
			binary.LittleEndian.PutUint64(block, i)
			block[size-1] = byte(i)
			i++
			if err := send(block); err != nil {
				return bench.Sample{}, err
			}
			if err := thanks(); err != nil {
				return bench.Sample{}, err
			}
		}
		return bench.Per(time.Since(start), n), nil
	}}
}

func setUpLargeMessages(ctx context.Context, w workload) (*bench.Work, error) {
	mine, endMine, err := blocksByConnection(ctx, w)
	if err != nil {
		return nil, err
	}
	bare, endBare, err := blocksBySocket(ctx, w)
	if err != nil {
		endMine()
		return nil, err
	}
	return &bench.Work{
		Cases: []bench.Case{mine, bare},
		Notes: []string{"into one buffer, and a byte back for each message; the bare socket is a net.UnixConn, Write and io.ReadFull"},
		Close: closeAll(endMine, endBare),
	}, nil
}

func blocksByConnection(ctx context.Context, w workload) (one bench.Case, end func() error, err error) {
	l, err := connection.Listen("unix", "", benchKey)
	if err != nil {
		return one, nil, err
	}
	defer l.Close()
	p, err := receiveBlocks.Start(ctx, delivery{l.Addr().String(), w.block})
	if err != nil {
		return one, nil, err
	}
	c, err := l.Accept(p.Context()) // which ends with the worker
	if err != nil {
		_, _ = p.Wait(context.Background())
		return one, nil, err
	}
	var thanks [1]byte
	one = giveBlocks(ours, ours, w.blocks, w.block,
		func(block []byte) error { return c.SendBytes(ctx, block) },
		func() error { _, err := c.RecvBytesInto(ctx, thanks[:]); return err })
	return one, closeAll(c.Close, func() error { _, err := p.Wait(context.Background()); return err }), nil
}

func blocksBySocket(ctx context.Context, w workload) (one bench.Case, end func() error, err error) {
	dir, err := os.MkdirTemp("", "multiproc-bench-")
	if err != nil {
		return one, nil, err
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		return one, nil, err
	}
	defer l.Close()
	p, err := receiveBlocksBare.Start(ctx, delivery{l.Addr().String(), w.block})
	if err != nil {
		return one, nil, err
	}
	stop := context.AfterFunc(p.Context(), func() { l.Close() })
	c, err := l.Accept()
	stop()
	if err != nil {
		_, _ = p.Wait(context.Background())
		return one, nil, err
	}
	var thanks [1]byte
	one = giveBlocks(socket, "a bare socket", w.blocks, w.block,
		func(block []byte) error { _, err := c.Write(block); return err },
		func() error { _, err := io.ReadFull(c, thanks[:]); return err })
	return one, closeAll(c.Close, func() error { _, err := p.Wait(context.Background()); return err }), nil
}
