package history

import (
	"fmt"
	"strings"
	"testing"

	"toychain/block"
	"toychain/rpc"
)

// TestMergeReorgs: the same reorganisation of several nodes is one, each of a node is in the
// result once, and all are in the order of time.
func TestMergeReorgs(t *testing.T) {
	move := func(ms int64, from, to string) rpc.Reorg {
		return rpc.Reorg{TimeMS: ms, From: rpc.BlockRef{Hash: block.Sum([]byte(from))}, To: rpc.BlockRef{Hash: block.Sum([]byte(to))}, Depth: int(ms)}
	}
	merged := MergeReorgs([]Journal{
		{Node: "n1", Reorgs: []rpc.Reorg{move(30, "a", "b"), move(50, "b", "a"), move(70, "a", "b")}},
		{Node: "n2", Reorgs: []rpc.Reorg{move(20, "a", "b"), move(80, "a", "b"), move(90, "a", "b")}},
		{Node: "n3", Silent: "paused"},
		{Node: "n4", Reorgs: []rpc.Reorg{move(10, "c", "b"), move(95, "d", "e")}},
		{Node: "n5", Reorgs: []rpc.Reorg{move(95, "f", "d"), move(95, "d", "e")}},
	})
	var out []string
	for _, m := range merged {
		out = append(out, fmt.Sprint(m.TimeMS, m.Nodes))
	}
	got, want := strings.Join(out, " "), "10 [{n4 10}] 20 [{n2 20} {n1 30}] 50 [{n1 50}] 70 [{n1 70} {n2 80}] 90 [{n2 90}] 95 [{n5 95}] 95 [{n4 95} {n5 95}]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
