package votes

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"time"

	"toychain/lab"
)

// world is a network of nodes in virtual time. It draws all that is random, carries out what the
// nodes want done, and counts.
type world struct {
	rng     *rand.Rand
	delay   func(from, to int) (low, high time.Duration) // of a message
	now     time.Duration
	queue   queue
	turn    uint64 // of the last event that was put into the queue
	members []*member
	log     hash.Hash
	err     error
	trace   *trace // nil: not wanted

	sent     map[string]int // messages by kind
	agreed   map[int]string // the first decision of each slot, by whichever node
	conflict string         // the first two decisions that contradict each other; empty: none
}

// member is a node, and what the world knows of it.
type member struct {
	id      int
	node    Node
	up      bool
	side    int                   // of a cut; 0 reaches all
	timers  map[int]uint64        // the turn of the event with which each fires
	arrived map[int]time.Duration // when its last message to each other node arrives

	decided  map[int]string // by slot, without what was undone
	count    int            // decisions made
	undone   int            // of these, taken back
	dropped  int            // values that were overwritten before they were decided
	punished ids
}

// event is an input for a node, or something that the world does.
type event struct {
	at    time.Duration
	turn  uint64
	to    *member
	in    Input
	timer bool
	do    func()
}

// queue is a heap of events: the earliest first, and of equal times the one put there first.
type queue []*event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].turn < q[j].turn
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*event)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}

// lan returns the delays of one building.
func lan(int, int) (low, high time.Duration) { return 5 * time.Millisecond, 15 * time.Millisecond }

// newWorld returns a world of n nodes, which start when it runs.
func newWorld(seed uint64, n int, node func(id int) Node) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, uint64(n))), delay: lan, log: sha256.New(), sent: map[string]int{}, agreed: map[int]string{}}
	for id := 1; id <= n; id++ {
		m := &member{id: id, node: node(id), up: true, timers: map[int]uint64{}, arrived: map[int]time.Duration{}, decided: map[int]string{}}
		w.members = append(w.members, m)
		w.put(event{to: m, in: Start{}}, 0)
	}
	w.pairs(func(a, b *member) { w.put(event{to: a, in: Linked{b.id, true}}, 0) })
	return w
}

// put puts an event into the queue and returns its turn.
func (w *world) put(e event, after time.Duration) uint64 {
	w.turn++
	e.at, e.turn = w.now+after, w.turn
	heap.Push(&w.queue, &e)
	return w.turn
}

// at has the world do something at a time.
func (w *world) at(when time.Duration, do func()) { w.put(event{do: do}, when-w.now) }

// run handles what happens until a time.
func (w *world) run(ctx context.Context, until time.Duration) error {
	for n := 0; len(w.queue) > 0 && w.queue[0].at <= until && w.err == nil; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := heap.Pop(&w.queue).(*event)
		w.now = e.at
		if e.do != nil {
			e.do()
		} else {
			w.deliver(e)
		}
	}
	w.now = max(w.now, until)
	return w.err
}

// deliver hands a node its input, unless it is down, the sender is cut off, or the timer was set
// anew.
func (w *world) deliver(e *event) {
	m := e.to
	if !m.up {
		return
	}
	switch in := e.in.(type) {
	case Propose:
		w.happens(lab.Event{Kind: lab.Found, From: nodeName(m.id), Block: in.Value, Parent: "request"})
	case Receive:
		if !w.reach(w.members[in.From-1], m) {
			return
		}
		w.note("%d > %d  %s %v", in.From, m.id, kindOf(in.Msg), in.Msg)
	case Fired:
		if e.timer && m.timers[in.Timer] != e.turn {
			return
		}
	}
	for _, f := range m.node.Step(w.now, e.in) {
		w.perform(m, f)
	}
}

// perform carries out an effect.
func (w *world) perform(m *member, f Effect) {
	switch f := f.(type) {
	case Send:
		w.send(m, f)
	case After:
		m.timers[f.Timer] = w.put(event{to: m, in: Fired{f.Timer}, timer: true}, w.between(f.Low, f.High))
	case Rarely:
		m.timers[f.Timer] = w.put(event{to: m, in: Fired{f.Timer}, timer: true}, time.Duration(w.rng.ExpFloat64()*float64(f.Mean)))
	case Stop:
		delete(m.timers, f.Timer)
	case Decide:
		w.decide(m, f)
	case Undo:
		delete(m.decided, f.Slot)
		m.undone++
		w.note("%d undoes %s as number %d", m.id, f.Value, f.Slot)
	case Drop:
		m.dropped++
	case Punish:
		m.punished = m.punished.with(f.Node)
	case Fail:
		w.err = fmt.Errorf("node %d at %s: %w", m.id, w.now, f.Err)
	}
}

