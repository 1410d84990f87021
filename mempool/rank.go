package mempool

import "container/heap"

// ranking hands out the pool's entries in an order that changes as they leave: a
// heap whose items know their place.
type ranking struct {
	list   []*rank
	of     map[*entry]*rank
	before func(a, b *rank) bool
}

// rank is an entry and the sum that decides its place: over its ancestors in one
// use of a ranking, over its descendants in the other.
type rank struct {
	*entry
	sum Sum
	at  int // place in the heap, -1 outside
}

// rankAll ranks all entries of p.
func rankAll(p *Pool, sum func(*entry) Sum, before func(a, b *rank) bool) *ranking {
	r := &ranking{make([]*rank, 0, p.Len()), make(map[*entry]*rank, p.Len()), before}
	for e := range p.all() {
		n := &rank{e, sum(e), len(r.list)}
		r.list, r.of[e] = append(r.list, n), n
	}
	heap.Init(r)
	return r
}

// pop takes out the first, or returns nil.
func (r *ranking) pop() *rank {
	if len(r.list) == 0 {
		return nil
	}
	return heap.Pop(r).(*rank)
}

// leave takes n out, if it is in.
func (r *ranking) leave(n *rank) {
	if n.at >= 0 {
		heap.Remove(r, n.at)
	}
}

// lower takes away from the sum of n, which may move it up or down.
func (r *ranking) lower(n *rank, by Sum) {
	n.sum = n.sum.minus(by)
	if n.at >= 0 {
		heap.Fix(r, n.at)
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (r *ranking) Len() int           { return len(r.list) }
func (r *ranking) Less(i, j int) bool { return r.before(r.list[i], r.list[j]) }
func (r *ranking) Swap(i, j int) {
	r.list[i], r.list[j] = r.list[j], r.list[i]
	r.list[i].at, r.list[j].at = i, j
}
func (r *ranking) Push(any) { panic("a ranking only shrinks") }
func (r *ranking) Pop() any {
	n := r.list[len(r.list)-1]
	n.at = -1
	r.list = r.list[:len(r.list)-1]
	return n
}
