package sim

import (
	"testing"
	"time"

	"toychain/block"
)

// TestPowerFailsAtEveryWrite: whichever write of a reorganisation the power fails at, the disk has
// the old tip and the old journal, or the new ones, and the node ends with the network.
func TestPowerFailsAtEveryWrite(t *testing.T) {
	old, moved := 0, 0
	for write := 1; write <= 12; write++ {
		w := mesh(t, 3)
		w.run1(t, time.Second)
		if err := w.Cut(w.nodes[:1], w.nodes[1:]); err != nil {
			t.Fatal(err)
		}
		mine(t, w, w.nodes[0], 1)
		mine(t, w, w.nodes[1], 2)
		w.run1(t, 2*time.Second)
		before := w.nodes[0].engine.Tree().Tip().Hash
		if err := w.CutPower(w.nodes[0], write); err != nil {
			t.Fatal(err)
		}
		if err := w.Heal(); err != nil {
			t.Fatal(err)
		}
		w.run1(t, 2*time.Second)
		if w.nodes[0].Up() {
			t.Logf("there are %d writes", write-1)
			break
		}
		switch tip, journal := w.nodes[0].Stored(); {
		case tip == before && len(journal) == 0:
			old++
		case tip == w.nodes[1].engine.Tree().Tip().Hash && len(journal) == 1 && journal[0].To.Hash == tip:
			moved++
		default:
			t.Errorf("write %d: the tip is %s, and %d reorganisations are in the journal", write, tip, len(journal))
		}
		if err := w.Restart(w.nodes[0]); err != nil {
			t.Fatal(err)
		}
		w.run1(t, time.Minute)
		same(t, w, 1)
	}
	if old < 2 {
		t.Errorf("the old tip was found %d times, the new one %d times", old, moved)
	}
}

// TestPowerAndRestartAtOnce: a node that is started in the moment in which its power failed is a new
// peer to the others, and they are to it.
func TestPowerAndRestartAtOnce(t *testing.T) {
	w := mesh(t, 2)
	w.run1(t, time.Second)
	a, b := w.nodes[0], w.nodes[1]
	if err := w.CutPower(a, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Mine(a); err != nil || a.Up() {
		t.Fatalf("the power did not fail, or the world: %v", err)
	}
	if err := w.Restart(a); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Second)
	for _, pair := range [][2]*Node{{a, b}, {b, a}} {
		if _, known := pair[0].engine.LastCommon(pair[1].ID); !known {
			t.Errorf("%s does not know that %s is there", pair[0].ID, pair[1].ID)
		}
	}
}

// TestTwin: two engines under one ID, on two branches, may be penalized, and the rest agrees.
func TestTwin(t *testing.T) {
	w := mesh(t, 4)
	w.run1(t, time.Second)
	twin, err := w.AddTwin(w.nodes[0], w.nodes[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	if twin.ID != "n1" {
		t.Errorf("the twin's ID is %s", twin.ID)
	}
	if err := w.Cut(w.nodes[:1], w.nodes[1:]); err != nil {
		t.Fatal(err)
	}
	mine(t, w, w.nodes[0], 3)
	mine(t, w, w.nodes[1], 2)
	w.run1(t, 10*time.Second)
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	w.run1(t, time.Minute)
	mine(t, w, w.nodes[0], 1)
	w.run1(t, time.Minute)
	same(t, w, 1)
	if tip := w.nodes[0].engine.Tree().Tip().Hash; twin.engine.Tree().Tip().Hash != tip || tip == (block.Hash{}) {
		t.Errorf("the twin has another tip")
	}
}
