package votes

import (
	"fmt"
	"math/bits"

	"toychain/lab"
)

// liars puts lying nodes between two sides that do not reach each other, and looks how many it
// takes until the two decide different things.
func (t *table) liars() {
	for _, c := range []struct {
		p         *protocol
		n, theory int
	}{{byPaxos, 3, 0}, {byPaxos, 5, 0}, {byRaft, 3, 0}, {byRaft, 5, 0}, {byPBFT, 3, 0}, {byPBFT, 4, 1}, {byPBFT, 7, 2}} {
		held, broken := 0, ""
		for k := 1; k < c.n-1 && broken == ""; k++ {
			if broken = t.lied(c.p, c.n, k); broken == "" {
				held = k
			}
		}
		t.counted("liars survived", c.p, c.n, float64(held), float64(c.theory), fmt.Sprintf("with %d, %s", held+1, broken))
	}
	t.threshold()
}

// breakRaft keeps the messages of a run in which one lying node of three breaks Raft.
func (t *table) breakRaft(events *lab.Events) {
	w := t.twoFaced(byRaft, 3, idsOf(3), idsOf(2), &trace{lines: &t.shown, events: events})
	if w.conflict != "" {
		t.shown = append(t.shown, "and so "+w.conflict)
	}
}

// lied returns what two sides decided that contradicts each other, with so many lying nodes; empty
// if nothing did, wherever the liars and the sides were.
func (t *table) lied(p *protocol, n, liars int) string {
	for who := ids(0); who < 2<<n; who += 2 { // bit 0 is no node
		if who.len() != liars {
			continue
		}
		for left := ids(0); left < 2<<n; left += 2 {
			// Each division once: the lowest honest node is on the left, and the right is not empty.
			honest := (ids(2<<n) - 2) &^ who
			if left&who != 0 || !left.has(bits.TrailingZeros64(uint64(honest))) || left == honest {
				continue
			}
			if w := t.twoFaced(p, n, who, honest&^left, nil); t.err != nil || w.conflict != "" {
				return w.conflict
			}
		}
	}
	return ""
}

// lying is how many beats liars have.
const lying = 10

// twoFaced runs a world with a cut in it from the start, which only the liars bridge: each shows
// another half to the right side than to the left. Clients of the two sides want different things.
func (t *table) twoFaced(p *protocol, n int, liars, right ids, trace *trace) *world {
	seed := t.seed()
	a, b := p.make(n, seed), p.make(n, seed)
	w := newWorld(seed, n, func(id int) Node {
		if liars.has(id) {
			return &twin{halves: [2]Node{a(id), b(id)}, second: right, liars: liars}
		}
		return a(id)
	})
	w.trace = trace
	side := func(id int) int {
		switch {
		case liars.has(id):
			return 0
		case right.has(id):
			return 2
		}
		return 1
	}
	w.cut(side)
	t.sleep(w, p.beat/2)
	for slot := 1; slot <= lying && (w.conflict == "" || !p.byVotes) && t.err == nil; slot++ {
		for _, m := range w.members {
			first, second := Propose{slot, fmt.Sprintf("a%d", slot)}, Propose{slot, fmt.Sprintf("b%d", slot)}
			switch side(m.id) {
			case 0:
				w.put(event{to: m, in: toHalf{0, first}}, 0)
				w.put(event{to: m, in: toHalf{1, second}}, 0)
			case 1:
				w.put(event{to: m, in: first}, 0)
			default:
				w.put(event{to: m, in: second}, 0)
			}
		}
		t.run(w, p, 1)
	}
	t.end(w)
	return w
}

// threshold looks for the share of the hash power that a liar needs: an attacker that mines a chain
// in secret. The race is that of lab.ThresholdConfig, at a delay of one interval.
func (t *table) threshold() {
	const low, high, blocks = .37, .40, 10_000
	var ahead [2]bool
	var theory float64
	for i, share := range []float64{low, high} {
		r, err := lab.ThresholdConfig{X: 1, Attacker: share, Blocks: blocks, Seed: t.Seed}.Run(t.ctx, lab.Watch{})
		if err != nil {
			t.err = err
			return
		}
		ahead[i], theory = r.AttackerAhead, r.Threshold
	}
	e := lab.Estimate{Rate: (low + high) / 2, Low: low, High: high}
	if ahead[0] {
		e = lab.Estimate{Rate: low, High: low}
	} else if !ahead[1] {
		e = lab.Estimate{Rate: high, Low: high, High: 1}
	}
	t.estimated("share that a liar needs", byWork, byWork.n, e, theory, fmt.Sprintf("of the hash power, at a delay of one interval: over %d blocks the honest chain wins against %g, and loses against %g", blocks, low, high))
}
