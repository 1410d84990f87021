package sim

import (
	"math"
	"testing"
	"time"

	"toychain/block"
	"toychain/engine"
)

// TestSetMiner: hash power that changes finds blocks at its rate from then on, and they pay the script.
func TestSetMiner(t *testing.T) {
	w := mesh(t, 2)
	for _, n := range w.nodes {
		w.SetShare(n, 0)
	}
	w.StartMining()
	w.run1(t, time.Hour)
	if h := w.nodes[0].engine.Tree().Tip().Height; h != 0 {
		t.Fatalf("%d blocks without hash power", h)
	}
	script := block.PubKeyHashScript([20]byte{7})
	const hours = 5
	for _, share := range []float64{0.5, 2} { // of a block each Interval, ten seconds
		before := w.nodes[1].engine.Tree().Tip().Height
		w.SetMiner(w.nodes[1], script, share)
		w.run1(t, hours*time.Hour)
		found, want := float64(w.nodes[1].engine.Tree().Tip().Height-before), share*hours*360
		if math.Abs(found-want) > 4*math.Sqrt(want) {
			t.Errorf("a share of %v finds %v blocks, want about %v", share, found, want)
		}
	}
	w.SetMiner(w.nodes[1], nil, 0)
	w.run1(t, time.Minute)
	tip := w.nodes[0].engine.Tree().Tip()
	b, err := w.nodes[0].engine.Tree().Block(tip.Hash)
	if err != nil || string(b.Txs[0].Outputs[0].Script) != string(script) {
		t.Errorf("block %d does not pay the script: %v", tip.Height, err)
	}
	w.run1(t, time.Hour)
	if more := w.nodes[0].engine.Tree().Tip().Height - tip.Height; more != 0 {
		t.Errorf("%d blocks after the miner stopped", more)
	}
}

// TestMineTo: one block pays the script, the next one the node's own miner again.
func TestMineTo(t *testing.T) {
	w := mesh(t, 1)
	script := block.PubKeyHashScript([20]byte{7})
	one, err := w.MineTo(w.nodes[0], script)
	if err != nil {
		t.Fatal(err)
	}
	next, err := w.Mine(w.nodes[0])
	if err != nil {
		t.Fatal(err)
	}
	if string(one.Txs[0].Outputs[0].Script) != string(script) || string(next.Txs[0].Outputs[0].Script) != string(w.people.scripts[0]) {
		t.Error("the blocks pay others")
	}
	if found := len(coins(w.nodes[0])); found != 2 {
		t.Errorf("%d coins on the disk, want 2", found)
	}
}

// coins returns the coins on a disk.
func coins(n *Node) map[block.Outpoint]bool {
	out := map[block.Outpoint]bool{}
	for o := range n.Coins() {
		out[o] = true
	}
	return out
}

// TestShutLosesNothing: a node that ends in good order has the same chain when it starts, whatever the
// seed, and one that is wiped has a new name and nothing.
func TestShutLosesNothing(t *testing.T) {
	w := mesh(t, 2)
	n := w.nodes[0]
	mine(t, w, n, 3)
	w.run1(t, time.Second)
	tip := n.engine.Tree().Tip().Hash
	if err := w.Cut([]*Node{n}); err != nil {
		t.Fatal(err)
	}
	if err := w.Shut(n); err != nil {
		t.Fatal(err)
	}
	if err := w.Restart(n); err != nil || n.engine.Tree().Tip().Hash != tip {
		t.Fatalf("it starts at height %d: %v", n.engine.Tree().Tip().Height, err)
	}
	if err := w.NewKey(n); err == nil {
		t.Error("a running node changed its key")
	}
	if err := w.Kill(n); err != nil {
		t.Fatal(err)
	}
	if err := w.Wipe(n); err != nil {
		t.Fatal(err)
	}
	if err := w.Restart(n); err != nil || n.engine.Tree().Tip().Height != 0 || n.ID == "n1" || n.Name() != "n1" {
		t.Errorf("%s is %s at height %d: %v", n.Name(), n.ID, n.engine.Tree().Tip().Height, err)
	}
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Minute)
	if n.engine.Tree().Tip().Hash != tip {
		t.Error("it does not synchronise under its new name")
	}
}

// TestClockOfAPausedNode: it learns of its clock when it goes on.
func TestClockOfAPausedNode(t *testing.T) {
	w := mesh(t, 2)
	n := w.nodes[1]
	w.Pause(n)
	steps := n.steps
	if err := w.SetClock(n, -time.Hour); err != nil || n.steps != steps {
		t.Errorf("it made %d steps while it was paused: %v", n.steps-steps, err)
	}
	if err := w.Resume(n); err != nil || n.steps == steps {
		t.Errorf("it made %d steps: %v", n.steps-steps, err)
	}
	if got := n.Clock(); !got.Equal(w.begin.Add(w.now - time.Hour)) {
		t.Errorf("its clock says %s", got)
	}
}

// TestLinksStateTips: after a cable is repaired both ends hear of each other's blocks.
func TestLinksStateTips(t *testing.T) {
	w := mesh(t, 2)
	a, b := w.nodes[0], w.nodes[1]
	cut := func(is bool) {
		for _, ends := range [][2]*Node{{a, b}, {b, a}} {
			faults := ends[0].wireTo(ends[1]).Link
			faults.OneWay = is
			if err := w.SetLink(ends[0], ends[1], faults); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.run1(t, time.Second)
	cut(true)
	mine(t, w, a, 1)
	w.run1(t, time.Minute)
	same(t, w, 2)
	cut(false)
	w.run1(t, time.Minute)
	same(t, w, 1)
}

// TestBanned: a node names the liars that it has banned, as long as they are.
func TestBanned(t *testing.T) {
	w := mesh(t, 1)
	n := w.nodes[0]
	x, err := w.AddLiar(silent{}, n)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Act(x, func(l *Lies) { l.Send(n, engine.TxReceived{Peer: l.ID(), Tx: &block.Tx{Version: 2}}) })
	if err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	if got := n.Banned(); len(got) != 1 || got[0] != x.ID {
		t.Errorf("banned: %q, want %s", got, x.ID)
	}
	w.run1(t, banned)
	if got := n.Banned(); len(got) != 0 {
		t.Errorf("banned after the time: %q", got)
	}
}

// silent is a liar that says nothing.
type silent struct{}

func (silent) Receive(*Lies, *Node, any) {}
