package chain

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Tree holds every header of every branch, and chooses the best chain: the one
// with the most accumulated work among those whose blocks are all here and break
// no rule; of two with equal work the one that was complete first. It is not safe
// for concurrent use: one goroutine owns it.
//
// A block is stored before it is connected (Core: block files before chainstate): Put
// when the checks that need no coins have passed, while coins, undo data and the new tip
// wait in memory for Flush, which writes them for one block or for many. Reads see the
// change at once. After a crash in between, ConnectStored makes up for what is missing.
type Tree struct {
	params   *consensus.Params
	verifier consensus.Verifier
	disk     Disk

	nodes  map[block.Hash]*node
	active []*node // the best chain by height; the last one is the tip
	best   *node   // header with the most work that is not known to be invalid
	lead   *node   // where the best chain should end: complete, not known to be invalid, the best such
	seq    int64   // last one given out
	loved  int64   // last one given out by Precious, negative

	coins    map[block.Outpoint]*consensus.Coin // coins read or changed lately; nil: known to be gone
	bodies   map[block.Hash]consensus.Block     // bodies whose turn has not come, kept to save a read
	room     int                                // bytes that may still be kept there
	pending  pending                            // what was not handed to the disk yet
	unsynced unsynced                           // what was, after the last Sync
}

// maxBodies is how many bytes of bodies that arrived before their ancestors are
// kept in memory: a moving window of 16 blocks from each of eight peers, filled
// with small blocks. Larger ones are read back from the disk.
const maxBodies = 8 << 20

// node is one header in the tree.
type node struct {
	consensus.State
	parent   *node
	skip     *node // some ancestor far below, see ancestor
	children []*node
	status   Status
	seq      int64
	received time.Time
	complete time.Time // see Entry.Complete
	txs      int
	size     int
}

func (n *node) has(s Status) bool { return n.status&s != 0 }

// linked reports whether n and all its ancestors have their bodies.
func (n *node) linked() bool { return n.seq != 0 }

// better is the fork choice.
func (n *node) better(m *node) bool {
	if c := n.Work.Cmp(m.Work); c != 0 {
		return c > 0
	}
	return n.seq < m.seq
}

// NewTree returns the tree of what disk holds: entries in any order, and the tip
// of the best chain. With no entries it starts from genesis. The error says which
// entry does not fit.
func NewTree(p *consensus.Params, v consensus.Verifier, disk Disk, entries []Entry, tip block.Hash) (*Tree, error) {
	t := &Tree{
		params: p, verifier: v, disk: disk,
		nodes:   make(map[block.Hash]*node, len(entries)+1),
		coins:   make(map[block.Outpoint]*consensus.Coin),
		bodies:  make(map[block.Hash]consensus.Block),
		room:    maxBodies,
		pending: newPending(),
	}
	root := &node{State: consensus.Genesis(p), status: HasBody | Connected, seq: 1, txs: len(p.Genesis.Txs), size: p.Genesis.Size(),
		received: time.Unix(int64(p.Genesis.Header.Time), 0), complete: time.Unix(int64(p.Genesis.Header.Time), 0)}
	t.nodes[root.Hash], t.active, t.best, t.lead, t.seq = root, []*node{root}, root, root, 1
	if len(entries) == 0 {
		t.pending.genesis = []consensus.Block{consensus.NewBlock(p.Genesis)}
		t.pending.headers[root] = true
		return t, nil
	}
	return t, t.load(entries, tip)
}

// load rebuilds the nodes, parents before children.
func (t *Tree) load(entries []Entry, tip block.Hash) error {
	slices.SortFunc(entries, Entry.compare)
	for i := range entries {
		e := &entries[i]
		if e.Height == 0 {
			if e.Header != t.params.Genesis.Header {
				return fmt.Errorf("stored genesis block %s is not the network's %s", e.Header.Hash(), t.params.Genesis.Hash())
			}
			continue
		}
		parent := t.nodes[e.Header.Prev]
		if parent == nil || parent.Height+1 != e.Height {
			return fmt.Errorf("stored header %s at height %d: its parent %s is not below it", e.Header.Hash(), e.Height, e.Header.Prev)
		}
		n := t.insert(parent, parent.Next(&e.Header, e.Header.Hash()), e.Received)
		n.status, n.seq, n.complete, n.txs, n.size = e.Status, e.Seq, e.Complete, e.Txs, e.Size
		t.seq, t.loved = max(t.seq, e.Seq), min(t.loved, e.Seq)
	}
	n := t.nodes[tip]
	if n == nil {
		return fmt.Errorf("stored tip %s: no such header", tip)
	}
	t.setActive(n)
	t.findBest()
	t.findLead()
	clear(t.pending.headers)
	return nil
}

// Tip returns the state at the end of the best chain.
func (t *Tree) Tip() consensus.State { return t.tip().State }

func (t *Tree) tip() *node { return t.active[len(t.active)-1] }

// Verifier returns how the tree checks signatures.
func (t *Tree) Verifier() consensus.Verifier { return t.verifier }

// Params returns the network's parameters.
func (t *Tree) Params() *consensus.Params { return t.params }

// BestHeader returns the state of the header with the most work, whose bodies may
// still be missing.
func (t *Tree) BestHeader() consensus.State { return t.best.State }

// AddHeader judges a header and keeps it. The error is ErrKnown, ErrNoParent, or
// wraps a Rule; now is our clock.
func (t *Tree) AddHeader(h *block.Header, now time.Time) error {
	_, err := t.addHeader(h, now)
	return err
}

