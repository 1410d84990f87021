package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// plant returns the tree of lines like "a3 t2 txs=0", a block and its parent, and "node n1 a3".
func plant(t *testing.T, text string) (in draw.Tree) {
	t.Helper()
	blocks := map[string]rpc.TreeBlock{"": {Height: -1}}
	for i, line := range strings.Split(text, "\n") {
		f := append(strings.Fields(line), "")
		if f[0] == "node" {
			in.Tips = append(in.Tips, draw.NodeTip{Node: f[1], Tip: blocks[f[2]].Hash, Height: blocks[f[2]].Height})
			continue
		}
		parent := blocks[f[1]]
		b := rpc.TreeBlock{Hash: block.Sum([]byte(f[0])), Prev: parent.Hash, Height: parent.Height + 1, Txs: 1, Status: "valid-fork", ReceivedMS: int64(i)}
		for _, option := range f[2:] {
			if status, ok := strings.CutPrefix(option, "status="); ok {
				b.Status = status
			}
			if option == "txs=0" {
				b.Txs = 0
			}
		}
		if err := b.ChainWork.UnmarshalText(fmt.Appendf(nil, "%064x", b.Height+1)); err != nil {
			t.Fatal(err)
		}
		blocks[f[0]] = b
		in.Blocks = append(in.Blocks, b)
	}
	return in
}

// TestStaleOf counts a known tree that no node knows all of:
//
//	g ── t1 ── t2 ── a3 ── a4        n1
//	     │     ├──── b3              the tip of n2
//	     │     ├──── c3              only n3 has it, as its last tip: n3 is down
//	     │     └──── x3 (invalid)
//	     └──── d2                    stale; d3 on it is only a header
func TestStaleOf(t *testing.T) {
	all := plant(t, `g
t1 g
t2 t1
a3 t2
a4 a3
b3 t2
c3 t2
x3 t2 status=invalid
d2 t1
d3 d2 txs=0 status=headers-only
node n1 a4
node n2 b3
node n3 c3`)
	only := map[string]string{"c3": "n3", "b3": "n2", "a4": "n1"}
	var journals []Journal
	for _, s := range all.Tips {
		j := Journal{Node: s.Node}
		j.Tree.Tip, j.Tree.Height = s.Tip, s.Height
		for i, b := range all.Blocks {
			if b.Txs > 0 {
				b.Order = int64(i + 1)
			}
			hidden := false
			for name, node := range only {
				hidden = hidden || node != s.Node && b.Hash == block.Sum([]byte(name))
			}
			if !hidden {
				j.Tree.Blocks = append(j.Tree.Blocks, b)
			}
		}
		journals = append(journals, j)
	}
	journals = append(journals, Journal{Node: "n4", Silent: "paused"})
	show := func(r StaleRate) string {
		return fmt.Sprintf("%d to %d: %d of %d stale, %d contested; %d of %d heights; %v", r.From, r.To, r.Stale, r.Blocks, r.Contested, r.Forked, r.Heights, r.Silent)
	}
	for _, c := range []struct {
		stands   string
		from, to block.Height
		want     string
	}{
		{"n1 n2", 0, 100, "1 to 4: 2 of 7 stale, 1 contested; 2 of 4 heights; [n4]"},
		{"n1", 0, 100, "1 to 4: 3 of 7 stale, 0 contested; 2 of 4 heights; [n4]"},
		{"n2", 0, 100, "1 to 3: 4 of 7 stale, 0 contested; 2 of 3 heights; [n4]"},
		{"", 0, 100, "1 to 4: 1 of 7 stale, 2 contested; 2 of 4 heights; [n4]"}, // no node runs: their last tips count
		{"n1", 3, 3, "3 to 3: 2 of 3 stale, 0 contested; 1 of 1 heights; [n4]"},
	} {
		got := show(StaleOf(journals, func(n string) bool { return slices.Contains(strings.Fields(c.stands), n) }, c.from, c.to))
		if got != c.want {
			t.Errorf("%q run: %s, want %s", c.stands, got, c.want)
		}
	}
	if got := show(StaleOf(nil, func(string) bool { return true }, 0, 9)); got != "1 to 0: 0 of 0 stale, 0 contested; 0 of 0 heights; []" {
		t.Errorf("no nodes: %s", got)
	}
}

// Blocks that one node's user invalidated still count: the other nodes have them on their best
// chains.
func TestStaleOfOneUsersWord(t *testing.T) {
	all := plant(t, "g\na1 g\na2 a1\na3 a2\nb2 a1\nnode n1 a3\nnode n2 a1")
	var journals []Journal
	for _, s := range all.Tips {
		j := Journal{Node: s.Node}
		j.Tree.Tip, j.Tree.Height = s.Tip, s.Height
		for i, b := range all.Blocks {
			b.Order = int64(i + 1)
			if s.Node == "n2" && (b.Hash == block.Sum([]byte("a2")) || b.Hash == block.Sum([]byte("a3"))) {
				b.Status = draw.StatusInvalid
			}
			j.Tree.Blocks = append(j.Tree.Blocks, b)
		}
		journals = append(journals, j)
	}
	for range 2 {
		r := StaleOf(journals, func(string) bool { return true }, 0, 100)
		if r.Blocks != 4 || r.Stale != 1 || r.Heights != 3 || r.Forked != 1 {
			t.Errorf("%d of %d stale, %d of %d heights forked, want 1 of 4 and 1 of 3", r.Stale, r.Blocks, r.Forked, r.Heights)
		}
		slices.Reverse(journals)
	}
}
