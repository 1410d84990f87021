package draw

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"toychain/block"
)

// Style is how Draw draws. The zero Style is plain text, 80 columns wide.
type Style struct {
	Colour bool                    // with the colours of a terminal
	ASCII  bool                    // without line drawing, for terminals that know no Unicode
	Names  bool                    // b1, b2, … in the order of arrival
	Call   func(block.Hash) string // returns the name of a block; nil: its hash
	Legend bool                    // explain the signs that occur, in a line below
	Width  int                     // columns to fit into, as far as possible, by leaving out details; 0: 80
}

// signs are the characters of a picture.
type signs struct {
	fates                           [4]string // by fate
	line, tee, across, fork, corner string
	fold, here, many                string
}

var (
	unicodeSigns = signs{fates: [4]string{live: "●", stale: "○", headerOnly: "◌", invalid: "✗"},
		line: "│", tee: "├", across: "─", fork: "┬", corner: "╮", fold: "┊", here: "▲", many: "…"}
	asciiSigns = signs{fates: [4]string{live: "*", stale: "o", headerOnly: "?", invalid: "x"},
		line: "|", tee: "|", across: "-", fork: ".", corner: ".", fold: ":", here: "^", many: ".."}
)

// words are the fates in the picture, and meanings in the legend.
var (
	words    = [4]string{stale: "stale", headerOnly: "header only", invalid: "invalid"}
	meanings = [4]string{live: "block", stale: "stale: in no node's history", headerOnly: "only its header is known", invalid: "invalid: it breaks a rule"}
)

// Draw draws the tree of blocks: time runs down, a row is a height, a column a
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
// folded. The error is w's.
func Write(w io.Writer, in Tree, s Style) error {
	f := grow(in)
	if s.Width == 0 {
		s.Width = 80
	}
	p := &picture{forest: f, style: s, signs: unicodeSigns}
	if s.ASCII {
		p.signs = asciiSigns
	}
	p.weigh()
	all := p.all
	var out bytes.Buffer
	p.strips(&out)
	p.all = all
	p.notes(&out, in.Silent)
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
	const worthwhile = 3 // a fold takes a line too
	var rows []row
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && !slices.ContainsFunc(all[end].blocks, noteworthy) {
			end++
		}
		switch n := end - i; {
		case n >= worthwhile:
			all[i].folded = n
			rows = append(rows, all[i])
		default:
			end = min(max(end, i+1), len(all))
			rows = append(rows, all[i:end]...)
		}
		i = end
	}
	for _, r := range rows {
		slices.SortFunc(r.blocks, func(a, b *treeNode) int { return a.col - b.col })
	}
	return rows
}

// noteworthy reports whether n must be shown: at the begin and end of a branch, at a fork, and
// in the last steps to an end.
func noteworthy(n *treeNode) bool {
	const lastSteps = 2
	if n.parent == nil || len(n.parent.kids) > 1 || n.fate != n.parent.fate || len(n.nodes)+len(n.gone)+len(n.calls)+n.more > 0 {
		return true
	}
	for range lastSteps + 1 {
		if len(n.kids) != 1 {
			return true
		}
		n = n.kids[0]
	}
	return false
}

// weigh sets the labels about work at the ends of the branches: none, if their order by height
// is that by work and the difficulty is the same everywhere.
func (p *picture) weigh() {
	var ends []*treeNode
	for _, n := range p.all {
		if len(n.kids) == 0 && n.fate != invalid {
			ends = append(ends, n)
		}
	}
	disagree := false
	var most *treeNode
	disagree = p.harder()
	for i, a := range ends {
		if most == nil || heavier(a, most) > 0 {
			most = a
		}
		for _, b := range ends[:i] {
			disagree = disagree || int(a.Height-b.Height)*heavier(a, b) < 0 ||
				(a.Height == b.Height) != (a.ChainWork == b.ChainWork)
		}
	}
	root := shared(ends)
	if !disagree || root == nil {
		return
	}
	p.base, p.work = root.Height, map[*treeNode]string{}
	leaders := 0
	for _, n := range ends {
		p.work[n] = "work " + siNumber(n.ChainWork.Sub(root.ChainWork).Float())
		if n.ChainWork == most.ChainWork {
			leaders++
		}
	}
	p.tie = leaders > 1
	for _, n := range ends {
		switch {
		case n.ChainWork != most.ChainWork:
		case p.tie:
			p.work[n] += ", a tie"
		default:
			p.work[n] += ", the most"
		}
	}
}

// harder reports whether blocks of one height have different difficulties.
func (f *forest) harder() bool {
	bits := make(map[block.Height]string)
	for _, n := range f.all {
		if n.fate == invalid || n.Bits == "" {
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
func shared(ends []*treeNode) *treeNode {
	if len(ends) == 0 {
		return nil
	}
	at := ends[0]
	for _, n := range ends[1:] {
		for at != n && at != nil && n != nil {
			if at.Height >= n.Height {
				at = at.parent
			} else {
				n = n.parent
			}
		}
		if at != n {
			return nil
		}
	}
	return at
}

// siNumber writes a number of hashes with three digits and an SI prefix.
func siNumber(v float64) string {
	units := []string{"", " k", " M", " G", " T", " P", " E"}
	i := 0
	for v >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	if v >= 999.5 {
		return strconv.FormatFloat(v, 'g', 3, 64) + units[i]
	}
	digits := 2
	if v >= 9.995 {
		digits = 1
	}
	if v >= 99.95 || i == 0 {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + units[i]
}

// fields returns the texts of n at the present level of detail.
func (p *picture) fields(n *treeNode) []string {
	hash, txs, message, word := n.Hash.Short(), txCount(n.Txs), p.cleaned(n.Message), words[n.fate]
	if n.Height == 0 {
		message = "genesis"
	}
	var out []string
	if p.style.Call != nil {
		hash = p.style.Call(n.Hash)
	}
	if p.style.Names {
		out = append(out, n.name)
	}
	switch p.detail {
	case 0:
		return append(out, hash, txs, message, word)
	case 1:
		return append(out, hash, message) // the sign shows its fate
	case 2:
		return append(out, hash)
	}
	switch {
	case p.style.Call != nil:
		return append(out, hash)
	case p.detail == 3:
		return append(out, hash[:4])
	case p.style.Names:
		return out
	}
	return []string{hash[:2]}
}

func txCount(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 tx"
	}
	return strconv.Itoa(n) + " txs"
}

// maxMessage is how many characters of a miner's message are shown.
const maxMessage = 16

// cleaned is Printable in the picture's signs.
func (p *picture) cleaned(s string) string {
	if p.style.ASCII {
		return printable(s, 0x7f, p.signs.many)
	}
	return Printable(s)
}

// Printable returns a miner's message, safe for a terminal: one short line of characters that
// are one column wide, without control characters.
func Printable(s string) string {
	return printable(s, 0x300, unicodeSigns.many) // before the combining and the double-width ones
}

func printable(s string, end rune, many string) string {
	var out []rune
	for _, r := range s {
		if r >= end || !unicode.IsPrint(r) {
			r = '?'
		}
		if out = append(out, r); len(out) > maxMessage {
			cut := []rune(many)
			out = append(out[:maxMessage-len(cut)], cut...)
			break
		}
	}
	return strings.TrimSpace(string(out))
}

func width(s string) int { return utf8.RuneCountInString(s) }

// foldText returns how many blocks a fold hides.
func foldText(n int) string { return fmt.Sprintf("%d blocks", n) }
