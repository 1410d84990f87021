package chain

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Tree holds every header of every branch, and chooses the best chain: the one with the
// most accumulated work among those whose blocks are all here and break no rule; of two
// with equal work the one that was complete first. It is not safe for concurrent use: one
// goroutine owns it.
//
//	g ── 1 ── 2 ── 3 ── 4            active: the best chain; 4 is the tip
//	     │         └── 4' ── 5' …    5' has the most work: best header. Its body is missing,
//	     │                           so 4' is at most a candidate: it needs more work than 4
//	     └── 2* ── 3*                2* breaks a rule: Failed, and 3* FailedParent
//
// A block is stored before it is connected (Core: block files before chainstate): Put
// when the checks that need no coins have passed, while coins, undo data and the new tip
// wait in memory for Flush, which writes them for one block or for many. Reads see the
// change at once. After a crash in between, ConnectStored makes up for what is missing.
type Tree struct {
	rules Rules
	disk  Disk

	nodes      map[block.Hash]*node
	ends       []*node // those without children, in any order
	active     []*node // the best chain by height; the last one is the tip
	bestHeader *node   // the header with the most work that is not known to be invalid
	candidate  *node   // the best connectable block not known to be invalid: where the best chain should end
	seq        int64   // last node.seq given out
	precious   int64   // last seq given out by Precious: negative, so that it wins among equals
	counts     []int32 // of the blocks that ForkStats is about, by height
	changes    int64   // see Changes
	recent     []*node // what the last changes were of, the oldest first; see touch

	cache    map[block.Outpoint]*consensus.Coin // some of the disk's coins
	room     int                                // bytes of bodies that nodes may still keep
	pending  pending                            // what was not handed to the disk yet
	unsynced unsynced                           // what was, after the last Sync

	between func(done, all int) // see Between
}

// maxBodies is how many bytes bodies that arrived before their ancestors may take
// in memory: a moving window of 16 blocks from each of eight peers, filled
// with small blocks. Larger ones are read back from the disk.
const maxBodies = 8 << 20

// node is one header in the tree, with what is known of its block.
type node struct {
	*consensus.State // after this header; it never changes
	parent           *node
	skip             *node // some ancestor far below, see ancestor
	children         []*node
	body             *consensus.Block // until its turn has come, kept to save a read; or else nil
	status           Status
	seq              int64
	received         millis
	complete         millis // see Entry.Complete
	txs              int
	size             int
	unput            bool  // among pending.headers
	changed          bool  // among pending.statuses
	end              int32 // its place in Tree.ends, if it has no children
}

// millis is a time in milliseconds since 1970; 0 is none.
type millis int64

func millisOf(t time.Time) millis {
	if t.IsZero() {
		return 0
	}
	return millis(t.UnixMilli())
}

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

func (n *node) has(s Status) bool { return n.status&s != 0 }

// connectable reports whether the bodies of n and of all its ancestors are here.
func (n *node) connectable() bool { return n.seq != 0 }

// better is the fork choice: more work wins, and on equal work the lower seq, which was
// connectable first (Core: CBlockIndexWorkComparator).
//
// This one comparison is the whole consensus: nodes that know the same blocks and never
// exchange a vote end at the same tip, unless two branches have exactly equal work. Then
// each keeps what it had first, and the next block on either branch decides (Bitcoin paper,
// section 5). Work is counted and not blocks: ten blocks at an easy target are cheaper than
// one at a hard target, and an attacker would choose the easy ones.
func (n *node) better(m *node) bool {
	if c := n.Work.Cmp(m.Work); c != 0 {
		return c > 0
	}
	return n.seq < m.seq
}

// NewTree returns the tree of what disk holds: entries in any order, and the tip of the best
// chain. With no entries it starts from genesis. v checks signatures. The error says which
// entry does not fit.
func NewTree(p *consensus.Params, v consensus.Verifier, disk Disk, entries []Entry, tip block.Hash) (*Tree, error) {
	return NewTreeOf(Consensus(p, v), disk, entries, tip)
}

