package explorer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
	"toychain/testnet/history"
	"toychain/testnet/replay"
)

func hashes(n int) (out []block.Hash) {
	for i := range n {
		out = append(out, hashOf(fmt.Sprint("tx", i)))
	}
	return out
}

func rootOf(ids []block.Hash) block.Hash {
	root, _ := block.MerkleRoot(ids)
	return root
}

// past is a run of three nodes: a partition, two branches, and the end of it.
//
//	g ── a ── b              n1
//	     └─── c ── d         n2, n3; in the end all
func past() *replay.Run {
	names := map[string]string{"a": "g", "b": "a", "c": "a", "d": "c"}
	heights := map[string]block.Height{"g": 0, "a": 1, "b": 2, "c": 2, "d": 3}
	made := func(name string, ms int64, order int64) rpc.TreeBlock {
		b := rpc.TreeBlock{Hash: hashOf(name), Prev: hashOf(names[name]), Height: heights[name], ReceivedMS: ms, CompleteMS: ms, Order: order, Txs: 1, Message: "n1"}
		if name == "g" {
			b.Prev = block.Hash{}
		}
		_ = b.ChainWork.UnmarshalText(fmt.Appendf(nil, "%064x", 1000*(b.Height+1)))
		return b
	}
	ref := func(name string) rpc.BlockRef { return rpc.BlockRef{Hash: hashOf(name), Height: heights[name]} }
	journal := func(node string, reorgs []rpc.Reorg, blocks ...rpc.TreeBlock) history.Journal {
		j := history.Journal{Node: node, Tree: rpc.Tree{Tip: hashOf("d"), Height: 3, Blocks: append([]rpc.TreeBlock{made("g", 1, 1)}, blocks...)}, Reorgs: reorgs}
		for i := range j.Tree.Blocks {
			j.Tree.Blocks[i].Order = int64(i + 1)
		}
		return j
	}
	move := rpc.Reorg{TimeMS: 60, From: ref("b"), To: ref("d"), Fork: ref("a"), Depth: 1, Left: []rpc.BlockRef{ref("b")}, Joined: []rpc.BlockRef{ref("c"), ref("d")}}
	run := replay.New([]history.Journal{
		journal("n1", []rpc.Reorg{move}, made("a", 10, 0), made("b", 30, 0), made("c", 59, 0), made("d", 60, 0)),
		journal("n2", nil, made("a", 11, 0), made("c", 40, 0), made("d", 50, 0), made("b", 61, 0)),
		journal("n10", nil, made("a", 12, 0), made("c", 41, 0), made("d", 51, 0)),
	}, []history.Action{{TimeMS: 20, Verb: "partition", Args: []string{"n1", "n2,n10"}}, {TimeMS: 55, Verb: "heal"}, {TimeMS: 70, Verb: "kill", Args: []string{"n10"}}})
	said := func(ms int64, node, state string, height block.Height) replay.Event {
		return replay.Event{TimeMS: ms, Node: node, Event: replay.Chat, Said: &replay.Said{ID: hashOf("hello"), From: "alice", Text: "<b>hello</b>\x1b[2J", TimeMS: 25, State: state, Height: height}}
	}
	run.Add([]replay.Event{said(25, "n1", "pending", -1), said(31, "n1", "confirmed", 2), said(58, "n2", "pending", -1), said(61, "n1", "taken-back", -1)})
	return run
}

// TestPlayIsTheReplay: at every moment the log shows what the replay shows: the blocks, the tips,
// the partition, in the same words.
func TestPlayIsTheReplay(t *testing.T) {
	run := past()
	var text bytes.Buffer
	for i := range run.Events {
		line, err := json.Marshal(&run.Events[i])
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	read, err := replay.ReadTrace(&text)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog("test", false)
	if err := Play(l, read.Events); err != nil {
		t.Fatal(err)
	}
	lanes := map[block.Hash]int{}
	state, stage := l.base.clone(), run.Begin()
	for i := range l.events {
		e := &l.events[i]
		state.apply(e)
		want := stage.Next()
		if e.Text != want.String() || e.Node != want.Node || e.TimeMS != want.TimeMS {
			t.Errorf("event %d is %q of %s, want %q of %s", i, e.Text, e.Node, want, want.Node)
		}
		tree := stage.Tree()
		if len(tree.Blocks) != len(state.Blocks) {
			t.Fatalf("event %d (%s): %d blocks, want %d", i, e.Text, len(state.Blocks), len(tree.Blocks))
		}
		for _, b := range tree.Blocks {
			got := state.Block(b.Hash)
			if got == nil || got.Height != b.Height || got.Prev != b.Prev {
				t.Fatalf("event %d: block %+v, want %+v", i, got, b)
			}
			if lane, known := lanes[b.Hash]; known && lane != got.Lane {
				t.Errorf("event %d: block %s moves from lane %d to %d", i, b.Hash.Short(), lane, got.Lane)
			}
			lanes[b.Hash] = got.Lane
		}
		for _, n := range state.Nodes {
			if stage.Tip(n.Name) != n.Tip {
				t.Errorf("event %d: %s is on %s, want %s", i, n.Name, n.Tip.Short(), stage.Tip(n.Name).Short())
			}
		}
		if want.Event == "partition" && !slices.Equal(state.Groups, []string{"n1", "n2,n10"}) || want.Event == "heal" && len(state.Groups) > 0 {
			t.Errorf("event %d: the groups are %v", i, state.Groups)
		}
	}
	if stage.Next() != nil {
		t.Error("the log ends before the replay")
	}
	if len(state.Chat) != 1 || !maps.Equal(state.Chat[0].On, map[string]chat.State{"n1": chat.TakenBack, "n2": chat.Pending}) || state.Chat[0].Height != 2 {
		t.Errorf("in the end the chat is %+v", state.Chat)
	}
	var words []string
	for _, e := range run.Events {
		if e.Event == replay.Chat {
			words = append(words, e.String())
		}
	}
	if want := []string{"alice writes: “<b>hello</b>?[2J”", "block 2 confirms what alice wrote: “<b>hello</b>?[2J”", "has what alice wrote: “<b>hello</b>?[2J”",
		"what alice wrote is taken back: “<b>hello</b>?[2J”"}; !slices.Equal(words, want) {
		t.Errorf("the words are %q, want %q", words, want)
	}
	if n := state.Nodes[2]; n.Name != "n10" || n.State != "down" {
		t.Errorf("the last node is %+v", n)
	}
	if b := state.Block(hashOf("b")); b.Known != 0b011 || b.Lane == state.Block(hashOf("c")).Lane {
		t.Errorf("block b is known to %b, in lane %d", b.Known, b.Lane)
	}
}

// FuzzPlay: whatever is in a recording, playing it ends.
func FuzzPlay(f *testing.F) {
	var text bytes.Buffer
	for _, e := range past().Events {
		line, _ := json.Marshal(&e)
		text.Write(append(line, '\n'))
	}
	f.Add(text.Bytes())
	f.Add([]byte(`{"event":"kill","node":"n1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := replay.ReadTrace(bytes.NewReader(data))
		if err != nil {
			return
		}
		l := NewLog("fuzz", false)
		if Play(l, run.Events) == nil {
			l.Snapshot()
		}
	})
}
