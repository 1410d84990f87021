package topology

import (
	"errors"
	"slices"
	"strings"

	"toychain/peer"
)

// Link is the link between two nodes and its faults. Faults hold in both directions, except
// OneWay: then B hears A, and A hears nothing of B. Cut is a cable that was cut: neither
// hears the other, and neither is notified. In a partition the nodes know that they are not
// connected; here they do not.
type Link struct {
	A      string    `json:"a"`
	B      string    `json:"b"`
	Faults peer.Link `json:"link"`
	Cut    bool      `json:"cut,omitempty"`
}

// ParseLink reads the faults of the link between two of these nodes: what peer.ParseLink
// reads, or "cut", each with or without dashes before it; and --clear for "perfect".
func ParseLink(names []string, a, b string, words []string) (l Link, err error) {
	words = slices.Clone(words)
	for i, word := range words {
		if words[i] = strings.TrimPrefix(word, "--"); word == "--clear" {
			words[i] = "perfect"
		}
	}
	l = Link{A: a, B: b, Cut: slices.Contains(words, "cut")}
	if err := l.Check(names); err != nil {
		return l, err
	}
	switch {
	case !l.Cut:
		l.Faults, err = peer.ParseLink(words)
	case len(words) > 1:
		err = errors.New("nothing arrives over a link that is cut: choose cut or the other words")
	}
	return l, err
}

// Between returns the pairs of one of the nodes a and one of the nodes b, each pair once; see Select.
func Between(names []string, a, b string) (out []Pair, err error) {
	from, err := Select(names, a)
	if err != nil {
		return nil, err
	}
	to, err := Select(names, b)
	for _, x := range from {
		for _, y := range to {
			if x != y && !slices.ContainsFunc(out, func(p Pair) bool { return p.Joins(x, y) }) {
				out = append(out, Pair{x, y})
			}
		}
	}
	if err == nil && len(out) == 0 {
		err = misnamed("%s has no link to itself", a)
	}
	return out, err
}

// Check rejects a link that is not between two of these nodes.
func (l Link) Check(names []string) error {
	for _, name := range []string{l.A, l.B} {
		if !slices.Contains(names, name) {
			return NoNode(name, names)
		}
	}
	if l.A == l.B {
		return misnamed("%s has no link to itself", l.A)
	}
	return nil
}

// String writes the faults for ParseLink.
func (l Link) String() string {
	if l.Cut {
		return "cut"
	}
	return l.Faults.String()
}

// Perfect reports whether the link has no fault.
func (l Link) Perfect() bool { return l.Faults == (peer.Link{}) && !l.Cut }

// OneWay reports whether at least one end hears nothing of the other.
func (l Link) OneWay() bool { return l.Faults.OneWay || l.Cut }

// Pair returns its ends.
func (l Link) Pair() Pair { return Pair{l.A, l.B} }

// At returns the faults for the node at one end.
func (l Link) At(name string) peer.Link {
	link := l.Faults
	link.OneWay = l.Cut || link.OneWay && name == l.A
	return link
}

// Other returns the node at the other end, false if name is at neither.
func (l Link) Other(name string) (string, bool) {
	switch name {
	case l.A:
		return l.B, true
	case l.B:
		return l.A, true
	}
	return "", false
}
