package chain

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Info is what the tree knows of one block.
type Info struct {
	Entry
	consensus.State
	Active   bool // on the best chain
	Children []block.Hash
}

// Info returns what is known of a block of any branch.
func (t *Tree) Info(hash block.Hash) (Info, bool) {
	n := t.nodes[hash]
	if n == nil {
		return Info{}, false
	}
	return t.info(n), true
}

func (t *Tree) info(n *node) Info {
	info := Info{Entry: n.entry(), State: *n.State, Active: t.isActive(n)}
	for _, c := range n.children {
		info.Children = append(info.Children, c.Hash)
	}
	return info
}

// Height returns the height of a header of any branch; false if it is unknown.
func (t *Tree) Height(hash block.Hash) (block.Height, bool) {
	n := t.nodes[hash]
	if n == nil {
		return 0, false
	}
	return n.Height, true
}

// Active reports whether a block is on the best chain.
func (t *Tree) Active(hash block.Hash) bool {
	n := t.nodes[hash]
	return n != nil && t.isActive(n)
}

// Connectable reports whether the bodies of a block and of all its ancestors are here.
func (t *Tree) Connectable(hash block.Hash) bool {
	n := t.nodes[hash]
	return n != nil && n.connectable()
}

// Received returns when a header first arrived, to the millisecond; zero if it is unknown.
func (t *Tree) Received(hash block.Hash) time.Time {
	if n := t.nodes[hash]; n != nil {
		return n.received.time()
	}
	return time.Time{}
}

// Has reports whether a header is known.
func (t *Tree) Has(hash block.Hash) bool { return t.nodes[hash] != nil }

// After returns the state that a header leads to, without keeping it. Its work is not checked.
// The error is consensus.ErrNoParent, or wraps a consensus.Rule.
func (t *Tree) After(h *block.Header) (*consensus.State, error) {
	parent := t.nodes[h.Prev]
	if parent == nil {
		return nil, fmt.Errorf("%w: %s", consensus.ErrNoParent, h.Prev)
	}
	return t.rules.Header(parent.State, h, h.Hash())
}

// CheckWork checks a header's proof of work, whether or not its parent is known.
func (t *Tree) CheckWork(h *block.Header) error { return t.rules.Work(h, h.Hash()) }

// Block returns a block of any branch. The error is ErrUnknown, ErrNoBody, or the disk's.
func (t *Tree) Block(hash block.Hash) (*block.Block, error) {
	n := t.nodes[hash]
	if n == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	if !n.has(HasBody) {
		return nil, fmt.Errorf("%w: %s", ErrNoBody, hash)
	}
	if n.body != nil {
		return n.body.Block, nil
	}
	return t.read(n)
}

