package draw

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"toychain/block"
)

// Style is how Write draws. The zero Style is plain text, 80 columns wide.
type Style struct {
	Colour bool                    // with the colours of a terminal
	ASCII  bool                    // without line drawing, for terminals that know no Unicode
	Call   func(block.Hash) string // returns the name of a block; nil: its hash
	Legend bool                    // explain the signs that occur, in a line below
	Width  int                     // columns to fit into, as far as possible, by leaving out details; 0: 80
}

// signs are the characters of a picture.
type signs struct {
	fates                           [4]string // by fate
	line, tee, across, fork, corner string
	fold, here, many                string
	end                             rune // the first character that a message cannot have
}

var (
	unicodeSigns = signs{fates: [4]string{live: "●", stale: "○", headerOnly: "◌", invalid: "✗"},
		line: "│", tee: "├", across: "─", fork: "┬", corner: "╮", fold: "┊", here: "▲", many: "…",
		end: 0x300} // combining characters, and after them those that are two columns wide
	asciiSigns = signs{fates: [4]string{live: "*", stale: "o", headerOnly: "?", invalid: "x"},
		line: "|", tee: "|", across: "-", fork: ".", corner: ".", fold: ":", here: "^", many: "..", end: 0x7f}
)

// words are the fates in the picture, and meanings in the legend.
var (
	words    = [4]string{stale: "stale", headerOnly: "header only", invalid: "invalid"}
	meanings = [4]string{live: "block", stale: "stale: in no node's history", headerOnly: "only its header is known", invalid: "invalid: it breaks a rule"}
)

// Write draws the tree of blocks: time runs down, a row is a height, a column a
// branch, and every node is listed below its tip.
//
//	height
//	     0   ●  0f0ac2d1  1 tx  genesis
//	         ┊  11 blocks
//	    12   ●  3ac1e002  2 txs  n1
//	         ├──────────────────────────╮
//	    13   ●  9f00ab12  3 txs  n1     ●  5c5c5c5c  2 txs  n3
//	    14   ●  77aa0b1c  1 tx   n1     ●  aabbccdd  1 tx   n3
//	         ▲ n1 n2                    │
//	    15                              ●  01020304  1 tx   n3
//	                                    ▲ n3 n4
//
// A block shows its hash (see block.Hash.Short), how many transactions it has and its miner's
// message. Where work and height disagree about which branch is ahead, the ends of the branches
// show their work, counted from the last common block. Long stretches without a fork are
// folded. The error is w's, or that of ctx if it ends first.
func Write(ctx context.Context, w io.Writer, in Tree, s Style) error {
	s.Width = cmp.Or(s.Width, 80)
	var out bytes.Buffer
	p := &picture{forest: grow(in), style: s, signs: unicodeSigns, out: &out}
	if s.ASCII {
		p.signs = asciiSigns
	}
	p.weigh()
	all := p.all
	if err := p.strips(ctx); err != nil {
		return err
	}
	p.all = all
	p.notes(in.Silent)
	_, err := w.Write(out.Bytes())
	return err
}

// picture is a drawing in progress.
type picture struct {
	*forest
	style   Style
	signs   signs
	detail  int // 0: everything, leastDetail: only what distinguishes blocks
	rows    []row
	columns []column
	title   string // of what is shown, if it is a part

	out   *bytes.Buffer // the lines before
	cells []cell        // of the present line

	base block.Height // of the last common block; work is counted from there
	work map[*treeNode]string
	tie  bool // several ends have the most
}

const leastDetail = 4

// row is one height, or several folded ones.
type row struct {
	height block.Height
	blocks []*treeNode // at this height, by column
	folded int         // how many heights; 0: it is not folded
}

// column is where a column of blocks begins and how wide each of its fields is.
type column struct {
	x, width int
	fields   []int
}

// worthwhile is how many heights are folded at least (a fold takes a line too), and lastSteps how
// many blocks are shown before a fork or an end.
const (
	worthwhile = 3
	lastSteps  = 2
)

// foldedRows returns the rows, the lowest first.
func (p *picture) foldedRows() []row {
	var all []row
	for _, n := range p.all {
		if len(all) == 0 || all[len(all)-1].height != n.Height {
			all = append(all, row{height: n.Height})
		}
		r := &all[len(all)-1]
		r.blocks = append(r.blocks, n)
	}
	var rows []row
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(r row) bool { return slices.ContainsFunc(r.blocks, noteworthy) })
		if n < 0 {
			n = len(all)
		}
		if heights, hidden := spanOf(all[:n]); heights >= worthwhile || hidden {
			all[0].folded = heights
			rows = append(rows, all[0])
		} else {
			n = max(n, 1)
			rows = append(rows, all[:n]...)
		}
		all = all[n:]
	}
	for _, r := range rows {
		slices.SortFunc(r.blocks, func(a, b *treeNode) int { return a.col - b.col })
	}
	return rows
}

