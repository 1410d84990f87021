package draw

import (
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
	clear(p.columns)
	for _, r := range p.rows {
		for _, n := range r.blocks {
			c := &p.columns[n.col]
			if r.folded > 0 {
				c.width = max(c.width, signWidth+width(plural(r.folded, "block")))
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
func (p *picture) draw() {
	if len(p.rows) == 0 {
		p.out.WriteString("no blocks\n")
		return
	}
	p.put(0, "height", faint)
	p.put(leftMargin, p.title, faint)
	p.endLine()
	if p.rows[0].height > 0 && p.title == "" {
		for _, n := range p.rows[0].blocks {
			p.put(p.columns[n.col].x, p.signs.fold, faint)
		}
		p.endLine()
	}
	for i, r := range p.rows {
		if r.folded > 0 {
			for _, n := range r.blocks {
				x := p.columns[n.col].x
				p.put(x, p.signs.fold, p.paint(n))
				p.put(x+signWidth, plural(r.folded, "block"), faint)
			}
			p.endLine()
			continue
		}
		p.put(0, fmt.Sprintf("%*d", heightWidth, r.height), faint)
		for _, n := range r.blocks {
			p.putBlock(n)
		}
		p.endLine()
		p.putBelow(r, i+1 < len(p.rows))
	}
}

// putBlock writes one block.
func (p *picture) putBlock(n *treeNode) {
	col := p.columns[n.col]
	x := col.x
	p.put(x, p.signs.fates[n.fate()], p.paint(n))
	x += signWidth
	for i, f := range p.fields(n) {
		paint := faint
		if n.fate() == invalid || n.fate() == live && i == 0 {
			paint = p.paint(n)
		}
		p.put(x, f, paint)
		if col.fields[i] > 0 {
			x += col.fields[i] + fieldGap
		}
	}
}

// putBelow writes what is between this height and the next.
func (p *picture) putBelow(r row, more bool) {
	lines, forks := 0, false
	labels := make([][]string, len(r.blocks))
	for i, n := range r.blocks {
		labels[i] = p.labels(n)
		lines = max(lines, len(labels[i]))
		forks = forks || len(n.kids) > 1
	}
	for l := range lines {
		for i, n := range r.blocks {
			if l < len(labels[i]) {
				p.put(p.columns[n.col].x, labels[i][l], p.paint(n))
			}
			p.putLine(n)
		}
		p.endLine()
	}
	if !forks || !more {
		return
	}
	for _, n := range r.blocks {
		p.putLine(n)
	}
	for _, n := range r.blocks {
		p.putFork(n)
	}
	p.endLine()
}

// putLine writes the line from a block to the one below it, if there is one.
func (p *picture) putLine(n *treeNode) {
	if len(n.kids) > 0 {
		p.put(p.columns[n.col].x, p.signs.line, p.paint(n.kids[0]))
	}
}

// putFork writes the line from a block to the branches that begin at it.
func (p *picture) putFork(n *treeNode) {
	if len(n.kids) < 2 {
		return
	}
	x := p.columns[n.col].x
	p.put(x, p.signs.tee, p.paint(n.kids[0]))
	x++
	last := len(n.kids) - 1
	for i := 1; i <= last; i++ { // placed in this order, see lanes
		k := n.kids[i]
		to := p.columns[k.col].x
		sign := p.signs.fork
		if i == last {
			sign = p.signs.corner
		}
		p.put(x, strings.Repeat(p.signs.across, to-x)+sign, p.paint(k))
		x = to + 1
	}
}

// labels returns the lines below n: the nodes with this tip, in brackets those that do not run
// and had it last, work, and branches that are drawn elsewhere.
func (p *picture) labels(n *treeNode) []string {
	var out []string
	add := func(sign, after string, names []string) {
		if len(names) == 0 {
			return
		}
		lines := wrap(sign+topology.ListWith(names, p.signs.many)+after, labelWidths[p.detail])
		for i := range lines[1:] {
			lines[i+1] = strings.Repeat(" ", width(sign)) + lines[i+1]
		}
		out = append(out, lines...)
	}
	add(p.signs.here+" ", "", n.nodes)
	add("(", ")", n.gone)
	add(p.signs.fates[invalid]+" for ", "", n.calls)
	if w := p.work[n]; w != "" {
		if len(out) == 1 && p.detail == 0 {
			out[0] += "  " + w
		} else {
			out = append(out, w)
		}
	}
	if n.more > 0 {
		out = append(out, fmt.Sprintf("+%d below", n.more))
	}
	for i := range out {
		if len(n.kids) > 0 {
			out[i] = p.signs.line + " " + out[i]
		}
	}
	return out
}

// labelWidths is the width of the names of nodes at each level of detail.
var labelWidths = [leastDetail + 1]int{40, 30, 20, 14, 10}

// wrap breaks a text into lines of about this width.
func wrap(text string, most int) (lines []string) {
	for _, word := range strings.Split(text, " ") {
		if n := len(lines); n > 0 && (width(lines[n-1])+1+width(word) <= most || n == 1 && width(lines[0]) <= 1) {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// notes writes what the picture cannot show.
func (p *picture) notes(silent []string) {
	note := func(text string) {
		for _, l := range wrap(text, max(p.style.Width-leftMargin, 20)) {
			p.put(leftMargin, l, faint)
			p.endLine()
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
	some := func(is func(*treeNode) bool) bool { return slices.ContainsFunc(p.all, is) }
	add := func(part string) {
		if n := len(lines) - 1; n >= 0 && leftMargin+width(lines[n])+3+width(part) <= p.style.Width {
			lines[n] += "   " + part
			return
		}
		lines = append(lines, part)
	}
	for f, sign := range p.signs.fates {
		if some(func(n *treeNode) bool { return n.fate() == fate(f) }) {
			add(sign + " " + meanings[f])
		}
	}
	if some(func(n *treeNode) bool { return len(n.nodes) > 0 }) {
		add(p.signs.here + " nodes that stand here")
	}
	if some(func(n *treeNode) bool { return len(n.calls) > 0 }) {
		add(p.signs.fates[invalid] + " for: its user calls it invalid there")
	}
	if some(func(n *treeNode) bool { return len(n.gone) > 0 }) {
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
	case n.fate() == invalid:
		return red
	case n.fate() != live:
		return faint
	case p.tips == 1:
		return green
	case len(n.chains) == 1:
		return branchColours[n.chains[0]%len(branchColours)]
	}
	return plain
}

// cell is one character of a line.
type cell struct {
	char  rune
	paint paint
}

// put writes s at column x of the present line, over what is there.
func (p *picture) put(x int, s string, colour paint) {
	for _, r := range s {
		for len(p.cells) <= x {
			p.cells = append(p.cells, cell{char: ' '})
		}
		p.cells[x] = cell{r, colour}
		x++
	}
}

// endLine writes the present line without trailing spaces, and begins the next.
func (p *picture) endLine() {
	end := len(p.cells)
	for end > 0 && p.cells[end-1].char == ' ' {
		end--
	}
	now := plain
	for _, c := range p.cells[:end] {
		if p.style.Colour && c.paint != now && c.char != ' ' {
			if now != plain {
				p.out.WriteString("\x1b[0m")
			}
			if now = c.paint; now != plain {
				p.out.WriteString("\x1b[" + string(now) + "m")
			}
		}
		p.out.WriteRune(c.char)
	}
	if now != plain {
		p.out.WriteString("\x1b[0m")
	}
	p.out.WriteByte('\n')
	p.cells = p.cells[:0]
}