func (t *Tree) addHeader(h *block.Header, now time.Time) (*node, error) {
	hash := h.Hash()
	if n := t.nodes[hash]; n != nil {
		if n.status.Invalid() {
			return n, fmt.Errorf("%w: %s was found invalid before", t.whyInvalid(n), hash)
		}
		return n, ErrKnown
	}
	if err := consensus.CheckWork(t.params, h); err != nil {
		return nil, err
	}
	parent := t.nodes[h.Prev]
	if parent == nil {
		return nil, fmt.Errorf("%w: %s", consensus.ErrNoParent, h.Prev)
	}
	if parent.status.Invalid() {
		return nil, fmt.Errorf("%w: %s is invalid", consensus.BadPrevBlk, h.Prev)
	}
	state, err := parent.ApplyHeader(h)
	if err != nil {
		return nil, err
	}
	if err := consensus.CheckTime(h, now.Unix()); err != nil {
		return nil, err
	}
	n := t.insert(parent, state, now)
	t.raiseBest(n)
	return n, nil
}

// whyInvalid names the rule for a block that is known to be invalid: its own
// failing is not remembered, only whether it or an ancestor is at fault.
func (t *Tree) whyInvalid(n *node) consensus.Rule {
	if n.has(Failed) {
		return consensus.DuplicateInvalid
	}
	return consensus.BadPrevBlk
}

// insert makes the node after parent.
func (t *Tree) insert(parent *node, s consensus.State, received time.Time) *node {
	n := &node{State: s, parent: parent, received: received.Truncate(time.Millisecond)}
	n.skip = parent.ancestor(skipHeight(n.Height))
	parent.children = append(parent.children, n)
	t.nodes[n.Hash] = n
	t.pending.headers[n] = true
	return n
}

func (t *Tree) raiseBest(n *node) {
	if !n.status.Invalid() && n.Work.Cmp(t.best.Work) > 0 {
		t.best = n
	}
}

// AddBlock judges a block, keeps it whatever its branch, and moves the best chain
// if that is now another. The error is about b: ErrKnown, ErrNoParent, a wrapped
// Rule, or trouble with the disk. The Change tells all that happened, also to
// blocks that had been waiting for this one; it may hold something even if b
// itself is refused.
func (t *Tree) AddBlock(b *block.Block, now time.Time) (Change, error) {
	n, err := t.addHeader(&b.Header, now)
	if err != nil && (n == nil || n.status.Invalid()) {
		return Change{}, err
	}
	if n.has(HasBody) {
		return Change{}, ErrKnown
	}
	full := consensus.NewBlock(b)
	err = consensus.CheckBody(full)
	if err == nil {
		err = consensus.CheckContext(&n.parent.State, b)
	}
	if err != nil {
		if consensus.Condemns(err) {
			t.fail(n)
		}
		return Change{}, err
	}
	n.status |= HasBody
	n.txs, n.size = len(b.Txs), b.Size()
	t.pending.headers[n] = true
	linked := t.link(n, now)
	if err := t.put(full); err != nil {
		return Change{}, err
	}
	if len(linked) == 0 {
		if n.size <= t.room {
			t.keep(n, full)
		}
		return Change{From: t.Tip(), To: t.Tip()}, nil
	}
	t.keep(n, full)
	change, err := t.activate(now, n)
	for _, n := range linked { // of a side branch: its turn may never come
		t.forget(n)
	}
	return change, err
}

// ConnectStored moves the best chain to where it should end. There is something to do
// only after a start, if a crash came between a block's Put and its Commit.
func (t *Tree) ConnectStored(now time.Time) (Change, error) { return t.activate(now, nil) }

// link numbers n, if its ancestors are all here, and every descendant that has been
// waiting for it, and returns them.
func (t *Tree) link(n *node, now time.Time) (linked []*node) {
	if !n.parent.linked() {
		return nil
	}
	for queue := []*node{n}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if n.linked() || !n.has(HasBody) {
			continue
		}
		t.seq++
		n.seq, n.complete = t.seq, now.Truncate(time.Millisecond)
		t.pending.headers[n] = true
		if !n.status.Invalid() && n.better(t.lead) {
			t.lead = n
		}
		linked = append(linked, n)
		queue = append(queue, n.children...)
	}
	return linked
}

// fail marks n and everything on top of it.
func (t *Tree) fail(n *node) {
	n.status |= Failed
	t.pending.statuses[n] = true
	t.each(n.children, func(c *node) { c.status |= FailedParent })
	if t.best.status.Invalid() {
		t.findBest()
	}
	if t.lead.status.Invalid() {
		t.findLead()
	}
}

// findBest looks through the whole tree for the header with the most work. Among
// equals it is the one that came first, as when raiseBest goes from header to
// header: the same tree must always ask its peers for the same blocks.
func (t *Tree) findBest() {
	t.best = t.active[0]
	for _, n := range t.nodes {
		if c := n.Work.Cmp(t.best.Work); !n.status.Invalid() && (c > 0 || c == 0 && n.before(t.best)) {
			t.best = n
		}
	}
}

// before orders headers by their arrival, and those of one millisecond by hash.
func (n *node) before(m *node) bool {
	c := n.received.Compare(m.received)
	return c < 0 || c == 0 && bytes.Compare(n.Hash[:], m.Hash[:]) < 0
}

// findLead looks through the whole tree for the block that the best chain should
// end in. It is needed only when the fork choice cannot be made step by step:
// after a start, or when a block fell from grace or rose again.
func (t *Tree) findLead() {
	t.lead = t.active[0]
	for _, n := range t.nodes {
		if n.linked() && !n.status.Invalid() && n.better(t.lead) {
			t.lead = n
		}
	}
}

// each changes every node of the branches that start with roots.
func (t *Tree) each(roots []*node, change func(*node)) {
	for stack := slices.Clone(roots); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], n.children...)
		change(n)
		t.pending.statuses[n] = true
	}
}
