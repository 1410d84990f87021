package real_test

import (
	"fmt"
	"slices"
	"testing"

	"toychain/testnet/rogue"
	"toychain/testnet/rogue/forge"
	"toychain/testnet/scenario"
)

// TestLiesAreKnown: scripts have words for all that a rogue can do, and for nothing else.
func TestLiesAreKnown(t *testing.T) {
	var lies, floods []string
	for _, rule := range forge.Lies {
		lies = append(lies, string(rule))
	}
	for _, kind := range rogue.Kinds {
		floods = append(floods, string(kind))
	}
	floods = append(floods, "calls") // by RPC, not by a peer
	for what, both := range map[string][2][]string{"lies": {lies, scenario.Lies}, "floods": {floods, scenario.Floods}} {
		can, says := slices.Sorted(slices.Values(both[0])), slices.Sorted(slices.Values(both[1]))
		if fmt.Sprint(can) != fmt.Sprint(says) {
			t.Errorf("%s: a rogue can %v, a script says %v", what, can, says)
		}
	}
}
