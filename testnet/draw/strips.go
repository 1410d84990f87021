package draw

import (
	"cmp"
	"context"
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

// strips draws the tree. If it is too wide without all details too, the branches at the right
// that do not fit follow in other strips:
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
func (p *picture) strips(ctx context.Context) error {
	p.arrange()
	for p.detail = range leastDetail + 1 {
		if p.measure() <= p.style.Width {
			break
		}
	}
	var rest []*forest
	var err error
	if p.measure() > p.style.Width && len(p.columns) > 1 {
		p.detail = stripDetail(p.style.Width)
		if rest, err = p.split(ctx); err != nil {
			return err
		}
	}
	p.draw()
	for _, f := range rest {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.out.WriteByte('\n')
		next := *p
		next.forest = f
		next.title = fmt.Sprintf("%s of %s", branches(len(f.roots[0].kids)), next.fields(f.roots[0])[0])
		if err := next.strips(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
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

// split removes the branches in the columns that do not fit, and returns trees of what was
// removed, each under its fork and as many branches in one tree as fit beside each other.
func (p *picture) split(ctx context.Context) (out []*forest, err error) {
	off := make(map[*treeNode][]*treeNode) // by their forks
	for keep := p.fitting(); ; keep-- {
		p.cut(keep, off)
		p.arrange()
		if p.measure() <= p.style.Width || keep <= 1 || keep <= p.roomy() {
			break
		}
	}
	var forks []*treeNode
	for from, kids := range off {
		forks = append(forks, from)
		slices.SortFunc(kids, func(a, b *treeNode) int { return cmp.Compare(a.col, b.col) })
	}
	slices.SortFunc(forks, func(a, b *treeNode) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.col, b.col))
	})
	for _, from := range forks {
		packed, err := p.pack(ctx, from, off[from])
		if err != nil {
			return nil, err
		}
		out = append(out, packed...)
	}
	return out, nil
}

// fitting returns how many columns fit the width, and at least those of trees without a common
// block, which are not divided.
func (p *picture) fitting() int {
	n := 0
	for n < len(p.columns) && p.columns[n].x+p.columns[n].width <= p.style.Width {
		n++
	}
	return max(n, p.roomy())
}

// roomy returns how many columns there must be for every tree to begin in one.
func (p *picture) roomy() int {
	n := 1
	for _, r := range p.roots {
		n = max(n, r.col+1)
	}
	return n
}

// cut removes the branches in all columns from keep on, and collects them by their forks.
func (p *picture) cut(keep int, off map[*treeNode][]*treeNode) {
	var kept []*treeNode
	for _, n := range p.all {
		if n.col < keep {
			kept = append(kept, n)
		} else if len(off[n]) > 0 { // with the branches that were removed from it before
			n.kids, n.more = append(n.kids, off[n]...), 0
			delete(off, n)
		}
	}
	for _, n := range kept {
		near := n.kids[:0:0]
		for _, k := range n.kids {
			if k.col < keep {
				near = append(near, k)
				continue
			}
			off[n] = append(off[n], k)
			n.more++
		}
		n.kids = near
	}
	p.all = kept
}

// pack returns trees of the branches of a fork, each as many as fit beside each other.
func (p *picture) pack(ctx context.Context, from *treeNode, kids []*treeNode) (out []*forest, err error) {
	room, begun := 0, 0
	for i := range kids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		alone := *p
		alone.forest = p.graft(from, kids[i:i+1])
		alone.arrange()
		w := alone.measure() - leftMargin + columnGap
		if room -= w; room < 0 {
			if i > begun {
				out = append(out, p.graft(from, kids[begun:i]))
			}
			begun, room = i, p.style.Width-leftMargin+columnGap-w
		}
	}
	return append(out, p.graft(from, kids[begun:])), nil
}

// graft returns a tree of branches under a copy of their fork.
func (p *picture) graft(from *treeNode, kids []*treeNode) *forest {
	root := *from
	root.parent, root.kids, root.nodes, root.gone, root.more = nil, slices.Clone(kids), nil, nil, 0
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
