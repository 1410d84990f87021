package votes

import (
	"fmt"
	"slices"
)

// How long the phases of an experiment last, in beats.
const (
	before = 20 // nothing is wrong
	react  = 5  // the others notice
	during = 60 // what is counted
	settle = 20 // what was proposed is decided
)

// tries is how often an experiment with crashes or cuts is repeated with other seeds.
const tries = 5

// crashes stops more and more nodes, and looks with how many the rest goes on.
func (t *table) crashes() {
	for _, p := range engines {
		survived := -1
		for k := 0; k < p.n && survived == k-1; k++ {
			if t.goesOn(p, k) {
				survived = k
			}
		}
		theory := map[string]int{"paxos": 2, "raft": 2, "pbft": 1, "work": 4, "stake": 4}[p.name]
		note := "with one more, nothing is decided"
		if survived == p.n-1 {
			note = "the last node goes on alone"
		}
		t.counted("crashes survived", p, p.n, float64(survived), float64(theory), note)
	}
}

// goesOn reports whether the rest decides something after k nodes have crashed, whichever these are.
func (t *table) goesOn(p *protocol, k int) bool {
	for range tries {
		w := t.world(p, p.n)
		p.clients(w, before+react+during, upTo(1, p.n)...)
		t.run(w, p, before)
		dead := w.rng.Perm(p.n)[:k]
		for _, i := range dead {
			w.crash(i + 1)
		}
		t.run(w, p, react)
		rest := slices.DeleteFunc(upTo(1, p.n), func(id int) bool { return slices.Contains(dead, id-1) })
		w.fresh()
		t.run(w, p, during)
		t.end(w)
		if t.err != nil || !w.allGo(rest) {
			return false
		}
	}
	return true
}

// cuts divides the nodes into a larger and a smaller side, and looks which sides go on, and what is
// undone after the heal.
func (t *table) cuts() {
	for _, p := range engines {
		sides := 2
		if p.byVotes {
			sides = 1
		}
		t.cut(p, 3, sides)
	}
	t.cut(byPBFT, 2, 0)
}

// cut is one cut, of the first so many nodes from the rest, repeated with other seeds.
func (t *table) cut(p *protocol, first, theory int) {
	all := upTo(1, p.n)
	left, right := all[:first], all[first:]
	least, undone, dropped := 0, 0, 0
	for i := range tries {
		w := t.world(p, p.n)
		p.clients(w, before+react+2*during, all...)
		t.run(w, p, before)
		w.split(first)
		t.run(w, p, react)
		w.fresh()
		t.run(w, p, during)
		goes := 0
		for _, side := range [][]int{left, right} {
			if w.allGo(side) {
				goes++
			}
		}
		w.heal()
		t.run(w, p, during)
		t.end(w)
		if i == 0 || goes < least {
			least = goes
		}
		for _, m := range w.members {
			undone += m.undone
			dropped += m.dropped
		}
		if p.byVotes && w.conflict != "" {
			t.err = fmt.Errorf("%s: %s, without a lying node", p.name, w.conflict)
		}
	}
	t.counted(fmt.Sprintf("cut %d to %d: sides that go on", len(left), len(right)), p, p.n, float64(least), float64(theory), "")
	if p.byVotes && first == 3 {
		note := ""
		if dropped > 0 {
			note = fmt.Sprintf("%d proposals of a leader without a majority were overwritten: none was decided", dropped)
		}
		t.counted("decisions undone by a heal", p, p.n, float64(undone), 0, note)
	}
}

// messages counts what is sent for a decision while nothing is wrong.
func (t *table) messages() {
	for _, p := range engines {
		w := t.world(p, p.n)
		t.run(w, p, before)
		to := upTo(1, p.n)
		if p == byPaxos {
			to = to[:1] // one proposer
		}
		p.clients(w, during, to...)
		clear(w.sent)
		w.fresh()
		t.run(w, p, during+react)
		t.end(w)
		per := func(kinds ...string) (sum float64) {
			for _, k := range kinds {
				sum += float64(w.sent[k]) / float64(w.members[0].count)
			}
			return sum
		}
		n := float64(p.n)
		switch p {
		case byPaxos:
			t.counted("messages a decision", p, p.n, per("accept", "accepted"), 2*(n-1), fmt.Sprintf("in phase 2; %g in phase 1, and %g to tell", per("prepare", "promise"), per("chosen")))
		case byRaft:
			t.counted("messages a decision", p, p.n, per("append", "append-ack"), 2*(n-1), fmt.Sprintf("to commit; %g to tell", per("commit", "commit-ack")))
		case byPBFT:
			t.counted("messages a decision", p, p.n, per("prePrepare", "prepared", "commit"), 2*n*(n-1), "and all know it")
		case byWork:
			t.counted("messages a decision", p, p.n, per("block"), n-1, fmt.Sprintf("blocks, which need no answer; %g say which tip a node has", per("status")))
		case byStake:
			t.counted("messages a decision", p, p.n, per("block"), n-1, "blocks, which need no answer")
		}
	}
}
