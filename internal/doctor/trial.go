package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// trialPatience bounds the trial: a machine on which a worker takes longer is
// as good as broken.
const trialPatience = 20 * time.Second

var trialWorker = multiproc.Register("doctor.trial", func(_ context.Context, n *shm.Value[int64]) (int64, error) {
	return shm.Add(n, 1)
})

// Trial returns what [Facts.Try] calls: it starts a worker that adds to a
// shared number, and looks at the number. The program must have called
// multiproc.Main.
func Trial(ctx context.Context) func() (string, error) {
	return func() (string, error) {
		ctx, cancel := context.WithTimeout(ctx, trialPatience)
		defer cancel()
		n, err := shm.NewValue(int64(41))
		if err != nil {
			return "", err
		}
		defer n.Close()
		begin := time.Now()
		p, err := trialWorker.Start(ctx, n)
		if err != nil {
			return "", err
		}
		said, err := p.Wait(ctx)
		took := time.Since(begin)
		if err != nil {
			return "", err
		}
		have, err := n.Load()
		if err != nil {
			return "", err
		}
		if said != 42 || have != 42 {
			return "", fmt.Errorf("a worker added 1 to a shared 41 and saw %d, here it is %d", said, have)
		}
		return fmt.Sprintf("started, added to a shared number and ended in %.1f ms", took.Seconds()*1e3), nil
	}
}
