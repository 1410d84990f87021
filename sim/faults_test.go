package sim

import (
	"testing"
	"time"

	"toychain/block"
	"toychain/peer"
)

// mesh returns a world of a few connected nodes, in which only the test mines.
func mesh(t *testing.T, nodes int) *World {
	t.Helper()
	w, err := New(Config{Nodes: nodes, Seed: 1, Interval: 10 * time.Second, Delay: Constant(20 * time.Millisecond), Topology: Mesh, Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *World) run1(t *testing.T, d time.Duration) {
	t.Helper()
	if err := w.RunFor(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func mine(t *testing.T, w *World, n *Node, count int) {
	t.Helper()
	for range count {
		if _, err := w.Mine(n); err != nil {
			t.Fatal(err)
		}
	}
}

func tips(w *World) (out []block.Hash) {
	for _, n := range w.nodes {
		if n.engine != nil {
			out = append(out, n.engine.Tree().Tip().Hash)
		}
	}
	return out
}

func same(t *testing.T, w *World, want int) {
	t.Helper()
	seen := map[block.Hash]bool{}
	for _, tip := range tips(w) {
		seen[tip] = true
	}
	if len(seen) != want {
		t.Errorf("after %s there are %d tips, want %d", w.now, len(seen), want)
	}
}

// TestCutAndHeal: both sides go on, and the lighter one gives way.
func TestCutAndHeal(t *testing.T) {
	w := mesh(t, 4)
	w.run1(t, time.Second)
	mine(t, w, w.nodes[0], 1)
	w.run1(t, time.Second)
	same(t, w, 1)
	if err := w.Cut(w.nodes[:2], w.nodes[2:]); err != nil {
		t.Fatal(err)
	}
	mine(t, w, w.nodes[0], 2)
	mine(t, w, w.nodes[2], 3)
	w.run1(t, time.Second)
	same(t, w, 2)
	heavier := w.nodes[2].engine.Tree().Tip().Hash
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	same(t, w, 1)
	if got := w.nodes[0].engine.Tree().Tip().Hash; got != heavier {
		t.Errorf("the tip is %s, the heavier side's was %s", got, heavier)
	}
}

// TestKillLosesTheUnsynced: a node that comes back has the old tip or the new one, and
// catches up.
func TestKillLosesTheUnsynced(t *testing.T) {
	w := mesh(t, 3)
	w.run1(t, time.Second)
	mine(t, w, w.nodes[0], 30)
	w.run1(t, time.Second)
	for range 20 {
		if err := w.Kill(w.nodes[1]); err != nil {
			t.Fatal(err)
		}
		mine(t, w, w.nodes[0], 2)
		w.run1(t, 100*time.Millisecond)
		if err := w.Restart(w.nodes[1]); err != nil {
			t.Fatal(err)
		}
		w.run1(t, 70*time.Millisecond) // the next power failure comes in the middle of it
	}
	w.run1(t, time.Minute)
	same(t, w, 1)
	if got := w.nodes[1].engine.Tree().Tip().Height; got != 70 {
		t.Errorf("height %d, want 70", got)
	}
}

// TestPauseHoldsStill: what arrives meanwhile is there afterwards.
func TestPauseHoldsStill(t *testing.T) {
	w := mesh(t, 3)
	w.run1(t, time.Second)
	w.Pause(w.nodes[1])
	mine(t, w, w.nodes[0], 3)
	w.run1(t, time.Second)
	same(t, w, 2)
	if err := w.Resume(w.nodes[1]); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	same(t, w, 1)
}

// TestOneWay: a node that hears nothing of its peers is left behind, and they are not.
func TestOneWay(t *testing.T) {
	w := mesh(t, 2)
	w.run1(t, time.Second)
	if err := w.SetLink(w.nodes[0], w.nodes[1], peer.Link{OneWay: true}); err != nil {
		t.Fatal(err)
	}
	mine(t, w, w.nodes[1], 2)
	w.run1(t, 5*time.Minute)
	same(t, w, 2)
	mine(t, w, w.nodes[0], 3)
	w.run1(t, 5*time.Minute)
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	mine(t, w, w.nodes[0], 1)
	w.run1(t, time.Minute)
	same(t, w, 1)
}

// TestSlowClock: a block that is too far ahead of a node's clock waits for its time.
func TestSlowClock(t *testing.T) {
	w := mesh(t, 3)
	w.run1(t, time.Second)
	if err := w.SetClock(w.nodes[2], -3*time.Hour); err != nil {
		t.Fatal(err)
	}
	mine(t, w, w.nodes[0], 2)
	w.run1(t, time.Minute)
	same(t, w, 2)
	if err := w.SetClock(w.nodes[2], 0); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Minute)
	same(t, w, 1)
}

// TestBandwidthAndLoss: slow, lossy links delay and lose nothing for good.
func TestBandwidthAndLoss(t *testing.T) {
	cfg := small(3)
	cfg.Loss, cfg.Bandwidth, cfg.Topology = .3, 20_000, Ring
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r.Tips != 1 || r.Propagation.P90 < 500 {
		t.Errorf("%+v", *r)
	}
}

// TestPauseKeepsGossip: gossip that arrives at a paused node is there afterwards, and passed on.
func TestPauseKeepsGossip(t *testing.T) {
	w, err := New(Config{Nodes: 3, Seed: 1, Interval: 10 * time.Second, Delay: Constant(20 * time.Millisecond), Topology: Line, Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	mine(t, w, w.nodes[0], 15)
	w.run1(t, time.Second)
	w.Pause(w.nodes[1])
	if err := w.pay(w.nodes[0]); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	if err := w.Resume(w.nodes[1]); err != nil {
		t.Fatal(err)
	}
	w.run1(t, 100*time.Millisecond) // no mempool is asked for so soon
	for _, n := range w.nodes {
		if n.engine.Pool().Len() != 1 {
			t.Errorf("%s has %d pending payments, want 1", n.ID, n.engine.Pool().Len())
		}
	}
}
