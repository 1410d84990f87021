package scenario

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// action is one step being played. It returns what it shows, without a newline at the
// end.
type action func(ctx context.Context, p *player) (string, error)

// verb is a row of the table that all verbs stand in: what Parse knows, what the help
// prints and what the documentation lists.
type verb struct {
	name  string // one word or two
	args  string // what follows, for people; [ ] may be left out, … may come several times
	about string
	shows bool // it prints, and what it prints can stand under ----
	parse func(*words) action
}

func (v *verb) usage() string { return strings.TrimSpace(v.name + " " + v.args) }

// chapter is verbs that belong together.
type chapter struct {
	title string
	verbs []verb
}

// chapters returns the table.
func chapters() []chapter {
	return []chapter{
		{"The network", networkVerbs()},
		{"Blocks and payments", moneyVerbs()},
		{"What happens to a node", lifeVerbs()},
		{"Strangers who break the rules", rogueVerbs()},
		{"Mistakes of people and programs", operatorVerbs()},
		{"Waiting and looking", append(expectVerbs(), showVerbs()...)},
	}
}

func verbs() (all []verb) {
	for _, c := range chapters() {
		all = append(all, c.verbs...)
	}
	return all
}

// WriteVerbs writes the table of all verbs, for a terminal.
func WriteVerbs(w io.Writer) error {
	for i, c := range chapters() {
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

// grammar is what the table does not say.
const grammar = `A line is one step; # begins a comment. Nodes are n1, n2, …; blocks are b1, b2, … in
the order of their birth, payments p1, p2, …; people are called what you like, and a
node is somebody too. A step that shows something may be followed by ----: what stands
under it, up to a blank line, must be what it shows. --update writes it.
`
