package node

import (
	"testing"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
)

// What is told of a block's age, from its coming until its birth is known, or given up.
func TestBirths(t *testing.T) {
	b := newBirths()
	id := func(n byte) block.Hash { return block.Hash{n} }
	age := func(n byte) time.Duration { return b.ages([]block.Hash{id(n)})[0] }
	now := time.Now()
	came := func(n byte, from peer.ID, at time.Time) arrival {
		a := arrival{id: id(n), from: from, at: at}
		b.came(a)
		return a
	}

	if got := age(1); got != p2p.AgeUnknown {
		t.Errorf("of what never came: %v", got)
	}
	came(1, "", now.Add(-time.Minute))
	if got := age(1); got < time.Minute || got > time.Minute+time.Since(now) {
		t.Errorf("of our own: %v", got)
	}
	a := came(2, "x", now)
	b.came(arrival{id: id(2), from: "y", at: now.Add(time.Second)}) // a second time counts for nothing
	if got := age(2); got != p2p.AgePending {
		t.Errorf("of what nobody was asked about: %v", got)
	}
	if due := b.take(); len(due) != 1 || len(due["x"]) != 1 || due["x"][0] != a {
		t.Fatalf("due: %v", due)
	}
	if born := b.learn(a, p2p.AgePending, now.Add(agePatience-1)); !born.IsZero() || len(b.take()["x"]) != 1 {
		t.Errorf("it is not known yet, and was not put off: %v", born)
	}
	if born := b.learn(a, time.Hour, now.Add(time.Second)); !born.Equal(now.Add(time.Second - time.Hour)) {
		t.Errorf("born %v before it came", now.Sub(born))
	}
	if got := age(2); got < time.Hour-time.Second || got > time.Hour+time.Since(now) {
		t.Errorf("of what a peer told: %v", got)
	}
	for name, end := range map[string]func(a arrival){
		"nobody will know":        func(a arrival) { b.learn(a, p2p.AgeUnknown, now) },
		"nobody knows in time":    func(a arrival) { b.learn(a, p2p.AgePending, now.Add(agePatience)) },
		"it is forgotten already": func(a arrival) { b.learn(a, p2p.AgeUnknown, now); b.learn(a, time.Second, now) },
	} {
		a := came(3, "x", now)
		b.take()
		if end(a); age(3) != p2p.AgeUnknown || len(b.take()) != 0 || len(b.at) != 2 || len(b.last) != 2 {
			t.Errorf("%s: age %v, %d are kept", name, age(3), len(b.at))
		}
	}
}

// Of our own blocks the last 2,000 are remembered, of others 500 wait for an answer.
func TestBirthsAreBounded(t *testing.T) {
	b := newBirths()
	id := func(n int) block.Hash { return block.Hash{byte(n), byte(n >> 8)} }
	for i := range 2001 {
		b.came(arrival{id: id(i), at: time.Now()})
	}
	ages := b.ages([]block.Hash{id(0), id(1), id(2000)})
	if len(b.at) != 2000 || len(b.last) != 2000 || ages[0] != p2p.AgeUnknown || ages[1] < 0 || ages[2] < 0 {
		t.Errorf("%d are remembered, the ages are %v", len(b.at), ages)
	}
	b = newBirths()
	for i := range 501 {
		b.came(arrival{id: id(i), from: "x", at: time.Now()})
	}
	if n := len(b.take()["x"]); n != 500 || len(b.at) != 500 {
		t.Errorf("%d are asked for, %d remembered", n, len(b.at))
	}
	for i := range 501 {
		b.came(arrival{id: id(1000 + i), from: "x", at: time.Now()})
	}
	if b.learn(arrival{id: id(0), at: time.Now()}, p2p.AgePending, time.Now()); len(b.take()["x"]) != 500 {
		t.Error("one that is put off makes more wait than may")
	}
}

// However wrong a node's clock is, a block is its tip a moment after it came.
func TestHeardWithAWrongClock(t *testing.T) {
	for _, clock := range []time.Duration{-time.Hour, time.Hour} {
		n := start(t, Config{Clock: clock})
		events := n.Watch(t.Context())
		begun := time.Now()
		generate(t, n, 1)
		for ev := range events {
			if ev.Kind != engine.TipChanged {
				continue
			}
			if ev.Duration <= 0 || ev.Duration > time.Since(begun) {
				t.Errorf("clock %v: it took %v", clock, ev.Duration)
			}
			break
		}
	}
}
