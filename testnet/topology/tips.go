package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Tip is the end of one node's best chain.
type Tip struct {
	Node   string
	Block  [32]byte // its hash
	Name   string   // of the block, for people
	Height int32
	Work   string // of the chain, comparable for equality
}

// Disagreement returns which nodes are on which tips, or "" if all are on one.
func Disagreement(tips []Tip) string {
	parts := Places(tips)
	if len(parts) < 2 {
		return ""
	}
	text := strings.Join(parts, ", ")
	if !slices.ContainsFunc(tips, func(t Tip) bool { return t.Work != tips[0].Work }) {
		text += " (of equal work: each keeps the one it saw first, and one more block decides)"
	}
	return text
}

// Places returns which nodes are on which tips, a text for each tip.
func Places(tips []Tip) (out []string) {
	on := map[[32]byte][]string{}
	for _, t := range tips {
		on[t.Block] = append(on[t.Block], t.Node)
	}
	for _, t := range tips {
		if on[t.Block][0] == t.Node {
			out = append(out, fmt.Sprintf("%s on %s at height %d", List(on[t.Block]), t.Name, t.Height))
		}
	}
	return out
}
