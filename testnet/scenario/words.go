package scenario

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/block"
	"toychain/testnet/topology"
)

// words are the arguments of a verb, taken from the front one by one. The first error stays
// in err: after it no word is left, every method returns zeros, and fail does nothing.
type words struct {
	rest   []string
	script *Script
	err    error
}

func (w *words) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
	w.rest = nil
}

// more reports whether a word is left.
func (w *words) more() bool { return len(w.rest) > 0 }

// word takes the next word; what describes it for an error.
func (w *words) word(what string) string {
	if len(w.rest) == 0 {
		w.fail("%s is missing", what)
		return ""
	}
	s := w.rest[0]
	w.rest = w.rest[1:]
	return s
}

// next takes the next words if they are these.
func (w *words) next(text string) bool {
	want := strings.Fields(text)
	if len(w.rest) < len(want) || !slices.Equal(w.rest[:len(want)], want) {
		return false
	}
	w.rest = w.rest[len(want):]
	return true
}

// tail takes all words that are left, at least one.
func (w *words) tail(what string) string {
	text := strings.Join(w.rest, " ")
	if w.rest = nil; text == "" {
		w.fail("%s missing", what)
	}
	return text
}

// must takes the next word, which has to be this one.
func (w *words) must(text string) {
	switch {
	case w.next(text):
	case w.more():
		w.fail("%q: want %q there", w.rest[0], text)
	default:
		w.fail("%q is missing", text)
	}
}

func (w *words) count(what string, least, most int) int {
	s := w.word(what)
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		w.fail("%q: want %s, a number from %d to %d", s, what, least, most)
	}
	return n
}

// atNode reports whether the next word names nodes: one, several with commas, or all.
func (w *words) atNode() bool {
	if !w.more() {
		return false
	}
	first, _, _ := strings.Cut(w.rest[0], ",")
	return w.rest[0] == "all" || topology.IsName(first)
}

func (w *words) node() string {
	s := w.word("a node")
	w.checkNode(s)
	return s
}

func (w *words) checkNode(s string) {
	if !topology.IsName(s) {
		w.fail("%q: want a node, like n1", s)
	} else if n, _ := strconv.Atoi(s[1:]); n > w.script.Nodes {
		w.fail("there is no %s: the script has %d nodes", s, w.script.Nodes)
	}
}

// nodes takes all names of nodes that follow.
func (w *words) nodes() (out []string) {
	for w.atNode() {
		for _, name := range w.list() {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// list takes the next word, which names nodes.
func (w *words) list() []string {
	s := w.word("a node")
	if s == "all" {
		return topology.Names(w.script.Nodes)
	}
	out := strings.Split(s, ",")
	for _, name := range out {
		w.checkNode(name)
	}
	return out
}

// some takes one name of a node or more.
func (w *words) some() []string {
	out := w.nodes()
	if len(out) == 0 {
		out = w.list()
	}
	return out
}

// splitFlags divides flags of the command line, --delay=1s, into their words.
func (w *words) splitFlags() {
	var out []string
	for _, word := range w.rest {
		name, value, ok := strings.Cut(word, "=")
		if out = append(out, name); ok {
			out = append(out, value)
		}
	}
	w.rest = out
}

// personPattern matches the name of a person.
var personPattern = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// keywords cannot be names of people.
var keywords = []string{"on", "to", "with", "and", "same", "one", "within", "twice", "refused", "not", "all", "fee", "outputs"}

// person takes the name of a person or a node: each node has a wallet, which its blocks pay.
func (w *words) person() string {
	s := w.word("a person")
	switch {
	case !personPattern.MatchString(s) || slices.Contains(keywords, s) || isLabel(s):
		w.fail("%q: want a person, like alice", s)
	case topology.IsName(s):
		w.checkNode(s)
	}
	return s
}

// labelPattern matches the names of blocks and payments.
var labelPattern = regexp.MustCompile(`^[bp](0|[1-9][0-9]{0,5})$`)

func isLabel(s string) bool { return labelPattern.MatchString(s) }

// label takes the name of a block (b) or payment (p).
func (w *words) label(kind byte) string {
	what := map[byte]string{'b': "a block, like b1", 'p': "a payment, like p1"}[kind]
	s := w.word(what)
	if !isLabel(s) || s[0] != kind {
		w.fail("%q: want %s", s, what)
	}
	return s
}

func (w *words) amount() block.Amount {
	s := w.word("an amount")
	v, err := block.ParseAmount(s)
	if err != nil || v < 0 {
		w.fail("%q: want an amount, like 20 or 0.5", s)
	}
	return v
}

func (w *words) duration(what string) time.Duration {
	s := w.word(what)
	d, err := time.ParseDuration(s)
	if err != nil {
		w.fail("%q: want %s", s, what)
	}
	return d
}

// within takes "within 20s", or nothing: 0.
func (w *words) within() time.Duration {
	if !w.next("within") {
		return 0
	}
	d := w.duration("a time, like 20s")
	if d <= 0 {
		w.fail("within %s: want a longer time", d)
	}
	return d
}

// bound is a number that something is compared with.
type bound struct {
	sign string // "", ">=" or "<="
	n    int
}

func (b bound) String() string { return strings.TrimSpace(fmt.Sprintf("%s %d", b.sign, b.n)) }

func (b bound) holds(n int) bool {
	is := cmp.Compare(n, b.n)
	return is == 0 || is > 0 && b.sign == ">=" || is < 0 && b.sign == "<="
}

// bound takes "4", ">= 4" or "<= 4".
func (w *words) bound() (b bound) {
	for _, sign := range []string{">=", "<="} {
		if w.next(sign) {
			b.sign = sign
		}
	}
	b.n = w.count("a number", 0, 1_000_000)
	return b
}
