package draw

import (
	"fmt"
	"strings"

	"toychain/testnet/topology"
)

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
