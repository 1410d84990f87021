package rogue_test

import (
	"testing"

	"toychain/engine"
	"toychain/testnet/rogue"
)

// Side blocks in bulk: a node keeps four MB of one peer's, and its neighbour does not get more of
// them through it. No node bans another for them, and the next honest block reaches both.
func TestBulk(t *testing.T) {
	w := newNet(t)
	victim, honest := w.pair()
	w.at(w.mine(honest, 5)[4], victim)
	p := w.liar(victim)
	if _, err := p.Flood(w.ctx, rogue.SideBlocks, 60); err != nil { // 250 KB each
		t.Fatal(err)
	}
	for _, n := range []struct {
		name string
		look func(func(*engine.Engine)) error
	}{
		{"the victim", func(f func(*engine.Engine)) error { return victim.Look(w.ctx, f) }},
		{"its neighbour", func(f func(*engine.Engine)) error { return honest.Look(w.ctx, f) }},
	} {
		var stale int
		if err := n.look(func(e *engine.Engine) { stale = int(e.Tree().ForkStats(1, 1000).Stale) }); err != nil {
			t.Fatal(err)
		}
		if stale*250_000 > 5<<20 { // four MB, and what a few seconds give back
			t.Errorf("%s keeps %d side blocks of 250 KB", n.name, stale)
		}
	}
	w.at(w.mine(honest, 1)[0], victim)
	if len(victim.Net().Banned())+len(honest.Net().Banned()) != 0 {
		t.Error("a side block breaks no rule, yet a peer is banned")
	}
}
