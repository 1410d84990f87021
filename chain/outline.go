package chain

import (
	"maps"
	"slices"

	"toychain/block"
)

// This file answers readers of the whole tree, whatever its size: what is near its tips and
// forks, and what changed.

// Outlined is a block of an outline.
type Outlined struct {
	Info
	Under Point // the next block below it that is in the outline too; zeros: there is none
}

// outlineSteps is how many blocks before a tip or a fork are in an outline.
const outlineSteps = 2

// maxOutline is how many blocks an outline may have, and so how much memory an answer takes. Ours.
const maxOutline = 50_000

// Outline returns the blocks near tips and forks, those at wanted heights, and all others that are at the
// same heights as these, the lowest first; none below from. Of very many branches only the
// highest blocks are returned: those from the height that it returns.
//
//	height 0  1  2  …      50 51 52 53  …   98 99 100
//	       ■  .  .  .  .   ■  ■  ■  ■   .   ■  ■  ■       ■ is in the outline
//	                             └─ ■
//
// A fork is between blocks that are in the outline, so that two nodes' outlines with the same
// heights fit together. The time grows with the number of blocks beside the best chain.
func (t *Tree) Outline(from block.Height, wanted []block.Height) (out []Outlined, lowest block.Height) {
	side, marks := t.sides(from)
	top := t.tip().Height
	for _, n := range side {
		top = max(top, n.Height)
	}
	for _, h := range append(wanted, from) {
		marks[h] = true
	}
	at := make(map[block.Height][]*node)
	for _, n := range side {
		if marks[n.Height] {
			at[n.Height] = append(at[n.Height], n)
		}
	}
	heights := slices.Sorted(maps.Keys(marks))
	heights = slices.DeleteFunc(heights, func(h block.Height) bool { return h < from || h > top })
	for i, room := len(heights)-1, maxOutline; i >= 0; i-- {
		if room -= 1 + len(at[heights[i]]); room < 0 {
			heights = heights[i+1:]
			break
		}
	}
	for i, h := range heights {
		row := at[h]
		if int(h) < len(t.active) {
			row = append([]*node{t.active[h]}, row...)
		}
		for _, n := range row {
			o := Outlined{Info: t.info(n)}
			if i > 0 {
				o.Under = n.ancestor(heights[i-1]).point()
			}
			out = append(out, o)
		}
	}
	if len(heights) > 0 {
		from = heights[0]
	}
	return out, from
}

// sides returns the nodes from a height on that are not on the best chain, and the heights that
// an outline shows.
func (t *Tree) sides(from block.Height) (side []*node, marks map[block.Height]bool) {
	marks = make(map[block.Height]bool)
	mark := func(low, high block.Height) {
		for h := max(low, from); h <= high; h++ {
			marks[h] = true
		}
	}
	seen := make(map[*node]bool)
	mark(t.tip().Height-outlineSteps, t.tip().Height)
	for _, n := range t.ends {
		mark(n.Height-outlineSteps, n.Height)
		for ; n.Height >= from && !t.isActive(n) && !seen[n]; n = n.parent {
			seen[n] = true
			side = append(side, n)
			if p := n.parent; t.isActive(p) || len(p.children) > 1 {
				mark(p.Height-outlineSteps, n.Height)
			} else if n.status.Invalid() != p.status.Invalid() || n.connectable() != p.connectable() {
				mark(n.Height, n.Height)
			}
		}
	}
	slices.SortFunc(side, func(a, b *node) int {
		first, second := a.entry(), b.entry()
		return first.compare(&second)
	})
	return side, marks
}

// keptChanges is how many changes are remembered. Ours: more than happen between two looks of
// a reader that follows the tree.
const keptChanges = 1024

// touch remembers that something about n changed.
func (t *Tree) touch(n *node) {
	t.changes++
	if len(t.recent) == 2*keptChanges {
		t.recent = append(t.recent[:0], t.recent[keptChanges:]...)
	}
	t.recent = append(t.recent, n)
}

// Changes returns how often something about a block of the tree changed, counted from when
// the tree was opened.
func (t *Tree) Changes() int64 { return t.changes }

// ChangedSince returns the blocks that are new, or whose status changed, or which joined or
// left the best chain after Changes returned since: each once, as it is now. ok is false if
// that was too long ago.
func (t *Tree) ChangedSince(since int64) (out []Info, ok bool) {
	count := t.changes - since
	if count < 0 || count > keptChanges || count > int64(len(t.recent)) {
		return nil, false
	}
	seen := make(map[*node]bool)
	for _, n := range t.recent[int64(len(t.recent))-count:] {
		if !seen[n] {
			seen[n] = true
			out = append(out, t.info(n))
		}
	}
	return out, true
}
