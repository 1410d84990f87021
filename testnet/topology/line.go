package topology

import (
	"errors"
	"fmt"
	"slices"

	"toychain/peer"
)

// Line is what is wrong on the way between two nodes. What its Link says holds in both
// directions, but for OneWay: then B hears A, and A hears nothing of B. Cut is a cable
// that was cut: neither hears the other, and neither is notified. In a partition the
// nodes know that they are not connected; here they do not.
type Line struct {
	A    string    `json:"a"`
	B    string    `json:"b"`
	Link peer.Link `json:"link"`
	Cut  bool      `json:"cut,omitempty"`
}

// ParseLine reads what is wrong on the line between two of these nodes: what
// peer.ParseLink reads, or "cut".
func ParseLine(names []string, a, b string, words []string) (l Line, err error) {
	l = Line{A: a, B: b, Cut: slices.Contains(words, "cut")}
	if err := l.Check(names); err != nil {
		return l, err
	}
	switch {
	case !l.Cut:
		l.Link, err = peer.ParseLink(words)
	case len(words) > 1:
		err = errors.New("nothing arrives on a line that is cut, however bad it is: choose cut or the other words")
	}
	return l, err
}

// Check rejects a line that is not between two of these nodes.
func (l Line) Check(names []string) error {
	for _, name := range []string{l.A, l.B} {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no node %q; there are %s", name, List(names))
		}
	}
	if l.A == l.B {
		return fmt.Errorf("%s has no line to itself", l.A)
	}
	return nil
}

// String writes what is wrong, for ParseLine.
func (l Line) String() string {
	if l.Cut {
		return "cut"
	}
	return l.Link.String()
}

// Perfect reports whether nothing is wrong.
func (l Line) Perfect() bool { return l.Link == (peer.Link{}) && !l.Cut }

// Deaf reports whether one end hears nothing of the other.
func (l Line) Deaf() bool { return l.Link.OneWay || l.Cut }

// Pair returns its ends.
func (l Line) Pair() Pair { return Pair{l.A, l.B} }

// At returns the link of the node at one end.
func (l Line) At(name string) peer.Link {
	link := l.Link
	link.OneWay = l.Cut || link.OneWay && name == l.A
	return link
}

// Other returns the node at the other end, false if name is at neither.
func (l Line) Other(name string) (string, bool) {
	switch name {
	case l.A:
		return l.B, true
	case l.B:
		return l.A, true
	}
	return "", false
}
