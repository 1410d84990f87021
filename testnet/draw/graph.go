package draw

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strings"

	"toychain/block"
)

// This file draws the tree for programs that show graphics.

// box is a block in a drawing, or a stretch of blocks that is folded.
type box struct {
	*treeNode
	row    int
	folded int
	parent *box // nil: it begins a tree
}

// boxes returns what is drawn, parents before children, and how many columns that takes.
func boxes(in Tree) (p *picture, out []*box) {
	p = &picture{forest: grow(in), signs: unicodeSigns}
	p.weigh()
	p.arrange()
	shown := map[*treeNode]*box{}
	for i, r := range p.rows {
		for _, n := range r.blocks {
			b := &box{treeNode: n, row: i, folded: r.folded}
			for up := n.parent; up != nil && b.parent == nil; up = up.parent { // past what is folded
				b.parent = shown[up]
			}
			shown[n] = b
			out = append(out, b)
		}
	}
	return p, out
}

// lines returns the text of a box.
func (p *picture) lines(b *box) (out []string) {
	if b.folded > 0 {
		return []string{plural(b.folded, "block")}
	}
	f := p.fields(b.treeNode)
	out = []string{fmt.Sprintf("%d  %s", b.Height, f[0]), strings.TrimSpace(strings.Join(f[1:3], "  "))}
	if word := words[b.fate()]; word != "" {
		out = append(out, word)
	}
	for _, l := range p.labels(b.treeNode) {
		out = append(out, strings.TrimPrefix(l, p.signs.line+" "))
	}
	return out
}

// fills are the colours of boxes by fate, as #rrggbb.
var fills = [4]string{live: "#d8f0d8", stale: "#e6e6e6", headerOnly: "#ffffff", invalid: "#f6d0d0"}

// Dot writes the tree in the language of Graphviz, with genesis at the top. The error is w's.
func Dot(w io.Writer, in Tree, call func(block.Hash) string) error {
	p, all := boxes(in)
	p.style.Call = call
	var out bytes.Buffer
	out.WriteString("digraph toychain {\n  node [shape=box, style=filled, fontname=monospace]\n  edge [dir=back]\n")
	for _, b := range all {
		fmt.Fprintf(&out, "  %q [label=%q, fillcolor=%q]\n", b.Hash, strings.Join(p.lines(b), "\n"), fills[b.fate()])
		if b.parent != nil {
			fmt.Fprintf(&out, "  %q -> %q\n", b.parent.Hash, b.Hash)
		}
	}
	out.WriteString("}\n")
	_, err := w.Write(out.Bytes())
	return err
}

// The layout of an SVG picture, in pixels.
const (
	boxWidth   = 230
	boxHeight  = 84
	betweenX   = 30
	betweenY   = 26
	lineHeight = 17
)

// SVG writes the tree as a picture, with genesis at the top. The error is w's.
func SVG(w io.Writer, in Tree, call func(block.Hash) string) error {
	p, all := boxes(in)
	p.style.Call = call
	x := func(b *box) int { return betweenX + b.col*(boxWidth+betweenX) }
	y := func(b *box) int { return betweenY + b.row*(boxHeight+betweenY) }
	wide, high := betweenX+len(p.columns)*(boxWidth+betweenX), betweenY+len(p.rows)*(boxHeight+betweenY)
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="monospace" font-size="13">`+"\n", wide, high)
	out.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for _, b := range all {
		if up := b.parent; up != nil {
			fmt.Fprintf(&out, `<path d="M%d %dV%dH%dV%d" fill="none" stroke="black"/>`+"\n", x(up)+boxWidth/2, y(up)+boxHeight,
				y(up)+boxHeight+betweenY/2, x(b)+boxWidth/2, y(b))
		}
	}
	for _, b := range all {
		dashes := ""
		if b.folded > 0 {
			dashes = ` stroke-dasharray="4"`
		}
		fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="%s" stroke="black"%s/>`+"\n", x(b), y(b), boxWidth, boxHeight, fills[b.fate()], dashes)
		for i, l := range p.lines(b) {
			fmt.Fprintf(&out, `<text x="%d" y="%d">%s</text>`+"\n", x(b)+8, y(b)+(i+1)*lineHeight, html.EscapeString(l))
		}
	}
	out.WriteString("</svg>\n")
	_, err := w.Write(out.Bytes())
	return err
}
