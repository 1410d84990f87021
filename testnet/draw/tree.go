package draw

import (
	"cmp"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// View is the block tree of one node: every block of every branch, and its tip.
type View struct {
	Node string
	Tree rpc.Tree
}

// Tree is the merged tree of several nodes, which Write draws.
type Tree struct {
	Blocks     []rpc.TreeBlock `json:"blocks"` // each once, in the order of arrival; the lowest need not be genesis
	Tips       []NodeTip       `json:"stands"` // of the nodes that run, in the order in which they are listed
	Silent     []string        `json:"silent"` // nodes that do not answer
	Objections []Objection     `json:"objections,omitempty"`
	LastTips   []NodeTip       `json:"stood"` // the last tips of nodes that do not run; if none runs, these count
}

// NodeTip is the end of a node's best chain.
type NodeTip struct {
	Node   string       `json:"node"`
	Tip    block.Hash   `json:"tip"`
	Height block.Height `json:"height"`
}

// Merge merges the trees of several nodes. A block's place in the order is that of the first
// arrival of its header.
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

// merge merges what two nodes know of one block.
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
	if a.Folded > b.Folded {
		a.Folded, a.Under = b.Folded, b.Under
	}
	if judged(b.Status) > judged(a.Status) {
		a.Status = b.Status
	}
	return a
}

// StatusInvalid is getblocktree's status of a block that breaks a rule, or has an ancestor that
// does, or was invalidated by the node's user.
const StatusInvalid = "invalid"

// judged ranks the statuses that nodes have for one block. A node that had the block on its best
// chain has checked every rule: then another's "invalid" is only its user's. Other nodes may
// never have checked.
func judged(status string) int {
	return slices.Index([]string{"", "headers-only", "valid-headers", StatusInvalid, "valid-fork", "active"}, status)
}

// Objection is a block that one node's user invalidated while others had it on their best
// chains.
type Objection struct {
	Node string     `json:"node"`
	Hash block.Hash `json:"hash"`
}

// objections returns the lowest blocks of each branch that only one node's user invalidated.
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

// fate is the state of a block in the network.
type fate int

const (
	live       fate = iota // on some node's best chain
	stale                  // on no node's best chain
	headerOnly             // no node has its transactions
	invalid                // it breaks a rule
)

// treeNode is a block in the tree.
type treeNode struct {
	rpc.TreeBlock
	parent *treeNode
	kids   []*treeNode // the one in the same column first
	nodes  []string    // whose tip it is
	calls  []string    // nodes whose user invalidated it
	gone   []string    // that do not run, whose last tip it is
	more   int         // branches of it that are drawn elsewhere
	chains []int       // indexes of the distinct tips above it, by first appearance

	// Of the branches above it:
	first int       // index of the first node with its tip here or above; many if none
	best  *treeNode // the end with the most work
	top   block.Height

	span int // it stands for this many blocks, which are not in the tree; 0: for itself
	col  int // see lanes
}

// many is larger than any index of a node.
const many = 1 << 30

// forest is the tree, as a rule with one root.
type forest struct {
	roots []*treeNode
	all   []*treeNode // by height, then arrival
	tips  int         // how many distinct tips there are

	bridges []*treeNode // see bridge; in all too
}

// grow joins blocks to parents, sets their fates, and sorts the branches.
func grow(in Tree) *forest {
	f := &forest{}
	at := make(map[block.Hash]*treeNode, len(in.Blocks))
	for _, b := range in.Blocks {
		if at[b.Hash] != nil {
			continue // tolerated
		}
		n := &treeNode{TreeBlock: b, first: many, top: b.Height}
		n.best = n
		at[b.Hash] = n
		f.all = append(f.all, n)
	}
	slices.SortStableFunc(f.all, func(a, b *treeNode) int { return cmp.Compare(a.Height, b.Height) })
	for _, n := range f.all {
		if n.parent = at[n.Prev]; n.parent == nil && n.Folded > 0 {
			n.parent = at[n.Under]
		}
		if n.parent == nil {
			f.roots = append(f.roots, n)
			continue
		}
		if n.parent.Hash != n.Prev {
			f.bridge(n)
			continue
		}
		n.parent.kids = append(n.parent.kids, n)
	}
	if len(f.bridges) > 0 {
		f.all = append(f.all, f.bridges...)
		slices.SortStableFunc(f.all, func(a, b *treeNode) int { return cmp.Compare(a.Height, b.Height) })
	}
	f.place(in, at)
	judges := in.Tips
	if len(judges) == 0 { // none runs: their last tips count, as in history.StaleOf
		judges = in.LastTips
	}
	f.mark(judges, at)
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

// bridge puts one block in place of those between n and its parent, which are not in the tree.
func (f *forest) bridge(n *treeNode) {
	b := &treeNode{TreeBlock: n.TreeBlock, first: many, top: n.Height - 1, span: n.Folded, parent: n.parent, kids: []*treeNode{n}}
	b.Hash, b.Prev, b.Height, b.Message = n.Prev, n.Under, n.parent.Height+1, ""
	b.best = n
	f.bridges = append(f.bridges, b)
	n.parent.kids = append(n.parent.kids, b)
	n.parent = b
}

// place puts the nodes on their tips, last tips and objections.
func (f *forest) place(in Tree, at map[block.Hash]*treeNode) {
	none := &treeNode{} // a block that is not in the tree
	for _, s := range in.Tips {
		tip := cmp.Or(at[s.Tip], none)
		tip.nodes = append(tip.nodes, s.Node)
	}
	for _, s := range in.LastTips {
		tip := cmp.Or(at[s.Tip], none)
		tip.gone = append(tip.gone, s.Node)
	}
	for _, o := range in.Objections {
		n := cmp.Or(at[o.Hash], none)
		n.calls = append(n.calls, o.Node)
	}
}

// fate returns the fate of a block, once the best chains are marked.
func (n *treeNode) fate() fate {
	switch {
	case len(n.chains) > 0:
		return live
	case n.Status == StatusInvalid:
		return invalid
	case n.Txs == 0:
		return headerOnly
	}
	return stale
}

// mark marks the best chains below these tips.
func (f *forest) mark(tips []NodeTip, at map[block.Hash]*treeNode) {
	for i, s := range tips {
		tip := at[s.Tip]
		if tip == nil || tip.first != many { // or it is another node's tip already
			continue
		}
		tip.first = i
		for n := tip; n != nil; n = n.parent {
			n.chains = append(n.chains, f.tips)
		}
		f.tips++
	}
}

// straighter orders the branches of a fork, and so the columns of the picture: the branch with
// the tip of the first node continues in the same column, so the left half of a partitioned
// network is drawn at the left. Branches without a tip come last, the one with the most work
// first.
func straighter(a, b *treeNode) int {
	return cmp.Or(cmp.Compare(a.first, b.first), heavier(b.best, a.best))
}

// heavier compares the work of the chains up to a and b.
func heavier(a, b *treeNode) int { return a.ChainWork.Cmp(b.ChainWork) }

// Stale returns the blocks that no running node has on its best chain, the lowest first.
func Stale(in Tree) (out []block.Hash) {
	for _, n := range grow(in).all {
		if n.fate() != live {
			out = append(out, n.Hash)
		}
	}
	return out
}
