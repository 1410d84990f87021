package draw

import (
	"cmp"
	"fmt"
	"slices"
)

// stripDetail returns the level of detail for a tree that is too wide for one picture: as much
// of the hashes as leaves room for three branches.
func stripDetail(columns int) int {
	switch {
	case columns >= 48:
		return 2
	case columns >= 36:
		return 3
	}
	return leastDetail
}

// strips draws the tree. If it is too wide without all details too, branches are removed from
// the right until the rest fits, and follow in other strips:
//
//	height
//	     1   ●  46ff97cd
//	         ├─────────────╮
//	         │ +2 below    │
//	     2   ●  25aa1f00   ●  4b17c0de
//
//	height   2 more branches of 46ff97cd
//	     1   ●  46ff97cd
//	         ├─────────────╮
//	     2   ●  53ab8e01   ●  bd00c0de
func (p *picture) strips() {
	p.arrange()
	for p.detail = range leastDetail + 1 {
		if p.measure() <= p.style.Width {
			break
		}
	}
	var rest []*forest
	if p.measure() > p.style.Width && len(p.columns) > 1 {
		p.detail = stripDetail(p.style.Width)
		rest = p.split()
	}
	p.draw()
	for _, f := range rest {
		p.out.WriteByte('\n')
		next := *p
		next.forest = f
		next.title = fmt.Sprintf("%s of %s", branches(len(f.roots[0].kids)), next.fields(f.roots[0])[0])
		next.strips()
	}
}

func branches(n int) string {
	if n == 1 {
		return "1 more branch"
	}
	return fmt.Sprintf("%d more branches", n)
}

// arrange gives blocks their columns and rows.
func (p *picture) arrange() {
	p.columns = make([]column, p.lanes())
	p.rows = p.foldedRows()
}

// split removes the rightmost branch until the rest fits or is one column, and returns trees of
// what was removed, each under its fork.
func (p *picture) split() []*forest {
	off := make(map[*treeNode][]*treeNode) // by their forks
	for p.measure() > p.style.Width && len(p.columns) > 1 {
		k := p.rightmost()
		if k == nil {
			break // trees without a common block are not divided
		}
		from := k.parent
		from.kids = slices.DeleteFunc(from.kids, func(n *treeNode) bool { return n == k })
		from.more++
		gone := make(map[*treeNode]bool)
		for stack := []*treeNode{k}; len(stack) > 0; stack = stack[1:] {
			n := stack[0]
			gone[n] = true
			n.kids, n.more = append(n.kids, off[n]...), 0 // with the branches that were removed from it
			delete(off, n)
			stack = append(stack, n.kids...)
		}
		off[from] = append([]*treeNode{k}, off[from]...)
		p.all = slices.DeleteFunc(slices.Clone(p.all), func(n *treeNode) bool { return gone[n] })
		p.arrange()
	}
	var out []*forest
	for from, kids := range off {
		out = append(out, p.graft(from, kids))
	}
	slices.SortFunc(out, func(a, b *forest) int {
		x, y := a.roots[0], b.roots[0]
		return cmp.Or(cmp.Compare(x.Height, y.Height), cmp.Compare(x.col, y.col))
	})
	return out
}

// rightmost returns the first block of the branch in the last column, nil if it has no parent.
func (p *picture) rightmost() (first *treeNode) {
	for _, n := range p.all {
		if n.col == len(p.columns)-1 && n.parent != nil && n.parent.col != n.col {
			first = n
		}
	}
	return first
}

// graft returns a tree of branches under a copy of their fork.
func (p *picture) graft(from *treeNode, kids []*treeNode) *forest {
	root := *from
	root.parent, root.kids, root.nodes, root.gone, root.more = nil, kids, nil, nil, 0
	f := &forest{roots: []*treeNode{&root}, tips: p.tips}
	for stack := []*treeNode{&root}; len(stack) > 0; stack = stack[1:] {
		f.all = append(f.all, stack[0])
		stack = append(stack, stack[0].kids...)
	}
	for _, k := range kids {
		k.parent = &root
	}
	root.top = 0
	for _, n := range f.all {
		root.top = max(root.top, n.Height)
	}
	slices.SortStableFunc(f.all, func(a, b *treeNode) int { return cmp.Compare(a.Height, b.Height) })
	return f
}
