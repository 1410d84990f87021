package draw

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"toychain/testnet/topology"
)

// The layout, in columns of text.
const (
	heightWidth = 6 // of the numbers at the left, and of their title
	leftMargin  = heightWidth + 3
	signWidth   = 3 // a sign and the space after it
	fieldGap    = 2
	columnGap   = 3
)

// measure sets the width of every field and column, and returns that of the whole.
func (p *picture) measure() int {
	for i := range p.columns {
		p.columns[i] = column{}
	}
	for _, r := range p.rows {
		for _, n := range r.blocks {
			c := &p.columns[n.col]
			if r.folded > 0 {
				c.width = max(c.width, signWidth+width(foldText(r.folded)))
				continue
			}
			for i, f := range p.fields(n) {
				if i == len(c.fields) {
					c.fields = append(c.fields, 0)
				}
				c.fields[i] = max(c.fields[i], width(f))
			}
			for _, l := range p.labels(n) {
				c.width = max(c.width, width(l))
			}
		}
	}
	x := leftMargin
	for i := range p.columns {
		c := &p.columns[i]
		c.x = x
		w := signWidth - fieldGap
		for _, f := range c.fields {
			if f > 0 {
				w += fieldGap + f
			}
		}
		c.width = max(c.width, w)
		x += c.width + columnGap
	}
	return x - columnGap
}

// draw writes the rows: for each height its blocks, below them the nodes with these tips, and
// below that the lines to its branches.
func (p *picture) draw(out *bytes.Buffer) {
	if len(p.rows) == 0 {
		out.WriteString("no blocks\n")
		return
	}
	p.line(out, func(c *canvas) {
		c.put(0, "height", faint)
		c.put(leftMargin, p.title, faint)
	})
	if p.rows[0].height > 0 && p.title == "" {
		p.line(out, func(c *canvas) {
			for _, n := range p.rows[0].blocks {
				c.put(p.columns[n.col].x, p.signs.fold, faint)
			}
		})
	}
	for i, r := range p.rows {
		if r.folded > 0 {
			p.line(out, func(c *canvas) {
				for _, n := range r.blocks {
					x := p.columns[n.col].x
					c.put(x, p.signs.fold, p.paint(n))
					c.put(x+signWidth, foldText(r.folded), faint)
				}
			})
			continue
		}
		p.line(out, func(c *canvas) {
			c.put(0, fmt.Sprintf("%*d", heightWidth, r.height), faint)
			for _, n := range r.blocks {
				p.putBlock(c, n)
			}
		})
		p.putBelow(out, r, i+1 < len(p.rows))
	}
}

// putBlock writes one block.
func (p *picture) putBlock(c *canvas, n *treeNode) {
	col := p.columns[n.col]
	x := col.x
	c.put(x, p.signs.fates[n.fate], p.paint(n))
	x += signWidth
	for i, f := range p.fields(n) {
		paint := faint
		if n.fate == invalid || n.fate == live && i <= p.hashField() {
			paint = p.paint(n)
		}
		c.put(x, f, paint)
		if col.fields[i] > 0 {
			x += col.fields[i] + fieldGap
		}
	}
}

// hashField is the last field that names a block.
func (p *picture) hashField() int {
	if p.style.Names {
		return 1
	}
	return 0
}

// putBelow writes what is between this height and the next.
func (p *picture) putBelow(out *bytes.Buffer, r row, more bool) {
	lines, forks := 0, false
	labels := make([][]string, len(r.blocks))
	for i, n := range r.blocks {
		labels[i] = p.labels(n)
		lines = max(lines, len(labels[i]))
		forks = forks || len(n.kids) > 1
	}
	for l := range lines {
		p.line(out, func(c *canvas) {
			for i, n := range r.blocks {
				x := p.columns[n.col].x
				if l < len(labels[i]) {
					c.put(x, labels[i][l], p.paint(n))
				}
				if len(n.kids) > 0 {
					c.put(x, p.signs.line, p.paint(n.kids[0]))
				}
			}
		})
	}
	if !forks || !more {
		return
	}
	p.line(out, func(c *canvas) {
		for _, n := range r.blocks {
			if len(n.kids) > 0 {
				c.put(p.columns[n.col].x, p.signs.line, p.paint(n.kids[0]))
			}
		}
		for _, n := range r.blocks {
			p.putFork(c, n)
		}
	})
}