// NewTreeOf is [NewTree] with rules of the caller's choice.
func NewTreeOf(r Rules, disk Disk, entries []Entry, tip block.Hash) (*Tree, error) {
	p := r.Params()
	t := &Tree{
		rules: r, disk: disk,
		nodes: make(map[block.Hash]*node, len(entries)+1),
		cache: make(map[block.Outpoint]*consensus.Coin),
		room:  maxBodies,
	}
	genesis := consensus.Genesis(p)
	root := &node{State: &genesis, status: HasBody | Connected, seq: 1, txs: len(p.Genesis.Txs), size: p.Genesis.Size(),
		received: millis(p.Genesis.Header.Time) * 1000, complete: millis(p.Genesis.Header.Time) * 1000}
	t.ends = []*node{root}
	t.counts = []int32{1}
	t.nodes[root.Hash], t.active, t.bestHeader, t.candidate, t.seq = root, []*node{root}, root, root, 1
	if len(entries) == 0 {
		t.pending.genesis = []consensus.Block{consensus.NewBlock(p.Genesis)}
		t.toPut(root)
		return t, nil
	}
	return t, t.load(entries, tip)
}

// load rebuilds the nodes from stored entries, parents before children. What an entry does
// not store is computed again: the work and the next target of each header from its
// parent's, the skip pointers, and, when all are here, the best header and the candidate.
func (t *Tree) load(entries []Entry, tip block.Hash) error {
	all := make([]*node, 0, len(entries)+1) // the map's order would be a random walk through memory
	all = append(all, t.active[0])
	for _, i := range byHeight(entries) {
		e := &entries[i]
		if e.Height == 0 {
			if e.Header != t.Params().Genesis.Header {
				return fmt.Errorf("stored genesis block %s is not the network's %s", e.ID(), t.Params().Genesis.Hash())
			}
			continue
		}
		parent := t.nodes[e.Header.Prev]
		if parent == nil || parent.Height+1 != e.Height {
			return fmt.Errorf("stored header %s at height %d: its parent %s is not below it", e.ID(), e.Height, e.Header.Prev)
		}
		state := parent.Next(&e.Header, e.ID())
		n := t.insert(parent, &state, e.Received)
		n.status, n.seq, n.complete, n.txs, n.size = e.Status, e.Seq, millisOf(e.Complete), e.Txs, e.Size
		t.seq, t.precious = max(t.seq, e.Seq), min(t.precious, e.Seq)
		all = append(all, n)
	}
	n := t.nodes[tip]
	if n == nil {
		return fmt.Errorf("stored tip %s: no such header", tip)
	}
	t.setActive(n)
	t.findBestHeader(slices.Values(all))
	t.findCandidate(slices.Values(all))
	t.recount(slices.Values(all))
	t.allPut()
	return nil
}

// byHeight returns the places of entries in the order of Entry.compare. Most heights have one
// block, so they are counted, and only what shares a height is compared.
func byHeight(entries []Entry) []int {
	var top block.Height
	for i := range entries {
		top = max(top, entries[i].Height)
	}
	if int64(top) > 2*int64(len(entries)) { // heights are missing: load will say which
		order := make([]int, len(entries))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return entries[a].compare(&entries[b]) })
		return order
	}
	starts := make([]int, top+2) // of each height in order
	for i := range entries {
		starts[entries[i].Height+1]++
	}
	for h := range top + 1 {
		starts[h+1] += starts[h]
	}
	order, next := make([]int, len(entries)), slices.Clone(starts)
	for i := range entries {
		h := entries[i].Height
		order[next[h]] = i
		next[h]++
	}
	for h := range top + 1 {
		if same := order[starts[h]:starts[h+1]]; len(same) > 1 {
			slices.SortFunc(same, func(a, b int) int { return entries[a].compare(&entries[b]) })
		}
	}
	return order
}

// Between has f called after each block of a move of the tip that is being worked out: done
// blocks of all have left or are ready to join. Nothing of the move is made yet, so f may
// read the tree, which is as it was before the move; it must not change it. A move of
// thousands of blocks takes long, and its owner can answer others meanwhile.
func (t *Tree) Between(f func(done, all int)) { t.between = f }

