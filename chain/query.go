package chain

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"toychain/block"
)

// Info is what the tree knows of one block.
type Info struct {
	Entry
	State
	Active   bool // on the best chain
	Children []block.Hash
}

// Info returns what is known of a block of any branch.
func (t *Tree) Info(hash block.Hash) (Info, bool) {
	n := t.nodes[hash]
	if n == nil {
		return Info{}, false
	}
	info := Info{Entry: n.entry(), State: n.State, Active: t.isActive(n)}
	for _, c := range n.children {
		info.Children = append(info.Children, c.Hash)
	}
	return info, true
}

// Block returns a body of any branch. The error is ErrUnknown, ErrNoBody, or
// trouble with the disk.
func (t *Tree) Block(hash block.Hash) (*block.Block, error) {
	n := t.nodes[hash]
	if n == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	if !n.has(HasBody) {
		return nil, fmt.Errorf("%w: %s", ErrNoBody, hash)
	}
	return t.body(n)
}

// Undo returns the coins that a block spent when it was connected, in the order
// of its inputs. The error is ErrUnknown if it never was.
func (t *Tree) Undo(hash block.Hash) ([]Coin, error) {
	n := t.nodes[hash]
	if n == nil || !n.has(Connected) {
		return nil, fmt.Errorf("%w: %s was never connected", ErrUnknown, hash)
	}
	if n.parent == nil {
		return nil, nil
	}
	return t.undo(n)
}

// At returns the hash of the block at this height of the best chain.
func (t *Tree) At(h block.Height) (block.Hash, bool) {
	if h < 0 || int(h) >= len(t.active) {
		return block.Hash{}, false
	}
	return t.active[h].Hash, true
}

// Locator describes the chain that ends in the best header to somebody with
// another: its last ten hashes, then ever larger steps back to genesis (Core:
// LocatorEntries).
func (t *Tree) Locator() []block.Hash {
	var out []block.Hash
	step := block.Height(1)
	for n := t.best; ; n = n.ancestor(max(n.Height-step, 0)) {
		out = append(out, n.Hash)
		if n.parent == nil {
			return out
		}
		if len(out) >= 10 {
			step *= 2
		}
	}
}

// HeadersAfter returns at most limit headers of the best chain, from the one
// after the first hash of the locator that is on it, up to stop.
func (t *Tree) HeadersAfter(locator []block.Hash, stop block.Hash, limit int) []block.Header {
	from := t.active[0]
	for _, hash := range locator {
		if n := t.nodes[hash]; n != nil && t.isActive(n) {
			from = n
			break
		}
	}
	var out []block.Header
	for _, n := range t.active[from.Height+1:] {
		if len(out) == limit {
			break
		}
		out = append(out, n.Header)
		if n.Hash == stop {
			break
		}
	}
	return out
}

// Missing returns the hashes of at most limit bodies that the best header's chain
// still lacks, the lowest first, none further than window blocks above the last
// one that is complete.
func (t *Tree) Missing(window, limit int) []Point {
	if t.best.linked() {
		return nil
	}
	// Linked is true up to some height and false from there on: search by halves.
	low, high := block.Height(0), t.best.Height
	for low+1 < high {
		if mid := (low + high) / 2; t.best.ancestor(mid).linked() {
			low = mid
		} else {
			high = mid
		}
	}
	var out []Point
	top := t.best.ancestor(low + block.Height(min(window, int(t.best.Height-low))))
	for _, n := range path(t.best.ancestor(low), top) {
		if len(out) == limit {
			break
		}
		if !n.has(HasBody) {
			out = append(out, n.point())
		}
	}
	return out
}

// On reports whether hash is known and part of the branch that ends in tip.
func (t *Tree) On(hash, tip block.Hash) bool {
	n, end := t.nodes[hash], t.nodes[tip]
	return n != nil && end != nil && n.Height <= end.Height && end.ancestor(n.Height) == n
}