// Undo returns the coins that a block spent when it was connected, in the order
// of its inputs. The error is ErrUnknown if it never was.
func (t *Tree) Undo(hash block.Hash) ([]consensus.Coin, error) {
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

// Locator describes the chain of the best header to a node that may have another chain: its
// last ten hashes, then steps that double, back to genesis. However far below the two chains
// fork, one of some twenty hashes is close below the fork (Core: LocatorEntries).
//
//	genesis … h-74 … h-42 … h-26 … h-18 h-14 h-12 h-11 h-10 h-9 h-8 … h-1 h
func (t *Tree) Locator() []block.Hash {
	var out []block.Hash
	step := block.Height(1)
	for n := t.bestHeader; ; n = n.ancestor(max(n.Height-step, 0)) {
		out = append(out, n.Hash)
		if n.parent == nil {
			return out
		}
		if len(out) >= 10 {
			step *= 2
		}
	}
}

// HeadersAfter returns at most limit headers of the best chain: those after the first hash of
// the locator that is on it, up to stop. If none is on it, they start after genesis. It is the
// other half of Locator: hashes of the asker's own branch are passed over, and because its
// steps double, the answer begins at most twice as far below the asker's tip as the fork
// (Core: FindForkInGlobalIndex).
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

// BodiesKept returns how many bytes of memory bodies take that are kept until their ancestors
// are here, and how many they may.
func (t *Tree) BodiesKept() (used, most int) { return maxBodies - t.room, maxBodies }

// Missing yields the blocks up to this header whose bodies are not here, the lowest first and
// none more than window above the last connectable one:
//
//	g ── ■ ── ■ ── ■ ── □ ── ■ ── □ ── □ ── header       ■ body is here, □ is not
//	               │    ^         ^    ^
//	               │    these are yielded
//	               the last connectable one: found by halving, since everything up to it
//	               is connectable and nothing above it is
//
// It yields none if the header is unknown or invalid, and walks no further than its caller
// reads.
func (t *Tree) Missing(header block.Hash, window int) iter.Seq[Point] {
	return func(yield func(Point) bool) {
		end := t.nodes[header]
		if end == nil || end.connectable() || end.status.Invalid() {
			return
		}
		low, high := block.Height(0), end.Height
		for low+1 < high {
			if mid := (low + high) / 2; end.ancestor(mid).connectable() {
				low = mid
			} else {
				high = mid
			}
		}
		const piece = 64 // nodes know their parents only, so the branch is walked in pieces
		top := low + block.Height(min(window, int(end.Height-low)))
		for ; low < top; low += piece {
			for _, n := range path(end.ancestor(low), end.ancestor(min(low+piece, top))) {
				if !n.has(HasBody) && !yield(n.point()) {
					return
				}
			}
		}
	}
}

// IsAncestor reports whether hash is known and on the branch that ends in tip, or tip itself.
func (t *Tree) IsAncestor(hash, tip block.Hash) bool {
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
	show := func(n *node) { out = append(out, Tip{n.point(), n.Height - t.fork(n).Height, t.tipStatus(n)}) }
	for _, n := range t.ends {
		show(n)
	}
	if len(t.tip().children) > 0 {
		show(t.tip())
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
	case !n.connectable():
		return "headers-only"
	case n.has(Connected):
		return "valid-fork"
	}
	return "valid-headers"
}

// ForkStats counts the blocks above genesis that are connectable and not known to break a
// rule.
type ForkStats struct {
	Active int // on the best chain
	Stale  int // on other branches
	Forked int // heights that have more than one
}

// ForkStats counts the blocks from one height to another, both included. It takes a step for
// each height.
func (t *Tree) ForkStats(from, to block.Height) (c ForkStats) {
	top := block.Height(len(t.counts) - 1)
	for h := max(from, 1); h <= min(to, top); h++ {
		n := int(t.counts[h])
		if n > 1 {
			c.Forked++
		}
		if h <= t.tip().Height {
			c.Active++
			n--
		}
		c.Stale += n
	}
	return c
}

// count counts a block that ForkStats is about.
func (t *Tree) count(n *node) {
	for int(n.Height) >= len(t.counts) {
		t.counts = append(t.counts, 0)
	}
	t.counts[n.Height]++
}

// uncount takes a block out of the count that is about to become invalid.
func (t *Tree) uncount(n *node) {
	if n.connectable() && !n.status.Invalid() {
		t.counts[n.Height]--
	}
}

// recount counts all blocks, given in any order: after a start, or when blocks became valid again.
func (t *Tree) recount(of iter.Seq[*node]) {
	t.counts = t.counts[:0]
	for n := range of {
		if n.connectable() && !n.status.Invalid() {
			t.count(n)
		}
	}
}

// Entries returns all headers of all branches, in the order in which they came.
func (t *Tree) Entries() []Entry {
	out := make([]Entry, 0, len(t.nodes))
	for _, n := range t.nodes {
		out = append(out, n.entry())
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(a.Received.Compare(b.Received), a.compare(&b)) })
	return out
}

// compare orders entries by height, the parents first, then as they came.
func (e *Entry) compare(f *Entry) int {
	if c := cmp.Or(cmp.Compare(e.Height, f.Height), e.Received.Compare(f.Received)); c != 0 {
		return c
	}
	a, b := e.ID(), f.ID()
	return bytes.Compare(a[:], b[:])
}

func (n *node) entry() Entry {
	return Entry{HeaderHash: n.Hash, Header: n.Header, Height: n.Height, Status: n.status, Seq: n.seq, Received: n.received.time(), Complete: n.complete.time(), Txs: n.txs, Size: n.size}
}

func (n *node) point() Point { return Point{n.Hash, n.Height} }

func (t *Tree) isActive(n *node) bool {
	return int(n.Height) < len(t.active) && t.active[n.Height] == n
}

// fork returns the last block that n's branch shares with the best chain (Core:
// CChain::FindFork). There is always one: genesis.
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
	for _, left := range t.active[fork.Height+1:] {
		t.touch(left)
	}
	for _, joins := range path(fork, n) {
		t.touch(joins)
	}
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

// ancestor returns the node at height h of n's own branch, in a number of steps that grows
// with the logarithm of the distance (Core: CBlockIndex::GetAncestor).
func (n *node) ancestor(h block.Height) *node {
	for n.Height > h {
		// Jump by n's own skip pointer if it lands on h, or above it and the parent's
		// would not get at least three heights further down without passing h.
		down, next := skipHeight(n.Height), skipHeight(n.Height-1)
		if n.skip != nil && (down == h || down > h && !(next < down-2 && next >= h)) {
			n = n.skip
		} else {
			n = n.parent
		}
	}
	return n
}

// skipHeight returns the height that the skip pointer of a node at height h leads to. It
// clears the lowest bits of h, which gives jumps of every size, and neighbours get different
// ones (Core: GetSkipHeight).
//
//	h      skip    in binary
//	96     64      1100000 → 1000000
//	97     1       1100001 → 0000001    odd: clear two bits of h-1, then add 1
//	100    96      1100100 → 1100000
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
