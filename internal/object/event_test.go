package object

import "testing"

func TestEventWakesAll(t *testing.T) {
	o, as := makeHolder(t, EventType), newActors(4)
	var outs []<-chan string
	for _, a := range as {
		outs = append(outs, a.start(t, o, "wait"))
	}
	as[1].vanish()
	expect(t, outs[1], goneText)
	setter := newActor("setter")
	setter.do(t, "None", o, "set")
	setter.do(t, "None", o, "clear")
	for i, out := range outs {
		if i != 1 {
			expect(t, out, "True")
		}
	}
	setter.do(t, "False", o, "is_set")
	setter.do(t, "False", o, "wait", 0.001)
	if hs := o.Holdings(); len(hs) > 0 {
		t.Errorf("left: %v", hs)
	}
}
