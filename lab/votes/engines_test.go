package votes

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/lab"
)

// tableFor returns a table for single experiments.
func tableFor(t *testing.T, seed uint64) *table {
	return &table{Config: Config{Runs: 20, Seed: seed}, ctx: t.Context(), log: sha256.New()}
}

// troubled runs a world in which nodes crash, come back, and are cut from each other.
func troubled(t *testing.T, p *protocol, seed uint64) *world {
	t.Helper()
	all := upTo(1, p.n)
	w := newWorld(seed, p.n, p.make(p.n, seed))
	sleep := func(beats int) {
		t.Helper()
		if err := w.run(t.Context(), w.now+p.beats(beats)); err != nil {
			t.Fatal(err)
		}
	}
	sleep(1)
	w.now += p.beat / 2
	p.clients(w, 60, all...)
	for _, id := range all { // one after the other, each once
		w.crash(id)
		sleep(4)
		w.restart(id)
		sleep(4)
	}
	w.cut(func(id int) int { return min(id, 2) })
	sleep(10)
	w.heal()
	sleep(60)
	for range 20 { // a block at the end may be on its way
		if w.sameTip() {
			break
		}
		sleep(1)
	}
	return w
}

// sum returns the hash of all that happened.
func sum(w *world) string { return fmt.Sprintf("%x", w.log.Sum(nil)) }

// TestSameSeedSameBytes: a world of each engine is a function of its seed.
func TestSameSeedSameBytes(t *testing.T) {
	for _, p := range engines {
		first, again, other := sum(troubled(t, p, 1)), sum(troubled(t, p, 1)), sum(troubled(t, p, 2))
		if first != again || first == other {
			t.Errorf("%s: %.8s, %.8s with the same seed, %.8s with another", p.name, first, again, other)
		}
	}
}

// TestCrashesAndCutsEndInAgreement: nodes that crash go on from what they keep on disk, and after
// all faults all nodes have decided the same; by votes, all that was proposed.
func TestCrashesAndCutsEndInAgreement(t *testing.T) {
	for _, p := range engines {
		for seed := range uint64(5) {
			w := troubled(t, p, seed)
			if !w.sameTip() {
				t.Errorf("%s, seed %d: the nodes do not agree", p.name, seed)
			}
			if !p.byVotes {
				continue
			}
			if w.conflict != "" {
				t.Errorf("%s, seed %d: %s", p.name, seed, w.conflict)
			}
			for _, m := range w.members {
				if m.undone > 0 {
					t.Errorf("%s, seed %d: node %d takes back %d decisions", p.name, seed, m.id, m.undone)
				}
			}
			values := map[string]bool{}
			for _, v := range w.agreed {
				values[v] = true
			}
			if len(values) < 60 && p != byRaft { // a proposal that no leader of Raft hears is lost
				t.Errorf("%s, seed %d: %d of 60 values are decided", p.name, seed, len(values))
			}
		}
	}
}

// TestPaxosRepeatsADecision: a later ballot hears of a value that may have been decided, and
// proposes that one instead of its own. By hand, one step at a time.
func TestPaxosRepeatsADecision(t *testing.T) {
	one, two := newPaxos(1, 3, calm), newPaxos(2, 3, calm)
	step := func(p *paxos, in Input) []Effect { return p.Step(0, in) }
	step(one, Propose{1, "first"})
	prepare1 := step(one, Fired{1})[1].(Send) // to node 2
	promise1 := step(two, Receive{1, prepare1.Msg})[0].(Send)
	accept1 := step(one, Receive{2, promise1.Msg})[0].(Send)
	step(two, Receive{1, accept1.Msg}) // a majority, 1 and 2, has accepted; no node knows it yet
	step(two, Propose{1, "second"})
	prepare2 := step(two, Fired{1})[2].(Send) // to node 3, which knows nothing
	if prepare2.To != 3 || prepare2.Msg.(prepare).Ballot <= prepare1.Msg.(prepare).Ballot {
		t.Fatalf("%+v", prepare2)
	}
	promise2 := step(newPaxos(3, 3, calm), Receive{2, prepare2.Msg})[0].(Send)
	accept2 := step(two, Receive{3, promise2.Msg})[0].(Send).Msg.(accept)
	if accept2.Value != "first" {
		t.Errorf("the second ballot proposes %q", accept2.Value)
	}
	if refusal := step(two, Receive{1, accept{1, prepare1.Msg.(prepare).Ballot, "first"}}); refusal[0].(Send).Msg.(refused).Promised <= 0 {
		t.Errorf("an old ballot is answered by %+v", refusal)
	}
}

