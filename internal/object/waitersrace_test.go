package object

import (
	"context"
	"sync"
	"testing"
)

// The moment in which somebody is granted something and vanishes: the test has the mutex, so that he wakes up only when both have happened.
func bothAtOnce(mu *sync.Mutex, grant func(), a *actor) {
	mu.Lock()
	defer mu.Unlock()
	grant()
	a.vanish()
}

func TestGrantedAndGone(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, ConditionType, SemaphoreType, BoundedSemaphoreType} {
		o, as := makeHolder(t, typ), newActors(3)
		as[0].do(t, "True", o, "acquire")
		out1, out2 := as[1].start(t, o, "acquire"), as[2].start(t, o, "acquire")
		switch o := o.(type) {
		case *lock:
			bothAtOnce(&o.latch.mu, o.latch.pass, as[1])
		case *rlock:
			bothAtOnce(&o.latch.mu, o.latch.pass, as[1])
		case *condition:
			bothAtOnce(&o.latch.mu, o.latch.pass, as[1])
		case *semaphore:
			bothAtOnce(&o.mu, func() { o.giveBack(as[0].Caller, 1) }, as[1])
		}
		expect(t, out1, goneText)
		expect(t, out2, "True")
		as[2].do(t, "None", o, "release")
		newActor("next").do(t, "True", o, "acquire", false)
	}
}

// TestBoundStaysBound: a permit that somebody else has released already is not given back once more for who is gone.
func TestBoundStaysBound(t *testing.T) {
	o, as := makeObject(t, BoundedSemaphoreType).(*semaphore), newActors(2)
	as[0].do(t, "True", o, "acquire")
	out := as[1].start(t, o, "acquire")
	bothAtOnce(&o.mu, func() {
		o.giveBack(as[0].Caller, 1)
		o.giveBack(as[0].Caller, 1) // a second release, which is possible since nobody has permits
	}, as[1])
	expect(t, out, goneText)
	as[0].do(t, "True", o, "acquire", false)
	as[0].do(t, "False", o, "acquire", false)
}

func TestNotifiedAndGone(t *testing.T) {
	o, as := makeObject(t, ConditionType).(*condition), newActors(3)
	var outs []<-chan string
	for _, a := range as[:2] {
		a.do(t, "True", o, "acquire")
		outs = append(outs, a.start(t, o, "wait"))
	}
	as[2].do(t, "True", o, "acquire")
	bothAtOnce(&o.latch.mu, func() {
		o.tellAll(1)
		o.latch.drop(as[2].Caller)
	}, as[0])
	expect(t, outs[0], goneText)
	expect(t, outs[1], "True")
	as[1].do(t, "None", o, "release")
	as[2].do(t, "True", o, "acquire", false)
}

func TestServedAndGone(t *testing.T) {
	o, as := makeObject(t, QueueType, int64(1)).(*queue), newActors(3)
	get0, get1 := as[0].start(t, o, "get"), as[1].start(t, o, "get")
	bothAtOnce(&o.mu, func() { o.offer("a", nil) }, as[0])
	expect(t, get0, goneText)
	expect(t, get1, "'a'")
	as[2].do(t, "None", o, "put", "b")
	put := as[1].start(t, o, "put", "c")
	bothAtOnce(&o.mu, func() { o.take(&Call{}, nil) }, as[1])
	expect(t, put, "None") // it is in the queue
	as[2].do(t, "'c'", o, "get", false)
}

// TestNoPhantomParty: who is gone does not count, even if he has not noticed yet.
func TestNoPhantomParty(t *testing.T) {
	o, as := makeObject(t, BarrierType, int64(2)).(*barrier), newActors(2)
	ctx, leave := context.WithCancel(context.Background())
	leave()
	o.mu.Lock()
	o.waiters.push(newTestWaiter(ctx))
	o.mu.Unlock()
	out := as[0].start(t, o, "wait")
	as[1].do(t, "1", o, "wait")
	expect(t, out, "0")
}