// note writes to the log, and to the trace if one is wanted: that ends with a contradiction.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(w.log, "%d %s\n", w.now, line)
	if w.trace != nil && w.conflict == "" && !strings.Contains(line, "heartbeat") {
		*w.trace.lines = append(*w.trace.lines, fmt.Sprintf("%7.1f ms  %s", float64(w.now)/1e6, line))
	}
}

// trace is what happens in a world up to the first contradiction, without heartbeats.
type trace struct {
	lines  *[]string
	events *lab.Events
}

// happens adds an event to the trace.
func (w *world) happens(e lab.Event) {
	if w.trace == nil || w.trace.events == nil || w.conflict != "" || strings.HasPrefix(e.Block, "heartbeat") {
		return
	}
	e.At = w.now.Seconds()
	w.trace.events.List = append(w.trace.events.List, e)
}

func nodeName(id int) string { return fmt.Sprintf("node %d", id) }

// send counts a message and puts it on its way. A message over a cut is lost. Messages from one node
// to another arrive in their order, as over TCP.
func (w *world) send(m *member, f Send) {
	w.sent[kindOf(f.Msg)]++
	to := w.members[f.To-1]
	if w.reach(m, to) {
		low, high := w.delay(m.id, f.To)
		arrives := max(w.now+w.between(low, high), m.arrived[f.To])
		m.arrived[f.To] = arrives
		w.put(event{to: to, in: Receive{m.id, f.Msg}}, arrives-w.now)
		w.happens(lab.Event{Kind: lab.Sent, From: nodeName(m.id), To: nodeName(f.To), Until: arrives.Seconds(), Block: kindOf(f.Msg)})
	}
}

// decide records a decision, and whether it contradicts another node's.
func (w *world) decide(m *member, f Decide) {
	w.note("%d decides %s as number %d", m.id, f.Value, f.Slot)
	w.happens(lab.Event{Kind: lab.Tip, From: nodeName(m.id), Block: f.Value})
	m.decided[f.Slot] = f.Value
	m.count++
	if first, ok := w.agreed[f.Slot]; !ok {
		w.agreed[f.Slot] = f.Value
	} else if first != f.Value && w.conflict == "" {
		w.conflict = fmt.Sprintf("number %d is %s and %s", f.Slot, first, f.Value)
	}
}

func (w *world) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(w.rng.Int64N(int64(high-low)+1))
}

// reach reports whether messages pass between two nodes.
func (w *world) reach(a, b *member) bool {
	return a != b && (a.side == 0 || b.side == 0 || a.side == b.side)
}

// cut divides the nodes into sides, by the side of each; 0 stands between and reaches all.
func (w *world) cut(side func(id int) int) {
	had := map[[2]int]bool{}
	w.pairs(func(a, b *member) { had[[2]int{a.id, b.id}] = w.reach(a, b) })
	for _, m := range w.members {
		m.side = side(m.id)
	}
	w.pairs(func(a, b *member) {
		if has := w.reach(a, b); has != had[[2]int{a.id, b.id}] {
			w.put(event{to: a, in: Linked{b.id, has}}, 0)
		}
	})
}

// split cuts the first so many nodes from the rest.
func (w *world) split(first int) { w.cut(func(id int) int { return min(1, id/(first+1)) + 1 }) }

// pairs calls f with each two nodes, in both orders.
func (w *world) pairs(f func(a, b *member)) {
	for _, a := range w.members {
		for _, b := range w.members {
			if a != b {
				f(a, b)
			}
		}
	}
}

// heal ends a cut.
func (w *world) heal() { w.cut(func(int) int { return 0 }) }

// crash stops nodes, without a word to the others.
func (w *world) crash(nodes ...int) {
	for _, id := range nodes {
		w.members[id-1].up = false
		clear(w.members[id-1].timers)
	}
}

// restart starts a node again, with what its protocol keeps on disk.
func (w *world) restart(id int) {
	m := w.members[id-1]
	m.up = true
	w.put(event{to: m, in: Start{}}, 0)
	for _, other := range w.members {
		if w.reach(m, other) {
			w.put(event{to: m, in: Linked{other.id, true}}, 0)
			w.put(event{to: other, in: Linked{id, false}}, 0)
			w.put(event{to: other, in: Linked{id, true}}, 0)
		}
	}
}

// propose hands a value to nodes, as a client does that tells all it knows.
func (w *world) propose(slot int, value string, to ...int) {
	for _, id := range to {
		w.put(event{to: w.members[id-1], in: Propose{slot, value}}, 0)
	}
}