// putFork writes the line from a block to the branches that begin at it.
func (p *picture) putFork(c *canvas, n *treeNode) {
	if len(n.kids) < 2 {
		return
	}
	x := p.columns[n.col].x
	c.put(x, p.signs.tee, p.paint(n.kids[0]))
	x++
	last := len(n.kids) - 1
	for i := 1; i <= last; i++ { // placed in this order, see lanes
		k := n.kids[i]
		to := p.columns[k.col].x
		sign := p.signs.fork
		if i == last {
			sign = p.signs.corner
		}
		c.put(x, strings.Repeat(p.signs.across, to-x)+sign, p.paint(k))
		x = to + 1
	}
}

// notes writes what the picture cannot show.
func (p *picture) notes(out *bytes.Buffer, silent []string) {
	note := func(text string) {
		for _, l := range wrap(text, max(p.style.Width-leftMargin, 20)) {
			p.line(out, func(c *canvas) { c.put(leftMargin, l, faint) })
		}
	}
	if len(silent) > 0 {
		note("no answer from " + topology.ListWith(silent, p.signs.many))
	}
	if p.detail >= 2 && slices.ContainsFunc(p.all, func(n *treeNode) bool { return n.Message != "" && n.Height > 0 }) {
		note(fmt.Sprintf("who mined what needs more than %d columns", p.style.Width))
	}
	if p.work != nil {
		note(fmt.Sprintf("work: hashes that the blocks after %d took on average", p.base))
	}
	if p.tie {
		note("a tie: each node keeps what it saw first, until one more block decides")
	}
	if p.style.Legend {
		for _, line := range p.legend() {
			note(line)
		}
	}
}

// legend explains the signs that occur.
func (p *picture) legend() (lines []string) {
	var seen [4]bool
	here, gone, calls := false, false, false
	for _, n := range p.all {
		seen[n.fate] = true
		here, gone, calls = here || len(n.nodes) > 0, gone || len(n.gone) > 0, calls || len(n.calls) > 0
	}
	add := func(part string) {
		if n := len(lines) - 1; n >= 0 && leftMargin+width(lines[n])+3+width(part) <= p.style.Width {
			lines[n] += "   " + part
			return
		}
		lines = append(lines, part)
	}
	for f, ok := range seen {
		if ok {
			add(p.signs.fates[f] + " " + meanings[f])
		}
	}
	if here {
		add(p.signs.here + " nodes that stand here")
	}
	if calls {
		add(p.signs.fates[invalid] + " for: its user calls it invalid there")
	}
	if gone {
		add("(" + p.signs.many + ") not running: stood here last")
	}
	return lines
}

// paint is the colour of some text, as a terminal's code.
type paint string

const (
	plain paint = ""
	faint paint = "2"
	red   paint = "31"
	green paint = "32"
)

// branchColours are the colours of best chains that not all nodes share.
var branchColours = []paint{"36;1", "33;1", "35;1", "34;1", "32;1"}

// paint returns the colour of a block: that of its best chain, none if it is on several.
func (p *picture) paint(n *treeNode) paint {
	switch {
	case n.fate == invalid:
		return red
	case n.fate != live:
		return faint
	case p.tips == 1:
		return green
	case len(n.chains) == 1:
		return branchColours[n.chains[0]%len(branchColours)]
	}
	return plain
}

// canvas is one line of text.
type canvas struct {
	text  []rune
	paint []paint
}

// put writes s at column x, over what is there.
func (c *canvas) put(x int, s string, p paint) {
	for _, r := range s {
		for len(c.text) <= x {
			c.text, c.paint = append(c.text, ' '), append(c.paint, plain)
		}
		c.text[x], c.paint[x] = r, p
		x++
	}
}

// line writes one line without trailing spaces.
func (p *picture) line(out *bytes.Buffer, fill func(*canvas)) {
	c := &canvas{}
	fill(c)
	end := len(c.text)
	for end > 0 && c.text[end-1] == ' ' {
		end--
	}
	now := plain
	for i := range end {
		if p.style.Colour && c.paint[i] != now && c.text[i] != ' ' {
			if now != plain {
				out.WriteString("\x1b[0m")
			}
			if now = c.paint[i]; now != plain {
				out.WriteString("\x1b[" + string(now) + "m")
			}
		}
		out.WriteRune(c.text[i])
	}
	if now != plain {
		out.WriteString("\x1b[0m")
	}
	out.WriteByte('\n')
}

// blockName returns the name of the n-th block in the order of arrival.
func blockName(n int) string { return fmt.Sprintf("b%d", n) }
