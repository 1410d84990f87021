package scenario

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// action plays one step. It returns what the step shows, without a newline at the end.
type action func(ctx context.Context, p *player) (string, error)

// verb is a row of the table of verbs: what Parse knows, the help prints and the
// documentation lists.
type verb struct {
	name  string // one word or two
	args  string // for people; [ ] is optional, … can be repeated
	about string
	shows bool // it has output, which can be under ----
	parse func(*words) action
}

func (v *verb) usage() string { return strings.TrimSpace(v.name + " " + v.args) }

// category is verbs that belong together.
type category struct {
	title string
	verbs []verb
}

// categories returns the table.
func categories() []category {
	return []category{
		{"The network", networkVerbs()},
		{"Blocks and payments", moneyVerbs()},
		{"What happens to a node", lifeVerbs()},
		{"Adversarial peers", rogueVerbs()},
		{"Mistakes of people and programs", operatorVerbs()},
		{"Waiting and looking", append(expectVerbs(), showVerbs()...)},
	}
}

func verbs() (all []verb) {
	for _, c := range categories() {
		all = append(all, c.verbs...)
	}
	return all
}

// WriteVerbs writes the table of all verbs, for a terminal.
func WriteVerbs(w io.Writer) error {
	for i, c := range categories() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n\n", c.title)
		for _, v := range c.verbs {
			fmt.Fprintf(w, "  %s\n      %s\n", v.usage(), v.about)
		}
	}
	_, err := fmt.Fprint(w, "\n", grammar)
	return err
}

// grammar is what the table does not contain.
const grammar = `A line is one step; # begins a comment. Nodes are n1, n2, …; where there can be several,
n1,n2 and all are too. Blocks are b1, b2, … as they appear, payments p1, p2, …; people have any other name, and each node has a wallet
too. A step with output may be followed by ----: the lines under it, up to a blank line,
must be that output. --update writes them.
`