// Tip returns the state at the end of the best chain.
func (t *Tree) Tip() consensus.State { return *t.tip().State }

func (t *Tree) tip() *node { return t.active[len(t.active)-1] }

// Verifier returns how the tree checks signatures.
func (t *Tree) Verifier() consensus.Verifier { return t.rules.Verifier() }

// Params returns the network's parameters.
func (t *Tree) Params() *consensus.Params { return t.rules.Params() }

// BestHeader returns the state of the header with the most work, whose bodies may
// still be missing.
func (t *Tree) BestHeader() consensus.State { return *t.bestHeader.State }

// AddHeader validates a header and keeps it. The error is ErrKnown, consensus.ErrNoParent, or
// wraps a consensus.Rule; now is our clock.
func (t *Tree) AddHeader(h *block.Header, now time.Time) error {
	_, err := t.addHeader(h, now)
	return err
}

func (t *Tree) addHeader(h *block.Header, now time.Time) (*node, error) {
	n, state, err := t.checkHeader(h, h.Hash(), now)
	if n != nil || err != nil {
		return n, err
	}
	// From here on the header costs memory for ever, which is why proof of work was checked
	// before anything else: 80 bytes that anyone can invent would cost nothing.
	n = t.insert(t.nodes[h.Prev], state, now)
	t.raiseBestHeader(n)
	return n, nil
}

// ruleOfInvalid returns the rule to name for a block that is known to be invalid: which rule
// it broke is not stored, only whether it or an ancestor is at fault.
func (t *Tree) ruleOfInvalid(n *node) consensus.Rule {
	if n.has(Failed) {
		return consensus.DuplicateInvalid
	}
	return consensus.BadPrevBlk
}

// insert adds a node after parent.
func (t *Tree) insert(parent *node, s *consensus.State, received time.Time) *node {
	n := &node{State: s, parent: parent, received: millisOf(received)}
	n.skip = parent.ancestor(skipHeight(n.Height))
	if len(parent.children) == 0 { // n takes its place
		n.end = parent.end
		t.ends[n.end] = n
	} else {
		n.end = int32(len(t.ends))
		t.ends = append(t.ends, n)
	}
	parent.children = append(parent.children, n)
	t.nodes[n.Hash] = n
	t.toPut(n)
	t.touch(n)
	return n
}

func (t *Tree) raiseBestHeader(n *node) {
	if !n.status.Invalid() && n.Work.Cmp(t.bestHeader.Work) > 0 {
		t.bestHeader = n
	}
}

// AddBlock validates a block, keeps it on whatever branch, and moves the best chain if
// another branch wins now. The error is about b: ErrKnown, consensus.ErrNoParent, a wrapped
// consensus.Rule, or the disk's. The Change describes all that happened, also to blocks that
// had been waiting for this one; it may not be empty although b itself is rejected.
//
//	header     work, target, times                  kept in the tree
//	body       its match with the header; no coins  stored: Disk.Put
//	turn       when its branch has the most work    connected: coins, undo data, tip
func (t *Tree) AddBlock(b *block.Block, now time.Time) (Change, error) {
	return t.AddChecked(Checked{Block: b}, now)
}

// AddChecked is [Tree.AddBlock], without the checks of the body that CheckBlock made.
func (t *Tree) AddChecked(c Checked, now time.Time) (Change, error) {
	b := c.Block
	n, err := t.addHeader(&b.Header, now)
	if err != nil && (n == nil || n.status.Invalid()) {
		return Change{}, err
	}
	if n.has(HasBody) {
		return Change{}, ErrKnown
	}
	full, err := c.body(t.rules, n.parent.State, n.Hash)
	if err != nil {
		// A body that does not match its header says nothing about the header: another
		// peer may send the right one (Core: BLOCK_MUTATED).
		if consensus.Condemns(err) {
			t.fail(n)
		}
		return Change{}, err
	}
	n.status |= HasBody
	n.txs, n.size = len(b.Txs), b.Size()
	t.toPut(n)
	t.touch(n)
	linked := t.markConnectable(n, now)
	if err := t.put(full); err != nil {
		return Change{}, err
	}
	if len(linked) == 0 {
		if memoryOf(full, n.size) <= t.room {
			t.keep(n, &full)
		}
		return Change{From: t.Tip(), To: t.Tip()}, nil
	}
	t.keep(n, &full)
	change, err := t.activate(now, n)
	for _, n := range linked { // of a side branch: its turn may never come
		t.forget(n)
	}
	return change, err
}

