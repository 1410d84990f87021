package sim

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/peer"
)

// worker does the work of nodes, and keeps what comes of it until all workers have ended:
// what happens next must not depend on which of them was faster.
type worker struct {
	world *World
	at    moment // what is being done
	counts
	queue    queue // of what comes of it
	deferred []deferred
	records  []Record
	failures []failure
}

// moment is when something happens, and where: a total order of all steps of all nodes.
type moment struct {
	time time.Duration
	node int32
	step uint64 // of this node
}

func (m moment) compare(o moment) int {
	return cmp.Or(cmp.Compare(m.time, o.time), cmp.Compare(m.node, o.node), cmp.Compare(m.step, o.step))
}

// deferred is what a node's step does to other nodes. It is done between two buckets.
type deferred struct {
	moment
	do func() error
}

// failure is an error that ends the run.
type failure struct {
	moment
	err error
}

// counts are what a worker counts.
type counts struct {
	events   uint64 // that were handled
	messages uint64 // that were sent
	bytes    uint64 // of them
	underway int    // messages and answers sent, less those that arrived
	took     []time.Duration
}

// add adds counts to the total, and begins again.
func (t *counts) add(c *counts) {
	t.events += c.events
	t.messages += c.messages
	t.bytes += c.bytes
	t.underway += c.underway
	t.took = append(t.took, c.took...)
	*c = counts{took: c.took[:0]}
}

// put adds an event that a node causes.
func (c *worker) put(n *Node, e event) {
	n.turn++
	e.from, e.turn = n.index, n.turn
	if _, timer := e.what.(tick); !timer {
		c.underway++
	}
	c.queue.put(e)
}

// fail ends the run.
func (c *worker) fail(err error) {
	if err != nil {
		c.failures = append(c.failures, failure{c.at, err})
	}
}

// later has something done to other nodes, once this bucket is worked off.
func (c *worker) later(do func() error) { c.deferred = append(c.deferred, deferred{c.at, do}) }

// Record is something that happened.
type Record struct {
	moment
	At   time.Duration
	Node peer.ID

	Event *engine.Event // at the node; or else a message arrived there:
	From  peer.ID
	Sent  time.Duration
	Kind  string // block, tx, status, headers, getheaders, …
	ID    block.Hash
}

// Index returns the number of the node, from 0 on; those of liars and twins follow the others.
func (r *Record) Index() int { return int(r.node) }

// record keeps what happened at a node, if anything asks for it.
func (c *worker) record(n *Node, r Record) {
	if c.world.cfg.Trace != nil {
		r.moment, r.At, r.Node = c.at, c.at.time, n.ID
		c.records = append(c.records, r)
	}
}

// settle takes over what workers have kept, in an order that is always the same.
func (w *World) settle(of ...*worker) error {
	var todo []deferred
	var records []Record
	var failures []failure
	for _, c := range of {
		w.tally.counts.add(&c.counts)
		todo, records, failures = append(todo, c.deferred...), append(records, c.records...), append(failures, c.failures...)
		c.deferred, c.records, c.failures = nil, nil, nil
	}
	slices.SortStableFunc(records, func(a, b Record) int { return a.compare(b.moment) })
	for i := range records {
		w.cfg.Trace(&records[i])
	}
	if len(failures) > 0 {
		return slices.MinFunc(failures, func(a, b failure) int { return a.compare(b.moment) }).err
	}
	slices.SortStableFunc(todo, func(a, b deferred) int { return a.compare(b.moment) })
	for _, d := range todo {
		w.turn++
		heap.Push(&w.agenda, action{w.now, w.turn, d.do})
	}
	return nil
}
