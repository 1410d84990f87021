package votes

import (
	"math"
	"math/rand/v2"
	"testing"

	"toychain/lab"
)

// TestTable: no figure disagrees with the theory.
func TestTable(t *testing.T) {
	r, err := Config{Runs: 150, Seed: 1}.Run(t.Context(), lab.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range r.Cells {
		t.Logf("%-34s %-6s %2d %8.4g (%.4g to %.4g) %8.4g %s  %s", c.Question, c.Engine, c.Nodes, c.Measured, c.Low, c.High, c.Theory, c.Verdict, c.Note)
		if c.Verdict == lab.Disagrees || c.Verdict == lab.Undecided && c.Question != "cuts won by the 2 nodes" {
			t.Errorf("%s, %s: %s", c.Question, c.Engine, c.Verdict)
		}
		seen[c.Engine] = true
	}
	if len(seen) != len(engines) || len(r.Cells) < 50 || len(r.Shown) == 0 {
		t.Errorf("%d engines, %d cells, %d messages shown", len(seen), len(r.Cells), len(r.Shown))
	}
}

// TestDepths: the formula for what a cut costs gives the published figures, and those that were
// computed elsewhere.
func TestDepths(t *testing.T) {
	for _, c := range []struct {
		s           float64
		n           int
		depth, wins float64
	}{{.4, 20, 7.56, .156}, {.3, 6, 1.61, .111}} {
		depth, wins := depthOf(c.s, c.n, poisson)
		if math.Abs(depth-c.depth) > .005 || math.Abs(wins-c.wins) > .0005 {
			t.Errorf("share %v, %v blocks: depth %.3f, wins %.4f", c.s, c.n, depth, wins)
		}
	}
	if depth, wins := depthOf(.5, 2, slots); math.Abs(depth-.5) > 1e-9 || math.Abs(wins-.25) > 1e-9 { // 0-2, 1-1 twice, 2-0
		t.Errorf("two slots: depth %v, wins %v", depth, wins)
	}
}

// TestTreeMeetsLottery: the tree that grows at random is the one that an attacker grows who plays
// the lottery of each parent on each of its blocks, in every slot.
func TestTreeMeetsLottery(t *testing.T) {
	const height, trees, chances = 8, 60, .05
	var byLottery, byModel []float64
	rng := rand.New(rand.NewPCG(5, 5))
	for seed := range uint64(trees) {
		l := &lottery{seed: seed, parent: true, chances: chances, shares: []float64{1}}
		tree, top := []*stakeBlock{genesis}, 0
		slot := 0
		for ; top < height; slot++ {
			for _, b := range tree[:len(tree):len(tree)] {
				if l.may(1, slot+1, b) {
					tree = append(tree, b.child(slot+1, 1, 0, false))
					top = max(top, b.height+1)
				}
			}
		}
		byLottery = append(byLottery, float64(slot)*chances)
		byModel = append(byModel, grow(rng, 0, height))
	}
	a, b := lab.Average(byLottery), lab.Average(byModel)
	t.Logf("height %d after %.3f (%.3f to %.3f) and %.3f (%.3f to %.3f)", height, a.Rate, a.Low, a.High, b.Rate, b.Low, b.High)
	if a.Low > b.High || b.Low > a.High {
		t.Error("they differ")
	}
}

// TestOldKeys: what old keys undo, and that a limit stops it on nodes that had the true history.
func TestOldKeys(t *testing.T) {
	tt := tableFor(t, 9)
	for _, c := range []struct {
		keep   int
		undone float64
	}{{0, 1}, {maxUndone, 0}} {
		if undone, fooled := tt.rewrite(c.keep); undone != c.undone || fooled != 1 || tt.err != nil {
			t.Errorf("keep %d: %v undone, newcomer misled: %v, %v", c.keep, undone, fooled, tt.err)
		}
	}
}

// TestCheck: limits of a run.
func TestCheck(t *testing.T) {
	for runs, fine := range map[int]bool{minRuns - 1: false, minRuns: true, maxRuns: true, maxRuns + 1: false} {
		if err := (&Config{Runs: runs}).Check(); (err == nil) != fine {
			t.Errorf("%d runs: %v", runs, err)
		}
	}
}