// TestRaftNeverUsesItsOwnClock: a follower's clock does not move, so that no election begins but by
// a timer of the world: without one, nothing ever happens.
func TestRaftNeverUsesItsOwnClock(t *testing.T) {
	never := [2]time.Duration{time.Hour, time.Hour}
	w := newWorld(1, 3, func(id int) Node { return newRaft(id, 3, never) })
	if err := w.run(t.Context(), 59*time.Minute); err != nil || len(w.sent) != 0 {
		t.Errorf("%v, %v", w.sent, err)
	}
}

// TestPBFTChangesTheView: the primary is down, and the others decide under the next one, or the one
// after that.
func TestPBFTChangesTheView(t *testing.T) {
	for dead := 1; dead <= 2; dead++ {
		n := 3*dead + 1
		w := newWorld(1, n, byPBFT.make(n, 1))
		for id := 1; id <= dead; id++ {
			w.crash(id)
		}
		byPBFT.clients(w, 10, upTo(1, n)...)
		if err := w.run(t.Context(), 30*time.Second); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.members[dead:] {
			if p := m.node.(*pbft); m.count != 10 || p.view != dead {
				t.Errorf("%d dead: replica %d decided %d in view %d", dead, m.id, m.count, p.view)
			}
		}
	}
}

// TestPBFTHoldsALiarAndGoesOn: wherever the liar of four is, as primary, too, and however it divides
// the others, these agree once they reach each other, and decide what either side wanted.
func TestPBFTHoldsALiarAndGoesOn(t *testing.T) {
	for liar := 1; liar <= 4; liar++ {
		for alone := 1; alone <= 4; alone++ {
			if alone == liar {
				continue
			}
			tt := tableFor(t, 1)
			w := tt.twoFaced(byPBFT, 4, idsOf(liar), idsOf(alone), nil)
			w.heal()
			for slot := 1; slot <= lying; slot++ { // clients that have no answer ask all
				w.propose(slot, fmt.Sprintf("a%d", slot), upTo(1, 4)...)
				w.propose(slot, fmt.Sprintf("b%d", slot), upTo(1, 4)...)
			}
			tt.run(w, byPBFT, 120)
			if tt.err != nil || w.conflict != "" {
				t.Fatalf("liar %d, node %d alone: %v %s", liar, alone, tt.err, w.conflict)
			}
			for _, m := range w.members {
				if m.id != liar && len(m.decided) != 2*lying {
					t.Errorf("liar %d, node %d alone: node %d decided %d of %d", liar, alone, m.id, len(m.decided), 2*lying)
				}
			}
		}
	}
}

// TestOneLiarOfThreeBreaksRaft: two leaders, by one node's two votes; the messages are kept, up to
// the second decision.
func TestOneLiarOfThreeBreaksRaft(t *testing.T) {
	var lines []string
	tt := tableFor(t, 1)
	w := tt.twoFaced(byRaft, 3, idsOf(3), idsOf(2), &trace{lines: &lines})
	if w.conflict == "" || w.members[0].decided[3] == w.members[1].decided[3] {
		t.Fatalf("%q: %v, %v", w.conflict, w.members[0].decided, w.members[1].decided)
	}
	granted := map[string]bool{}
	for _, line := range lines {
		if _, reply, ok := strings.Cut(line, "3 > "); ok && strings.Contains(reply, "vote-reply") && !strings.Contains(reply, "no}") {
			granted[reply[:1]] = true
		}
	}
	if len(granted) != 2 || !strings.Contains(lines[len(lines)-1], "decides") {
		t.Errorf("votes for %v:\n%s", granted, strings.Join(lines, "\n"))
	}
}

// TestDuels: fixed timers never decide, random ones always do, for Paxos and for Raft.
func TestDuels(t *testing.T) {
	tt := tableFor(t, 3)
	tt.duels()
	for _, c := range tt.cells {
		t.Logf("%+v", c)
		if c.Verdict != "agrees" {
			t.Errorf("%s, %s: %v", c.Question, c.Engine, c.Measured)
		}
	}
	if len(tt.cells) != 4 {
		t.Errorf("%d cells", len(tt.cells))
	}
}

// TestLinksKeepOrder: messages from one node to another arrive as they were sent.
func TestLinksKeepOrder(t *testing.T) {
	r := &recorder{}
	w := newWorld(1, 2, func(int) Node { return r })
	for i := range 100 {
		w.send(w.members[0], Send{2, wish{fmt.Sprintf("%03d", i)}})
	}
	if err := w.run(t.Context(), time.Second); err != nil || len(r.got) != 100 || !slices.IsSorted(r.got) {
		t.Errorf("%v: %v", err, r.got)
	}
}

// recorder keeps what it receives.
type recorder struct{ got []string }

func (r *recorder) Step(_ time.Duration, in Input) []Effect {
	if in, ok := in.(Receive); ok {
		r.got = append(r.got, in.Msg.(wish).ID)
	}
	return nil
}

// TestInterrupted: a run ends when its context does.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Config{Runs: 10, Seed: 1}).Run(ctx, lab.Watch{}); err == nil {
		t.Error("it went on")
	}
}
