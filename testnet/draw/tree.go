package draw

import (
	"cmp"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// View is what one node knows: every block of every branch, and where it stands.
type View struct {
	Node string
	Tree rpc.Tree
}

// Tree is what Draw draws.
type Tree struct {
	Blocks     []rpc.TreeBlock `json:"blocks"` // each once, in the order of their birth; need not begin at genesis
	Tips       []NodeTip       `json:"stands"` // in the order in which nodes are to be listed
	Silent     []string        `json:"silent"` // nodes that do not answer, and so stand nowhere
	Objections []Objection     `json:"objections,omitempty"`
	LastTips   []NodeTip       `json:"stood"` // where nodes that do not run stood last; if nobody stands, their histories count
}

// NodeTip says which block a node's best chain ends in.
type NodeTip struct {
	Node   string       `json:"node"`
	Tip    block.Hash   `json:"tip"`
	Height block.Height `json:"height"`
}

// Merge makes one tree out of what several nodes know. A block is born when the
// first of them saw its header.
func Merge(views []View) Tree {
	in := Tree{}
	at := map[block.Hash]int{}
	for _, v := range views {
		in.Tips = append(in.Tips, NodeTip{Node: v.Node, Tip: v.Tree.Tip, Height: v.Tree.Height})
		for _, b := range v.Tree.Blocks {
			i, known := at[b.Hash]
			if !known {
				at[b.Hash] = len(in.Blocks)
				in.Blocks = append(in.Blocks, b)
				continue
			}
			in.Blocks[i] = merge(in.Blocks[i], b)
		}
	}
	slices.SortStableFunc(in.Blocks, func(a, b rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.ReceivedMS, b.ReceivedMS), cmp.Compare(a.Height, b.Height))
	})
	in.Objections = objections(views, &in)
	return in
}

// merge returns what two nodes know of one block together.
func merge(a, b rpc.TreeBlock) rpc.TreeBlock {
	a.ReceivedMS = min(a.ReceivedMS, b.ReceivedMS)
	if a.CompleteMS == 0 || b.CompleteMS != 0 && b.CompleteMS < a.CompleteMS {
		a.CompleteMS = b.CompleteMS
	}
	if a.Order == 0 {
		a.Order = b.Order
	}
	if a.Txs == 0 && b.Txs > 0 {
		a.Txs, a.Size, a.Message, a.Address, a.Status = b.Txs, b.Size, b.Message, b.Address, b.Status
	}
	if judged(b.Status) > judged(a.Status) {
		a.Status = b.Status
	}
	return a
}

// StatusInvalid is getblocktree's word for a block that breaks a rule, or whose
// ancestor does, or that the node's user calls so.
const StatusInvalid = "invalid"

// judged is how much a node's word counts against another's. Who had a block in its
// history has tried every rule: then invalid is only what a user says. Who has not may
// never have looked.
func judged(status string) int {
	return slices.Index([]string{"", "headers-only", "valid-headers", StatusInvalid, "valid-fork", "active"}, status)
}

// Objection is a node that calls a block invalid which others had in their histories: its
// user does. What stands on it is invalid there, too.
type Objection struct {
	Node string     `json:"node"`
	Hash block.Hash `json:"hash"`
}

// objections returns what each node alone calls invalid, the lowest blocks of it.
func objections(views []View, in *Tree) (out []Objection) {
	valid := make(map[block.Hash]bool)
	for _, b := range in.Blocks {
		valid[b.Hash] = b.Status != StatusInvalid
	}
	for _, v := range views {
		calls := make(map[block.Hash]bool)
		for _, b := range v.Tree.Blocks {
			calls[b.Hash] = b.Status == StatusInvalid && valid[b.Hash]
		}
		for _, b := range v.Tree.Blocks {
			if calls[b.Hash] && !calls[b.Prev] {
				out = append(out, Objection{v.Node, b.Hash})
			}
		}
	}
	return out
}

// fate is what became of a block.
type fate int

const (
	live       fate = iota // some node's history holds it
	stale                  // nobody's history holds it any more, or does yet
	headerOnly             // nobody has its transactions
	invalid                // it breaks a rule
)

// treeNode is a block in its place.
type treeNode struct {
	rpc.TreeBlock
	name   string // b1, b2, … in the order of birth; genesis is b0
	parent *treeNode
	kids   []*treeNode // the one that goes straight on first
	fate   fate
	nodes  []string // that stand here
	calls  []string // nodes that call it invalid, though it is not
	gone   []string // that stood here last
	more   int      // branches of it that are drawn elsewhere
	chains []int    // which of the distinct tips, by first appearance, have it in their history

	// Of the branches above it:
	first int       // index of the first node that stands here or above; many if none
	best  *treeNode // the end with the most work
	top   block.Height

	col int // see lanes
}

// many is larger than any index of a node.
const many = 1 << 30

// forest is the tree, as a rule with one root.
type forest struct {
	roots []*treeNode
	all   []*treeNode // in order of height, then birth
	tips  int         // how many distinct tips the nodes stand on
}

