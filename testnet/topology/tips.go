package topology

import (
	"fmt"
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
	var first []Tip // one for each block
	on := map[[32]byte][]string{}
	equal := true
	for _, t := range tips {
		if on[t.Block] == nil {
			first = append(first, t)
		}
		on[t.Block] = append(on[t.Block], t.Node)
		equal = equal && t.Work == tips[0].Work
	}
	if len(first) < 2 {
		return ""
	}
	var parts []string
	for _, t := range first {
		parts = append(parts, fmt.Sprintf("%s on %s at height %d", List(on[t.Block]), t.Name, t.Height))
	}
	text := strings.Join(parts, ", ")
	if equal {
		text += " (of equal work: each keeps the one it saw first, and one more block decides)"
	}
	return text
}
