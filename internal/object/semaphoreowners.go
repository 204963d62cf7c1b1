package object

import (
	"cmp"
	"slices"
	"time"
)

// permits are who has how many permits of a semaphore, as far as their callers' permits are reclaimed. The semaphore's mutex guards them.
type permits struct {
	owners map[*Caller]*permit
}

type permit struct {
	n     int64
	since time.Duration
}

// add notes one more permit of c.
func (p *permits) add(c *Caller) {
	if !c.Reclaim {
		return
	}
	if p.owners == nil {
		p.owners = map[*Caller]*permit{}
	}
	if have := p.owners[c]; have != nil {
		have.n++
		return
	}
	p.owners[c] = &permit{n: 1, since: now()}
}

func (p *permits) of(c *Caller) int64 {
	if have := p.owners[c]; have != nil {
		return have.n
	}
	return 0
}

func (p *permits) has(c *Caller) bool { return p.of(c) > 0 }

// remove is a release of n permits by c: as far as c has none, those of who has had them longest, as anybody may release a semaphore.
func (p *permits) remove(c *Caller, n int64) {
	for n > 0 && len(p.owners) > 0 {
		have := p.owners[c]
		if have == nil {
			c, have = p.oldest()
		}
		took := min(n, have.n)
		if have.n -= took; have.n == 0 {
			delete(p.owners, c)
		}
		n -= took
	}
}

// oldest is who has had permits for the longest time. There must be one.
func (p *permits) oldest() (first *Caller, has *permit) {
	for c, have := range p.owners {
		if has == nil || have.since < has.since {
			first, has = c, have
		}
	}
	return first, has
}

func (p *permits) holdings() []Holding {
	var hs []Holding
	for c, have := range p.owners {
		hs = append(hs, Holding{Caller: c.Name, ID: c.ID, What: "permits", Count: int(have.n), Since: started.Add(have.since)})
	}
	slices.SortFunc(hs, func(a, b Holding) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Caller, b.Caller))
	})
	return hs
}
