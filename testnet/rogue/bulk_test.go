package rogue_test

import (
	"testing"

	"toychain/engine"
	"toychain/internal/longtest"
	"toychain/testnet/rogue"
)

// Side blocks in bulk: a node keeps four MB of one peer's, and its neighbour does not get more of
// them through it. Of 175 MB some is ignored, and the sender is disconnected. No node bans another for them, and the next honest block reaches both.
func TestBulk(t *testing.T) {
	w := newNet(t)
	victim, honest := w.pair()
	w.at(w.mine(honest, 5)[4], victim)
	p := w.liar(victim)
	n := longtest.Pick(60, 700)
	if _, err := p.Flood(w.ctx, rogue.SideBlocks, n); err != nil { // 250 KB each
		t.Fatal(err)
	}
	if n == 700 && (p.Connected() != 0 || victim.Net().Ignored() == 0) {
		t.Errorf("after 175 MB it is connected with %d nodes; %d messages were ignored", p.Connected(), victim.Net().Ignored())
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
		if stale*250_000 > 6<<20 { // four MB, and what some seconds give back
			t.Errorf("%s keeps %d side blocks of 250 KB", n.name, stale)
		}
	}
	w.at(w.mine(honest, 1)[0], victim)
	if len(victim.Net().Banned())+len(honest.Net().Banned()) != 0 {
		t.Error("a side block breaks no rule, yet a peer is banned")
	}
}