// Tip is one end of the tree.
type Tip struct {
	Point
	BranchLen block.Height // blocks above the best chain
	Status    string       // active, valid-fork, valid-headers, headers-only or invalid, as in getchaintips
}

// Tips returns the ends of all branches, the highest first (Core: getchaintips).
func (t *Tree) Tips() []Tip {
	var out []Tip
	for _, n := range t.nodes {
		if len(n.children) > 0 && n != t.tip() {
			continue
		}
		out = append(out, Tip{n.point(), n.Height - t.fork(n).Height, t.tipStatus(n)})
	}
	slices.SortFunc(out, func(a, b Tip) int {
		return cmp.Or(cmp.Compare(b.Height, a.Height), bytes.Compare(a.Hash[:], b.Hash[:]))
	})
	return out
}

func (t *Tree) tipStatus(n *node) string {
	switch {
	case t.isActive(n):
		return "active"
	case n.status.Invalid():
		return "invalid"
	case !n.linked():
		return "headers-only"
	case n.has(Connected):
		return "valid-fork"
	}
	return "valid-headers"
}

// Entries returns all headers of all branches, in the order in which they came.
func (t *Tree) Entries() []Entry {
	out := make([]Entry, 0, len(t.nodes))
	for _, n := range t.nodes {
		out = append(out, n.entry())
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(a.Received.Compare(b.Received), a.compare(b)) })
	return out
}

// compare orders entries by height, the parents first, then as they came.
func (e Entry) compare(f Entry) int {
	if c := cmp.Or(cmp.Compare(e.Height, f.Height), e.Received.Compare(f.Received)); c != 0 {
		return c
	}
	a, b := e.Header.Hash(), f.Header.Hash()
	return bytes.Compare(a[:], b[:])
}

func (n *node) entry() Entry {
	return Entry{Header: n.Header, Height: n.Height, Status: n.status, Seq: n.seq, Received: n.received, Txs: n.txs, Size: n.size}
}

func (n *node) point() Point { return Point{n.Hash, n.Height} }

func (t *Tree) isActive(n *node) bool {
	return int(n.Height) < len(t.active) && t.active[n.Height] == n
}

// fork returns the last block that n's branch shares with the best chain.
func (t *Tree) fork(n *node) *node {
	if int(n.Height) >= len(t.active) {
		n = n.ancestor(t.tip().Height)
	}
	for !t.isActive(n) {
		n = n.parent
	}
	return n
}

// setActive makes the best chain end in n.
func (t *Tree) setActive(n *node) {
	fork := t.fork(n)
	t.active = append(t.active[:fork.Height+1], path(fork, n)...)
}

// path returns the nodes after low, up to and with high, which is on top of it.
func path(low, high *node) []*node {
	out := make([]*node, high.Height-low.Height)
	for n := high; n != low; n = n.parent {
		out[n.Height-low.Height-1] = n
	}
	return out
}

// ancestor returns the node at height h of n's own branch, in a number of steps
// that grows with the logarithm of the distance (Core: CBlockIndex::GetAncestor).
func (n *node) ancestor(h block.Height) *node {
	for n.Height > h {
		// The parent may know a much longer jump than n does; then step there first.
		down, next := skipHeight(n.Height), skipHeight(n.Height-1)
		if n.skip != nil && (down == h || down > h && !(next < down-2 && next >= h)) {
			n = n.skip
		} else {
			n = n.parent
		}
	}
	return n
}

// skipHeight is how far down a node at height h knows a direct way: clearing the
// lowest bits gives jumps of every size, and any two neighbours differ (Core:
// GetSkipHeight).
func skipHeight(h block.Height) block.Height {
	if h < 2 {
		return 0
	}
	clear := func(n block.Height) block.Height { return n & (n - 1) }
	if h&1 == 1 {
		return clear(clear(h-1)) + 1
	}
	return clear(h)
}
