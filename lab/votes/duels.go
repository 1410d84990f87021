package votes

import (
	"fmt"
	"time"
)

// duelTime is how long a duel may last: thousands of times longer than a decision takes.
const duelTime = 10 * time.Second

// duels has nodes get in each other's way: two proposers of Paxos, and candidates of Raft. With
// fixed timers they do so for ever, with random ones not.
func (t *table) duels() {
	fixed, ballots := t.duel(pace{retry: [2]time.Duration{5 * time.Millisecond, 5 * time.Millisecond}, timeout: calm.timeout})
	t.counted("decided in a duel, fixed timers", byPaxos, 5, fixed, 0, fmt.Sprintf("two proposers in %s: %d ballots, each ended by the next", duelTime, ballots))
	t.randomDuels(byPaxos, func() (float64, int) { return t.duel(pace{retry: calm.retry, timeout: calm.timeout}) }, "ballots")

	always := [2]time.Duration{patient[0], patient[0]}
	fixed, elections := t.election(always)
	t.counted("decided in a duel, fixed timers", byRaft, 5, fixed, 0, fmt.Sprintf("in %s, %d candidacies: all five vote for themselves each time", duelTime, elections))
	t.randomDuels(byRaft, func() (float64, int) { return t.election(patient) }, "candidacies")
}

// randomDuels counts the duels that end if timers are random.
func (t *table) randomDuels(p *protocol, duel func() (decided float64, rounds int), what string) {
	ended, sum := 0., 0
	for range t.Runs {
		decided, rounds := duel()
		if decided > 0 {
			ended++
		}
		sum += rounds
	}
	t.counted("decided in a duel, random timers", p, 5, ended/float64(t.Runs), 1, fmt.Sprintf("on average after %.1f %s", float64(sum)/float64(t.Runs), what))
}

// duel has two proposers, near to each other and far from the rest, begin at once. It returns the
// number of decisions, and that of ballots.
func (t *table) duel(p pace) (decided float64, ballots int) {
	const n = 5
	w := newWorld(t.seed(), n, func(id int) Node { return newPaxos(id, n, p) })
	w.delay = func(from, to int) (low, high time.Duration) {
		if from <= 2 && to <= 2 {
			return time.Millisecond, time.Millisecond
		}
		return 10 * time.Millisecond, 10 * time.Millisecond
	}
	w.propose(1, "a", 1)
	w.propose(1, "b", 2)
	t.until(w, duelTime)
	return float64(len(w.agreed)), w.sent["prepare"] / (n - 1)
}

// election has five nodes without a leader begin at once, and a client that proposes once there is
// one. It returns whether that was decided, and the number of candidacies.
func (t *table) election(timeout [2]time.Duration) (decided float64, candidacies int) {
	const n = 5
	w := newWorld(t.seed(), n, func(id int) Node { return newRaft(id, n, timeout) })
	for at := time.Duration(0); at < duelTime; at += 100 * time.Millisecond {
		w.at(at, func() { w.propose(1, "a", upTo(1, n)...) })
	}
	t.until(w, duelTime)
	return float64(min(1, len(w.agreed))), w.sent["vote"] / (n - 1)
}

// until lets a world run until something is decided, or for a time.
func (t *table) until(w *world, d time.Duration) {
	for end := w.now + d; t.err == nil && len(w.agreed) == 0 && w.now < end; {
		t.sleep(w, 10*time.Millisecond)
	}
	t.end(w)
}
