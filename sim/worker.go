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

// Record is something that happened: an event of a node, a message that arrived, or a fault.
type Record struct {
	moment
	At   time.Duration
	Time time.Time // the same on a right clock
	Node *Node     // where it happened; nil: a fault of the network

	Event *engine.Event

	Kind string // of the message: block, tx, status, headers, getheaders, …
	ID   block.Hash
	From peer.ID
	Sent time.Duration

	Fault string   // kill, restart, pause, resume, clock, partition, heal, link; and up, at the beginning
	Args  []string // of the fault: the offset of the clock; the groups, like "n1,n2"; both ends and what is wrong
}

// record keeps what happened at a node, if anything asks for it.
func (c *worker) record(n *Node, r Record) {
	if c.world.cfg.Trace != nil {
		r.moment, r.At, r.Time, r.Node = c.at, c.at.time, c.world.begin.Add(c.at.time), n
		c.records = append(c.records, r)
	}
}

// Tell records something of a caller's among what happens: a fault, or what a caller calls one.
func (w *World) Tell(n *Node, fault string, args ...string) {
	if w.cfg.Trace != nil {
		w.cfg.Trace(&Record{At: w.now, Time: w.begin.Add(w.now), Node: n, Fault: fault, Args: args})
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