// spanOf returns how many heights rows stand for, and whether some of them are folded already.
func spanOf(rows []row) (heights int, hidden bool) {
	for _, r := range rows {
		span := 0
		for _, n := range r.blocks {
			span, hidden = max(span, n.span), hidden || n.span > 0
		}
		heights += max(span, 1)
	}
	return heights, hidden
}

// noteworthy reports whether n must be shown: at the begin and end of a branch, at a fork, and
// in the last steps to an end.
func noteworthy(n *treeNode) bool {
	if n.span > 0 {
		return false
	}
	if n.parent == nil || len(n.parent.kids) > 1 || n.fate() != n.parent.fate() || len(n.nodes)+len(n.gone)+len(n.calls)+n.more > 0 {
		return true
	}
	for range lastSteps + 1 {
		if len(n.kids) != 1 {
			return true
		}
		if n = n.kids[0]; n.span > 0 {
			return false
		}
	}
	return false
}

// weigh sets the labels about work at the ends of the branches: none, if their order by height
// is that by work and the difficulty is the same everywhere.
func (p *picture) weigh() {
	ends := slices.DeleteFunc(slices.Clone(p.all), func(n *treeNode) bool { return len(n.kids) > 0 || n.fate() == invalid })
	disagree := p.harder()
	byHeight := slices.SortedFunc(slices.Values(ends), func(a, b *treeNode) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), heavier(a, b))
	})
	for i, b := range byHeight[min(1, len(ends)):] {
		a := byHeight[i]
		disagree = disagree || heavier(a, b) > 0 || (a.Height == b.Height) != (a.ChainWork == b.ChainWork)
	}
	root := p.shared(ends)
	if !disagree || root == nil {
		return
	}
	p.base, p.work = root.Height, map[*treeNode]string{}
	most := slices.MaxFunc(ends, heavier).ChainWork
	var leaders []*treeNode
	for _, n := range ends {
		p.work[n] = "work " + siNumber(n.ChainWork.Sub(root.ChainWork).Float())
		if n.ChainWork == most {
			leaders = append(leaders, n)
		}
	}
	place := ", the most"
	if p.tie = len(leaders) > 1; p.tie {
		place = ", a tie"
	}
	for _, n := range leaders {
		p.work[n] += place
	}
}

// harder reports whether blocks of one height have different difficulties.
func (f *forest) harder() bool {
	bits := make(map[block.Height]string)
	for _, n := range f.all {
		if n.fate() == invalid || n.Bits == "" {
			continue
		}
		if known := bits[n.Height]; known != "" && known != n.Bits {
			return true
		}
		bits[n.Height] = n.Bits
	}
	return false
}

// shared returns the last common block of these, or nil.
func (f *forest) shared(ends []*treeNode) *treeNode {
	below := make(map[*treeNode]int, len(f.all)) // how many ends are above each block, or it
	for _, n := range ends {
		below[n]++
	}
	for _, n := range slices.Backward(f.all) { // children before parents: the first that has all is the last common one
		if below[n] == len(ends) && len(ends) > 0 {
			return n
		}
		below[n.parent] += below[n]
	}
	return nil
}

// siNumber writes a number of hashes with three digits and an SI prefix.
func siNumber(v float64) string {
	units := []string{"", " k", " M", " G", " T", " P", " E"}
	i := 0
	for v >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	if i == 0 || v >= 999.5 {
		return strconv.FormatFloat(v, 'g', 3, 64) + units[i]
	}
	return strings.TrimSuffix(fmt.Sprintf("%#.3g", v), ".") + units[i]
}

// fields returns the texts of n at the present level of detail. The first is its name.
func (p *picture) fields(n *treeNode) []string {
	name, message := n.Hash.Short(), p.signs.printable(n.Message)
	if n.Height == 0 {
		message = "genesis"
	}
	if p.style.Call != nil {
		name = p.style.Call(n.Hash)
	} else if p.detail > 2 {
		name = name[:10-2*p.detail] // four digits, then two
	}
	switch p.detail {
	case 0:
		return []string{name, plural(n.Txs, "tx"), message, words[n.fate()]}
	case 1:
		return []string{name, message} // the sign shows its fate
	}
	return []string{name}
}

// plural returns a number of things; "" for none.
func plural(n int, thing string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// maxMessage is how many characters of a miner's message are shown.
const maxMessage = 16

// Printable returns a miner's message, safe for a terminal: one short line of characters that
// are one column wide, without control characters.
func Printable(s string) string { return unicodeSigns.printable(s) }

// printable is Printable in these signs.
func (g *signs) printable(s string) string {
	var out []rune
	for _, r := range s {
		if r >= g.end || !unicode.IsPrint(r) {
			r = '?'
		}
		if out = append(out, r); len(out) > maxMessage {
			cut := []rune(g.many)
			out = append(out[:maxMessage-len(cut)], cut...)
			break
		}
	}
	return strings.TrimSpace(string(out))
}

func width(s string) int { return utf8.RuneCountInString(s) }