// ConnectStored moves the best chain to where it should end. There is something to do
// only after a start, if a crash came between a block's Put and its Commit.
func (t *Tree) ConnectStored(now time.Time) (Change, error) { return t.activate(now, nil) }

// markConnectable gives n a seq, if the bodies of its ancestors are all here, and every
// descendant that has been waiting for it. It returns those that got one. A node catches up
// with bodies from many peers, so they arrive in any order:
//
//	tip ── ■ ── □ ── ■ ── ■        the body □ is missing: neither block above it has a seq.
//	                               When it arrives, all three get one, from below upwards
//
// (Core: m_chain_tx_count and ReceivedBlockTransactions.)
func (t *Tree) markConnectable(n *node, now time.Time) (linked []*node) {
	if !n.parent.connectable() {
		return nil
	}
	for queue := []*node{n}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if n.connectable() || !n.has(HasBody) {
			continue
		}
		t.seq++
		n.seq, n.complete = t.seq, millisOf(now)
		t.toPut(n)
		t.touch(n)
		if !n.status.Invalid() {
			t.count(n)
			if n.better(t.candidate) {
				t.candidate = n
			}
		}
		linked = append(linked, n)
		queue = append(queue, n.children...)
	}
	return linked
}

// fail marks n and its descendants as invalid. If the best header or the candidate is among
// them, the next best is searched for: the only time that a best one is not simply better
// than the one before. The caller moves the tip.
func (t *Tree) fail(n *node) {
	t.uncount(n)
	n.status |= Failed
	t.toCommit(n)
	t.touch(n)
	t.each(n.children, func(c *node) {
		t.uncount(c)
		c.status |= FailedParent
	})
	if t.bestHeader.status.Invalid() {
		t.findBestHeader(maps.Values(t.nodes))
	}
	if t.candidate.status.Invalid() {
		t.findCandidate(maps.Values(t.nodes))
	}
}

// findBestHeader searches the whole tree for the header with the most work. Among equals it
// is the one that arrived first, as it is when raiseBestHeader compares header after header:
// the same tree must always request the same blocks.
func (t *Tree) findBestHeader(among iter.Seq[*node]) {
	t.bestHeader = t.active[0]
	for n := range among {
		c := n.Work.Cmp(t.bestHeader.Work)
		if !n.status.Invalid() && (c > 0 || c == 0 && n.before(t.bestHeader)) {
			t.bestHeader = n
		}
	}
}

// before orders headers by their arrival, and those of one millisecond by hash.
func (n *node) before(m *node) bool {
	c := cmp.Compare(n.received, m.received)
	return c < 0 || c == 0 && bytes.Compare(n.Hash[:], m.Hash[:]) < 0
}

// findCandidate searches the whole tree for the block that the best chain should end in. It
// is needed when the fork choice cannot be made block by block: at startup, and after a block
// is invalidated or reconsidered.
func (t *Tree) findCandidate(among iter.Seq[*node]) {
	t.candidate = t.active[0]
	for n := range among {
		if n.connectable() && !n.status.Invalid() && n.better(t.candidate) {
			t.candidate = n
		}
	}
}

// each calls change for the roots and all their descendants, parents before children.
func (t *Tree) each(roots []*node, change func(*node)) {
	for stack := slices.Clone(roots); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], n.children...)
		change(n)
		t.toCommit(n)
		t.touch(n)
	}
}
