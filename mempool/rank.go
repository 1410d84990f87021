package mempool

import "container/heap"

// ranking yields the pool's entries in an order that changes as they leave: a heap whose items
// know their index. It is used within one call and discarded.
type ranking struct {
	list   []*rank
	before func(a, b *rank) bool
}

// rank is an entry's place in the current ranking.
type rank struct {
	*entry
	sum    Sum // that decides the place: over ancestors for a template, over descendants for eviction
	at     int // index in the heap, -1 outside
	chosen bool
}

// rankAll ranks all entries of p, and stores in each its rank.
func rankAll(p *Pool, sum func(*entry) Sum, before func(a, b *rank) bool) *ranking {
	ranks := make([]rank, p.Len())
	r := &ranking{make([]*rank, 0, p.Len()), before}
	for e := range p.all() {
		n := &ranks[len(r.list)]
		*n = rank{entry: e, sum: sum(e), at: len(r.list)}
		r.list, e.rank = append(r.list, n), n
	}
	heap.Init(r)
	return r
}

// unrank removes the ranks, which would keep every ranked entry in memory.
func (p *Pool) unrank() {
	for e := range p.all() {
		e.rank = nil
	}
}

// pop removes and returns the first, or nil.
func (r *ranking) pop() *rank {
	if len(r.list) == 0 {
		return nil
	}
	return heap.Pop(r).(*rank)
}

// leave removes n from the heap, if it is in it.
func (r *ranking) leave(n *rank) {
	if n.at >= 0 {
		heap.Remove(r, n.at)
	}
}

// lower subtracts from the sum of n, which may move it up or down.
func (r *ranking) lower(n *rank, by Sum) {
	n.sum = n.sum.minus(by)
	if n.at >= 0 {
		heap.Fix(r, n.at)
	}
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
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
