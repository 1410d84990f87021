package rogue_test

import (
	"testing"

	"toychain/testnet/rogue"
)

// A rogue tells eight false addresses of the honest peer, and ninety addresses of peers that do
// not exist, all of one machine. A new node that knows only the victim finds the honest peer all
// the same, and the machine is not flooded with connections.
func TestHearsay(t *testing.T) {
	w := newNet(t)
	target, err := rogue.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	victim, honest := w.pair()
	strangers, err := target.Strangers(90)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rogue.Join(w.ctx, rogue.Config{Params: w.params, Call: victim.Net().Addrs(),
		Tell: append(rogue.Misplaced(string(honest.Net().ID()), 8), strangers...)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Leave()
	w.until("the victim dials what the rogue told", func() bool { return target.Dials() > 0 })
	late := w.node(victim)
	w.until("the new node finds the honest one", func() bool { return joined(late, honest) })
	w.at(w.mine(late, 1)[0], victim, honest)
	if n := target.Dials(); n > 2*(16+12) { // of two nodes, in less than a minute
		t.Errorf("%d connections with a stranger's machine", n)
	}
}