// grow joins blocks to parents, says what became of each, and sorts the branches.
func grow(in Tree) *forest {
	f := &forest{}
	at := make(map[block.Hash]*treeNode, len(in.Blocks))
	born := 1
	for _, b := range in.Blocks {
		if at[b.Hash] != nil {
			continue // a caller's slip is no reason to crash
		}
		n := &treeNode{TreeBlock: b, first: many, top: b.Height, name: "b0"}
		n.best = n
		if b.Height > 0 {
			n.name = blockName(born)
			born++
		}
		at[b.Hash] = n
		f.all = append(f.all, n)
	}
	slices.SortStableFunc(f.all, func(a, b *treeNode) int { return cmp.Compare(a.Height, b.Height) })
	for _, n := range f.all {
		if n.parent = at[n.Prev]; n.parent == nil {
			f.roots = append(f.roots, n)
			continue
		}
		n.parent.kids = append(n.parent.kids, n)
	}
	f.people(in, at)
	judges := in.Tips
	if len(judges) == 0 { // nobody runs: what counts is where they stood last, as in StaleOf
		judges = in.LastTips
	}
	f.stand(judges, at)
	f.judge()
	for _, n := range slices.Backward(f.all) { // children before parents
		for _, k := range n.kids {
			n.first, n.top = min(n.first, k.first), max(n.top, k.top)
			if heavier(k.best, n.best) > 0 {
				n.best = k.best
			}
		}
		slices.SortStableFunc(n.kids, straighter)
	}
	slices.SortStableFunc(f.roots, straighter)
	return f
}

// people puts the nodes where they stand, stood last, or object.
func (f *forest) people(in Tree, at map[block.Hash]*treeNode) {
	for _, s := range in.Tips {
		if tip := at[s.Tip]; tip != nil {
			tip.nodes = append(tip.nodes, s.Node)
		}
	}
	for _, s := range in.LastTips {
		if tip := at[s.Tip]; tip != nil {
			tip.gone = append(tip.gone, s.Node)
		}
	}
	for _, o := range in.Objections {
		if n := at[o.Hash]; n != nil {
			n.calls = append(n.calls, o.Node)
		}
	}
}

// judge says what became of each block, once the histories are marked.
func (f *forest) judge() {
	for _, n := range f.all {
		switch {
		case len(n.chains) > 0:
			n.fate = live
		case n.Status == StatusInvalid:
			n.fate = invalid
		case n.Txs == 0:
			n.fate = headerOnly
		default:
			n.fate = stale
		}
	}
}

// stand marks the histories below the tips of those that count.
func (f *forest) stand(stands []NodeTip, at map[block.Hash]*treeNode) {
	for i, s := range stands {
		tip := at[s.Tip]
		if tip == nil || tip.first != many { // or somebody stands there already
			continue
		}
		tip.first = i
		for n := tip; n != nil; n = n.parent {
			n.chains = append(n.chains, f.tips)
		}
		f.tips++
	}
}

// straighter orders the branches of a fork, and so the columns of the picture: where
// the first of the nodes stands comes first and goes straight on, so the left half of
// a split network is drawn at the left. Branches where nobody stands come last, the
// heaviest of them first.
func straighter(a, b *treeNode) int {
	return cmp.Or(cmp.Compare(a.first, b.first), heavier(b.best, a.best))
}

// heavier compares the work of the histories up to a and b.
func heavier(a, b *treeNode) int { return a.ChainWork.Cmp(b.ChainWork) }

// lane is a line of blocks in one column, each the parent of the next.
type lane struct {
	col      int
	from, to block.Height // from the fork it leaves (or its first block, without one) to its highest block
}

// lanes gives every block its column, and returns how many columns there are. The
// later a branch forks off, the nearer it is to where it came from: then no line from
// a fork to a branch has to cross another branch.
//
//	● ─╮        not   ● ───╮
//	●  ●              ● ─╮ │        but   ● ───╮
//	●─╮●                                  ●─╮  ●
//	● ●                                   ● ●
func (f *forest) lanes() int {
	var placed []lane
	width := 0
	// place puts n, what goes straight on from it, and then all branches of those. It
	// leaves room for the branches before it knows where they go.
	var place func(n *treeNode, from block.Height, after int)
	place = func(n *treeNode, from block.Height, after int) {
		l := lane{col: after, from: from, to: n.top}
		for _, p := range placed {
			if p.from <= l.to && l.from <= p.to {
				l.col = max(l.col, p.col+1)
			}
		}
		width = max(width, l.col+1)
		var trunk []*treeNode
		for ; ; n = n.kids[0] {
			n.col = l.col
			trunk = append(trunk, n)
			if len(n.kids) == 0 {
				break
			}
		}
		l.to = n.Height // in the way of others is the line itself
		placed = append(placed, l)
		for _, t := range slices.Backward(trunk) {
			for i := 1; i < len(t.kids); i++ {
				place(t.kids[i], t.Height, l.col+1)
			}
		}
	}
	for _, r := range f.roots {
		place(r, r.Height, 0)
	}
	return width
}

// Stale returns the blocks that no running node has on its best chain, the lowest first.
func Stale(in Tree) (out []block.Hash) {
	for _, n := range grow(in).all {
		if n.fate != live {
			out = append(out, n.Hash)
		}
	}
	return out
}
