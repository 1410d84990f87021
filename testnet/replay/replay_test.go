package replay

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/history"
)

// journal writes the journal of a node by hand. Each word is one of
//
//	NAME<PARENT@MS       a block whose header came and that was complete then
//	NAME<PARENT@MS+MS    complete so much later
//	NAME<PARENT@MS?      only its header came
//	FROM>TO@MS           a reorganisation; its fork and lists do not matter here
//	=NAME                the tip in the end
func journal(t *testing.T, node, text string) history.Journal {
	t.Helper()
	g := rpc.TreeBlock{Hash: block.Sum([]byte("g")), Order: 1, Txs: 1, CompleteMS: 1, ReceivedMS: 1, Message: "long ago"}
	j := history.Journal{Node: node, Tree: rpc.Tree{Blocks: []rpc.TreeBlock{g}}}
	heights := map[string]block.Height{"g": 0}
	ref := func(name string) rpc.BlockRef {
		h, ok := heights[name]
		if !ok {
			t.Fatalf("no block %s before it is named", name)
		}
		return rpc.BlockRef{Hash: block.Sum([]byte(name)), Height: h}
	}
	for _, w := range strings.Fields(text) {
		what, at, _ := strings.Cut(w, "@")
		var ms, later int64
		fmt.Sscanf(strings.TrimSuffix(at, "?"), "%d+%d", &ms, &later)
		if name, ok := strings.CutPrefix(w, "="); ok {
			j.Tree.Tip, j.Tree.Height = ref(name).Hash, ref(name).Height
			continue
		}
		if from, to, ok := strings.Cut(what, ">"); ok {
			j.Reorgs = append(j.Reorgs, rpc.Reorg{TimeMS: ms, From: ref(from), To: ref(to)})
			continue
		}
		name, parent, _ := strings.Cut(what, "<")
		b := rpc.TreeBlock{Hash: block.Sum([]byte(name)), Prev: ref(parent).Hash, Height: ref(parent).Height + 1, ReceivedMS: ms, Message: name[:1]}
		heights[name] = b.Height
		if err := b.ChainWork.UnmarshalText(fmt.Appendf(nil, "%064x", 1000*b.Height)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(at, "?") {
			b.CompleteMS, b.Order, b.Txs = ms+later, int64(len(j.Tree.Blocks)+1), 1
		}
		j.Tree.Blocks = append(j.Tree.Blocks, b)
	}
	return j
}

// story writes what is played: node, event, block, and the time.
func story(r *Run) string {
	names := map[block.Hash]string{}
	for _, b := range strings.Fields("g a1 a2 a3 a4 b1 b2 b3 b4 c1 c2 c3") {
		names[block.Sum([]byte(b))] = b
	}
	var out []string
	for _, e := range r.Events {
		text := fmt.Sprintf("%d %s %s", e.TimeMS, e.Node, e.Event)
		if e.Block != nil {
			text += " " + names[e.Block.Hash]
		}
		if e.Gap {
			text += " gap"
		}
		if e.Born {
			text += " born"
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

func TestLives(t *testing.T) {
	for _, c := range []struct{ what, journal, want string }{
		{"it grows", "a1<g@10 a2<a1@20 =a2", `
10 n1 block a1 born
10 n1 tip a1
20 n1 block a2 born
20 n1 tip a2`},
		{"a side branch wins, and loses again", "a1<g@10 b1<g@20 b2<b1@30 a2<a1@40 a3<a2@50 a1>b2@30 b2>a3@50 a4<a3@60 =a4", `
10 n1 block a1 born
10 n1 tip a1
20 n1 block b1 born
30 n1 block b2 born
30 n1 reorg b2
40 n1 block a2 born
50 n1 block a3 born
50 n1 reorg a3
60 n1 block a4 born
60 n1 tip a4`},
		{"headers first, and a body that never comes", "a1<g@10+5 a2<a1@10+7 a3<a2@10? =a2", `
10 n1 header a1 born
10 n1 header a2 born
10 n1 header a3 born
15 n1 block a1
15 n1 tip a1
17 n1 block a2
17 n1 tip a2`},
		{"all in one millisecond", "a1<g@10 a2<a1@10 b1<g@10 b2<b1@10 b3<b2@10 a2>b3@10 =b3", `
10 n1 block a1 born
10 n1 tip a1
10 n1 block a2 born
10 n1 tip a2
10 n1 block b1 born
10 n1 block b2 born
10 n1 block b3 born
10 n1 reorg b3`},
		{"somebody calls a branch of equal work precious", "a1<g@10 b1<g@20 a1>b1@30 =b1", `
10 n1 block a1 born
10 n1 tip a1
20 n1 block b1 born
30 n1 reorg b1`},
		{"invalidated, and grown back", "a1<g@10 a2<a1@20 a2>a1@30 =a2", `
10 n1 block a1 born
10 n1 tip a1
20 n1 block a2 born
20 n1 tip a2
30 n1 reorg a1
30 n1 tip a2`},
		{"the journal lost an entry", "a1<g@10 b1<g@20 b2<b1@30 b3<b2@40 =b3 a1>a1@15 b2>b3@40", `
10 n1 block a1 born
10 n1 tip a1
15 n1 reorg a1
20 n1 block b1 born
30 n1 block b2 born
40 n1 block b3 born
40 n1 reorg b3 gap`},
		{"and its last one", "a1<g@10 b1<g@20 b2<b1@30 a1>a1@15 =b2", `
10 n1 block a1 born
10 n1 tip a1
15 n1 reorg a1
20 n1 block b1 born
30 n1 block b2 born
30 n1 tip b2 gap`},
	} {
		j := journal(t, "n1", c.journal)
		run := New([]history.Journal{j}, nil)
		if got := story(run); got != strings.TrimSpace(c.want) {
			t.Errorf("%s:\n%s\nwant%s", c.what, got, c.want)
		}
		s := run.Begin()
		s.To(1 << 20)
		if s.Tip("n1") != j.Tree.Tip {
			t.Errorf("%s: it ends elsewhere than the node", c.what)
		}
	}
}

// scene is a cut between two nodes, with a third that is asleep, and a healing.
func scene(t *testing.T) *Run {
	t.Helper()
	return New([]history.Journal{
		journal(t, "a", "a1<g@1000 a2<a1@2000 b2<a1@4000+2 b3<b2@4000+3 a2>b3@4003 =b3"),
		journal(t, "b", "a1<g@1000 b2<a1@2500 b3<b2@3000 a2<a1@4001 =b3"),
		{Node: "c", Silent: "paused"},
	}, []history.Action{
		{TimeMS: 500, Verb: "up", Args: []string{"3"}},
		{TimeMS: 1500, Verb: "partition", Args: []string{"a", "b,c"}},
		{TimeMS: 1600, Verb: "pause", Args: []string{"c"}},
		{TimeMS: 3900, Verb: "heal"},
		{TimeMS: 5000, Verb: "kill", Args: []string{"a"}, Error: "it is gone\nlong ago"},
	})
}

// TestManyLives: events of several nodes are in the order of time; in one millisecond
// the miner comes first.
// What was done to the testnet is told of where it was done.
func TestActions(t *testing.T) {
	for _, row := range []struct{ did, at, want string }{
		{"up 3", "", "the testnet comes up, nodes: 3"},
		{"down", "", "the testnet goes down"},
		{"partition n1 n2,n3", "", "the network is cut: n1 | n2,n3"},
		{"heal", "", "healed, without a partition"},
		{"connect n1-n2", "", "the connections are now: n1-n2"},
		{"connect n1-n2 n2-n3", "", "the connections are now: n1-n2 n2-n3"},
		{"connect", "", "all nodes are connected, or each with its neighbours"},
		{"link n1 n2 cut", "", "the link between n1 and n2: cut"},
		{"kill n2", "n2", "is killed"},
		{"start n2", "n2", "is started again"},
		{"clock n2 2h0m0s", "n2", "its clock is 2h0m0s fast"},
		{"clock n2 -1m0s", "n2", "its clock is 1m0s slow"},
		{"clock n2 0s", "n2", "its clock is right"},
		{"wipe n2", "n2", "its disk is wiped, and its journal with it"},
		{"lose n2 key", "n2", "loses its key"},
		{"corrupt n2", "n2", "its database is damaged"},
		{"reindex n2", "n2", "rebuilds its database"},
		{"dance n2 wildly", "n2", "dance wildly"}, // of a later program
	} {
		f := strings.Fields(row.did)
		r := New([]history.Journal{journal(t, "n2", "=g")}, []history.Action{{TimeMS: 1, Verb: f[0], Args: f[1:]}})
		if len(r.Events) != 1 || r.Events[0].Node != row.at || r.Events[0].String() != row.want {
			t.Errorf("%s: at %q %q, want at %q: %q", row.did, r.Events[0].Node, &r.Events[0], row.at, row.want)
		}
	}
}

// What failed is not told as if it had been done, nor what there was nothing to do about.
func TestActionsInVain(t *testing.T) {
	r := New(nil, []history.Action{
		{TimeMS: 1, Verb: "wipe", Args: []string{"n1"}, Error: "n1 runs: end it first\nand more"},
		{TimeMS: 2, Verb: "partition", Args: []string{"n1", "n2,n3"}},
		{TimeMS: 3, Verb: "heal"},
		{TimeMS: 4, Verb: "heal"},
		{TimeMS: 5, Verb: "partition", Args: []string{"n1", "n2,n3"}},
		{TimeMS: 6, Verb: "up", Args: []string{"3"}},
		{TimeMS: 7, Verb: "heal", Error: "no"},
	})
	var got []string
	for i := range r.Events {
		got = append(got, r.Events[i].String())
	}
	want := []string{"wipe failed: n1 runs: end it first", "the network is cut: n1 | n2,n3", "the network is healed", "healed, without a partition",
		"the network is cut: n1 | n2,n3", "the testnet comes up, nodes: 3", "heal failed: no"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("told\n%q\nwant\n%q", got, want)
	}
}

// A node whose clock is wrong has its place in time all the same, and one that is wiped
// stands on genesis.
func TestClocksAndWipes(t *testing.T) {
	// So short ago that no time can have been two, yet long enough not to be in the future.
	t0 := time.Now().Add(-time.Minute).UnixMilli()
	const hour = 3_600_000
	at := func(format string, ms ...int64) string {
		var args []any
		for _, m := range ms {
			args = append(args, t0+m)
		}
		return fmt.Sprintf(format, args...)
	}
	r := New([]history.Journal{
		journal(t, "n1", at("a1<g@%d a2<a1@%d a3<a2@%d a4<a3@%d =a4", 100, 200, 300, 400)),
		journal(t, "n2", at("a1<g@%d a2<a1@%d a3<a2@%d a4<a3@%d =a4", 101+hour, 201+hour, 302, 401)),
	}, []history.Action{
		{TimeMS: t0 + 50, TookMS: 5, Verb: "clock", Args: []string{"n2", "1h0m0s"}},
		{TimeMS: t0 + 250, TookMS: 5, Verb: "clock", Args: []string{"n2", "0s"}},
		{TimeMS: t0 + 500, Verb: "wipe", Args: []string{"n2"}},
	})
	var got []string
	for _, e := range r.Events {
		if e.Event == Block {
			got = append(got, fmt.Sprint(e.TimeMS-t0, e.Node))
		}
	}
	if want := "100n1 101n2 200n1 201n2 300n1 302n2 400n1 401n2"; strings.Join(got, " ") != want || len(r.Unsure) != 0 {
		t.Errorf("blocks %s, want %s; unsure %v", strings.Join(got, " "), want, r.Unsure)
	}
	s := r.Begin()
	s.To(len(r.Events) - 1)
	before := s.Tip("n2")
	s.Next()
	if g := block.Sum([]byte("g")); before != block.Sum([]byte("a4")) || s.Tip("n2") != g {
		t.Errorf("n2 stood on %s and, wiped, on %s", before.Short(), s.Tip("n2").Short())
	}
}

func TestManyLives(t *testing.T) {
	want := strings.TrimSpace(`
500  up
1000 a block a1 born
1000 a tip a1
1000 b block a1
1000 b tip a1
1500  partition
1600 c pause
2000 a block a2 born
2000 a tip a2
2500 b block b2 born
2500 b tip b2
3000 b block b3 born
3000 b tip b3
3900  heal
4000 a header b2
4000 a header b3
4001 b block a2
4002 a block b2
4003 a block b3
4003 a reorg b3
5000 a kill`)
	run := scene(t)
	if got := story(run); got != want {
		t.Errorf("played\n%s\nwant\n%s", got, want)
	}
	swapped := scene(t)
	swapped.Events = swapped.merge([][]Event{{swapped.Events[3], swapped.Events[4]}, {swapped.Events[1], swapped.Events[2]}})
	if swapped.Events[0].Node != "a" {
		t.Errorf("a block was at b before its miner had it")
	}
}

var update = flag.Bool("update", false, "write the golden file anew")

// TestPictures: the tree as it stood at some moments.
func TestPictures(t *testing.T) {
	run := scene(t)
	s := run.Begin()
	var out bytes.Buffer
	for _, n := range []int{0, 13, 16, len(run.Events)} {
		s.To(n)
		if err := s.Draw(t.Context(), &out, draw.Style{}); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/pictures.txt"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || out.String() != string(want) {
		t.Errorf("drew\n%s\nwant\n%s (%v)", out.String(), want, err)
	}
}

// TestPlayer: the waits between events are those of the run, divided by the speed, and
// a screen gets no picture that the next one would push away at once.
func TestPlayer(t *testing.T) {
	run := scene(t)
	var waits []time.Duration
	var out bytes.Buffer
	p := Player{Out: &out, Speed: 10, Pause: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
	if err := p.Play(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, d := range waits {
		sum += d
	}
	if len(waits) != 21 || sum != 450*time.Millisecond || waits[1] != 50*time.Millisecond {
		t.Errorf("waited %v", waits)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 21 || lines[5] != `   6     +1.000s  --   the network is cut: a | b,c` ||
		lines[20] != `  21     +4.500s  a    kill failed: it is gone` || !strings.Contains(lines[19], "0 left, 0 joined") {
		t.Errorf("wrote\n%s", out.String())
	}
	out.Reset()
	p.Clear, p.Height = func() error { out.WriteString("CLEAR"); return nil }, 6
	if err := p.Play(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	pictures := strings.Split(out.String(), "CLEAR")[1:]
	if len(pictures) >= 21 || len(pictures) < 5 {
		t.Errorf("%d pictures of 21 events", len(pictures))
	}
	for _, text := range pictures {
		if n := strings.Count(text, "\n"); n > 5 {
			t.Errorf("a picture of %d lines on a screen of 6:\n%s", n, text)
		}
	}
	stop := errors.New("enough")
	p.Pause = func(context.Context, time.Duration) error { return stop }
	if err := p.Play(context.Background(), run); !errors.Is(err, stop) {
		t.Errorf("told to stop: %v", err)
	}
	if got := run.Until(1500 * time.Millisecond); got != 9 {
		t.Errorf("%d events in the first second and a half, want 9", got)
	}
}

// TestNewborn: a block that its miner goes over to is nobody's stale block in between.
func TestNewborn(t *testing.T) {
	r := New([]history.Journal{journal(t, "n1", "a1<g@10 b1<g@20 =a1"), journal(t, "n2", "=g")}, nil)
	var stood []string
	s := r.Begin()
	for s.Next() != nil {
		stood = append(stood, fmt.Sprint(s.Tree().Tips[0].Height, s.Tree().Tips[1].Height, len(s.Tree().Blocks)))
	}
	if got, want := strings.Join(stood, ", "), "1 0 2, 1 0 2, 1 0 3"; got != want {
		t.Errorf("n1 and n2 stood on %s, want %s", got, want)
	}
}
