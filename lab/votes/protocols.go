package votes

import (
	"fmt"
	"slices"
	"time"
)

// protocol is an engine as the experiments use it. A beat is the time in which one decision is
// expected: of votes the time between two proposals, of work the mean interval, of stake a slot.
type protocol struct {
	name    string
	n       int // nodes that it has in experiments which fit it: 5, or 3f+1
	beat    time.Duration
	byVotes bool
	make    func(n int, seed uint64) func(id int) Node
}

func (p *protocol) beats(n int) time.Duration { return time.Duration(n) * p.beat }

// workInterval is the mean interval between blocks of work.
const workInterval = 10 * time.Minute

// twoHashes find a block at the easiest target.
const twoHashes = 2

// powerFor returns the hash power of all miners together that gives this interval at the easiest
// target, in hashes a second.
func powerFor(interval time.Duration) float64 { return twoHashes / interval.Seconds() }

// The five engines.
var (
	byPaxos = &protocol{"paxos", 5, time.Second, true, func(n int, _ uint64) func(int) Node {
		return func(id int) Node { return newPaxos(id, n, calm) }
	}}
	byRaft = &protocol{"raft", 5, time.Second, true, func(n int, _ uint64) func(int) Node {
		return func(id int) Node { return newRaft(id, n, patient) }
	}}
	byPBFT = &protocol{"pbft", 4, time.Second, true, func(n int, _ uint64) func(int) Node {
		return func(id int) Node { return newPBFT(id, n, requestTime) }
	}}
	byWork = &protocol{"work", 5, workInterval, false, func(n int, _ uint64) func(int) Node {
		params := workParams(workInterval, 0)
		return func(id int) Node { return newWork(id, n, params, powerFor(workInterval)*equal(n)[id-1]) }
	}}
	byStake = &protocol{"stake", 5, slotTime, false, func(n int, seed uint64) func(int) Node {
		return stakeOf(&lottery{seed: seed, slot: slotTime, shares: equal(n)})
	}}
)

// slotTime is the length of a slot.
const slotTime = 10 * time.Second

var engines = []*protocol{byPaxos, byRaft, byPBFT, byWork, byStake}

// equal returns equal shares for the first five of n nodes, and none for the rest.
func equal(n int) []float64 {
	k, out := min(n, machines), make([]float64, n)
	for i := range k {
		out[i] = 1 / float64(k)
	}
	return out
}

// stakeOf returns the maker of nodes with these rules.
func stakeOf(rules *lottery) func(int) Node {
	return func(id int) Node { return newStake(id, rules, 0) }
}

// clients has a client propose a value in each beat, to all nodes that are up. Work and stake need
// no proposals: a node has always something for a block.
func (p *protocol) clients(w *world, beats int, to ...int) {
	if !p.byVotes {
		return
	}
	for i := range beats {
		w.at(w.now+p.beats(i), func() { w.propose(int(w.now/p.beat)+1, fmt.Sprintf("v%d", int(w.now/p.beat)+1), to...) })
	}
}

// fresh begins to count decisions.
func (w *world) fresh() {
	for _, m := range w.members {
		m.count = 0
	}
}

// allGo reports whether each of the nodes has decided something since then.
func (w *world) allGo(nodes []int) bool {
	return !slices.ContainsFunc(nodes, func(id int) bool { return w.members[id-1].count == 0 })
}
