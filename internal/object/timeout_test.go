package object

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

func TestTimeouts(t *testing.T) {
	huge := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	second := limit(time.Second)
	const (
		notInt     = "TypeError: 'str' object cannot be interpreted as an integer"
		notMore    = "TypeError: '>' not supported between instances of 'str' and 'int'"
		notLess    = "TypeError: '<' not supported between instances of 'str' and 'int'"
		notAdded   = "TypeError: unsupported operand type(s) for +: 'float' and 'str'"
		negative   = "ValueError: timeout value must be a non-negative number"
		queueBelow = "ValueError: 'timeout' must be a non-negative number"
		noNumber   = "ValueError: Invalid value NaN (not a number)"
		tooFar     = "OverflowError: timestamp out of range for platform time_t"
		tooLarge   = "OverflowError: timestamp too large to convert to C PyTime_t"
	)
	for _, c := range []struct {
		timeout               py.Value
		lock, wait, sum, tail any // limit or text: of lockLimit, waitLimit, deadlineLimit, queueLimit
	}{
		{nil, "TypeError: 'NoneType' object cannot be interpreted as an integer", forever, forever, forever},
		{int64(0), limit(0), limit(0), limit(0), limit(0)},
		{false, limit(0), limit(0), limit(0), limit(0)},
		{true, second, second, second, second},
		{int64(2), 2 * second, 2 * second, 2 * second, 2 * second},
		{0.5, second / 2, second / 2, second / 2, second / 2},
		{1e-12, limit(1), limit(1), limit(1), limit(1)},
		{int64(-1), forever, limit(0), limit(0), queueBelow},
		{-1.0, forever, limit(0), limit(0), queueBelow},
		{int64(-5), negative, limit(0), limit(0), queueBelow},
		{-1e-20, negative, limit(0), limit(0), queueBelow},
		{math.Copysign(0, -1), limit(0), limit(0), limit(0), limit(0)},
		{math.NaN(), noNumber, limit(0), forever, forever},
		{math.Inf(1), tooFar, tooFar, tooFar, tooFar},
		{math.Inf(-1), tooFar, limit(0), limit(0), queueBelow},
		{1e300, tooFar, tooFar, tooFar, tooFar},
		{1e10, tooFar, tooFar, tooFar, tooFar},
		{9e9, 9_000_000_000 * second, 9_000_000_000 * second, 9_000_000_000 * second, 9_000_000_000 * second},
		{huge, tooLarge, tooLarge, tooLarge, tooFar},
		{new(big.Int).Neg(huge), tooLarge, limit(0), limit(0), queueBelow},
		{int64(9223372037), tooLarge, tooLarge, tooLarge, tooFar},
		{"x", notInt, notMore, notAdded, notLess},
	} {
		check := func(of string, want any, lim limit, err error) {
			t.Helper()
			if err != nil && err.Error() != want || err == nil && lim != want {
				t.Errorf("%s(%v) = %v, %v; want %v", of, c.timeout, lim, err, want)
			}
		}
		lim, err := lockLimit(true, c.timeout)
		check("lockLimit", c.lock, lim, err)
		lim, err = waitLimit(c.timeout)
		check("waitLimit", c.wait, lim, err)
		lim, err = deadlineLimit(c.timeout)
		check("deadlineLimit", c.sum, lim, err)
		lim, tooLong, err := queueLimit(c.timeout)
		if err == nil {
			err = tooLong
		}
		check("queueLimit", c.tail, lim, err)
	}
}
