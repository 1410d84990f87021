package sim

import (
	"cmp"
	"container/heap"
	"time"
)

// event is something that reaches a node at a moment.
type event struct {
	at    time.Duration
	sent  time.Duration // when it was
	from  int32         // number of the node that caused it
	life  uint32        // of the line, or of the node without one: see alive
	turn  uint64        // of all that this node caused
	to    *Node
	line  *line // that carries it; nil: the node's own timer
	topic int32 // number of a gossip message; 0: none
	what  any   // an engine.Input, a request, or a tick
}

// before orders the events of one node: by time, then by what caused them. It is a total
// order that no order of goroutines or of maps has a part in.
func (e *event) before(f *event) int {
	return cmp.Or(cmp.Compare(e.at, f.at), cmp.Compare(e.from, f.from), cmp.Compare(e.turn, f.turn))
}

// alive reports whether the connection, or the process, that the event belongs to is still
// there.
func (e *event) alive() bool {
	if e.line == nil {
		return e.life == e.to.life
	}
	return e.life == e.line.life
}

// queue holds events to come, in buckets of equal length in time:
//
//	0 ms      50 ms     100 ms    150 ms
//	│ ▪ ▪▪  ▪ │         │ ▪▪▪ ▪   │        a bucket is as long as the shortest delay, so what
//	                                       happens in one causes nothing in the same one, and
//	                                       its nodes can be worked off side by side
//
// Each worker has a queue of its own for what its nodes cause.
type queue struct {
	width   time.Duration
	buckets map[int64][]event
	numbers numbers   // of the buckets that have events, as a heap
	free    [][]event // emptied buckets
}

func newQueue(width time.Duration) queue { return queue{width: width, buckets: map[int64][]event{}} }

// put adds an event.
func (q *queue) put(e event) {
	n := int64(e.at / q.width)
	bucket, there := q.buckets[n]
	if !there {
		heap.Push(&q.numbers, n)
		if last := len(q.free) - 1; last >= 0 {
			bucket, q.free = q.free[last][:0], q.free[:last]
		}
	}
	q.buckets[n] = append(bucket, e)
}

// next returns the number of the first bucket; false if there is none.
func (q *queue) next() (int64, bool) {
	if len(q.numbers) == 0 {
		return 0, false
	}
	return q.numbers[0], true
}

// deliver puts the events of a bucket, if it is the first one, into the inboxes: those that
// come before a moment. It returns their nodes, after those that are in touched.
func (q *queue) deliver(number int64, before time.Duration, touched []*Node) []*Node {
	if n, any := q.next(); !any || n != number {
		return touched
	}
	heap.Pop(&q.numbers)
	bucket := q.buckets[number]
	delete(q.buckets, number)
	for i := range bucket {
		e := &bucket[i]
		if e.at >= before {
			q.put(*e)
			continue
		}
		if len(e.to.inbox) == 0 {
			touched = append(touched, e.to)
		}
		e.to.inbox = append(e.to.inbox, *e)
	}
	clear(bucket)
	q.free = append(q.free, bucket)
	return touched
}

// numbers is a heap of the lowest number first.
type numbers []int64

func (h numbers) Len() int           { return len(h) }
func (h numbers) Less(i, j int) bool { return h[i] < h[j] }
func (h numbers) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *numbers) Push(x any)        { *h = append(*h, x.(int64)) }
func (h *numbers) Pop() any {
	last := len(*h) - 1
	n := (*h)[last]
	*h = (*h)[:last]
	return n
}

// action is something that the world does at a moment, in between the events of the nodes:
// a block is found, a cable is cut, a process is killed.
type action struct {
	at   time.Duration
	turn uint64
	do   func() error
}

// agenda is a heap of actions: the earliest first, and of equal times the one that was put there first.
type agenda []action

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].turn < a[j].turn
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(action)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = action{}
	*a = (*a)[:last]
	return x
}
