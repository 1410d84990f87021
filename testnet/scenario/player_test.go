package scenario

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
)

// stillLife is a world whose status a test sets, with a virtual clock: each step takes a second.
type stillLife struct {
	World
	now time.Duration
	at  func(now time.Duration) []NodeStatus
}

func (w *stillLife) Up(context.Context, int, *consensus.Params, int) error { return nil }
func (w *stillLife) Time() time.Duration                                   { return w.now }
func (w *stillLife) Step(context.Context, int) error                       { w.now += time.Second; return nil }
func (w *stillLife) Status(context.Context) ([]NodeStatus, error)          { return w.at(w.now), nil }
func (w *stillLife) Node(string) (Node, error)                             { return stillNode{}, nil }
func (w *stillLife) Talking() (groups [][]string) {
	var up []string
	for _, g := range w.at(w.now) {
		if g.State == Up {
			up = append(up, g.Node)
		}
	}
	if len(up) > 0 {
		groups = append(groups, up)
	}
	return groups
}
func (w *stillLife) Withhold(context.Context, string, int, ...*block.Tx) ([]block.Hash, error) {
	return []block.Hash{{1}}, nil
}
func (w *stillLife) Release(context.Context, string) error { return nil }

// stillNode knows no block.
type stillNode struct{ Node }

func (stillNode) Tree(context.Context, block.Height) (rpc.Tree, error) { return rpc.Tree{}, nil }

// heights are nodes at these heights.
func heights(all ...block.Height) (out []NodeStatus) {
	for i, h := range all {
		out = append(out, NodeStatus{Node: "n" + string(rune('1'+i)), State: Up, Height: h, Tip: block.Hash{byte(h)}, Work: "w"})
	}
	return out
}

func playStill(t *testing.T, text string, at func(now time.Duration) []NodeStatus) (*stillLife, error) {
	t.Helper()
	s, err := Parse("x", text)
	if err != nil {
		t.Fatal(err)
	}
	w := &stillLife{at: at}
	_, err = Play(t.Context(), s, w, Options{Dir: t.TempDir()})
	return w, err
}

// TestPatience: a step waits as long as anything changes, within a bound.
func TestPatience(t *testing.T) {
	slow := func(now time.Duration) []NodeStatus { return heights(0, block.Height(now/(15*time.Second))) }
	if w, err := playStill(t, "nodes 2\nexpect n2 height 3", slow); err != nil || w.now != 45*time.Second {
		t.Errorf("slow, and moving: %v after %s", err, w.now)
	}
	if w, err := playStill(t, "nodes 2\nexpect n2 height 99", slow); err == nil || w.now != longest {
		t.Errorf("never there: %v after %s", err, w.now)
	}
	w, err := playStill(t, "nodes 2\nexpect n2 height 3", func(time.Duration) []NodeStatus { return heights(0, 1) })
	if err == nil || err.Error() != "x:2: n2: expected height 3, is height 1 on n2, after waiting for 20s" {
		t.Errorf("nothing moves: %v after %s", err, w.now)
	}
	w, err = playStill(t, "nodes 2\nexpect n2 height 3 within 5s", slow)
	if err == nil || w.now != 5*time.Second {
		t.Errorf("with a time: %v after %s", err, w.now)
	}
}

// mortal is a node that can be killed.
type mortal struct {
	stillLife
	state           State
	started, killed int
	lived           []time.Duration // how long before each kill
	born            time.Duration
}

func (w *mortal) Start(context.Context, string) error {
	w.state, w.born = Up, w.now
	w.started++
	return nil
}
func (w *mortal) Restart(ctx context.Context, node string) error { return w.Start(ctx, node) }
func (w *mortal) Kill(context.Context, string) error {
	w.state = Down
	w.killed++
	w.lived = append(w.lived, w.now-w.born)
	return nil
}

// TestCrashLoop: the node is killed so many times, after different times, and is up at the end.
func TestCrashLoop(t *testing.T) {
	s, err := Parse("x", "nodes 1\nkill n1\ncrashloop n1 8\nexpect n1 up")
	if err != nil {
		t.Fatal(err)
	}
	w := &mortal{state: Up}
	w.at = func(time.Duration) []NodeStatus { return []NodeStatus{{Node: "n1", State: w.state}} }
	if _, err := Play(t.Context(), s, w, Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if w.killed != 1+8 || w.started != 8+1 || w.state != Up {
		t.Errorf("killed %d times, started %d times, %s", w.killed, w.started, w.state)
	}
	slices.Sort(w.lived)
	if lives := slices.Compact(w.lived); len(lives) < 4 {
		t.Errorf("it always ran equally long: %v", lives)
	}
}

// unborn is a world whose nodes do not start.
type unborn struct{ World }

func (unborn) Up(context.Context, int, *consensus.Params, int) error { return errors.New("no program") }
func (unborn) Time() time.Duration                                   { return 0 }

// TestNodesDoNotStart: the failure is that of the step, and nodes that are not there are not called.
func TestNodesDoNotStart(t *testing.T) {
	s, err := Parse("x", "nodes 2\ntips")
	if err != nil {
		t.Fatal(err)
	}
	var f *Failure
	if _, err := Play(t.Context(), s, unborn{}, Options{Dir: t.TempDir()}); !errors.As(err, &f) || f.Error() != "x:1: no program" || f.Stands != "" {
		t.Errorf("%v", err)
	}
}

// TestSettleSaysWho: the error of settle names the nodes that disagree.
func TestSettleSaysWho(t *testing.T) {
	_, err := playStill(t, "nodes 2\nsettle within 1s", func(time.Duration) []NodeStatus { return heights(1, 2) })
	var f *Failure
	if !errors.As(err, &f) || f.Step.Line != 2 || !strings.Contains(f.Stands, "n1") || !strings.Contains(err.Error(), "n1 on a block without a name yet at height 1, n2 on") ||
		!strings.Contains(err.Error(), "of equal work") {
		t.Errorf("%v", err)
	}
	down := []NodeStatus{{Node: "n1", State: Down}, {Node: "n2", State: Up}}
	_, err = playStill(t, "nodes 2\nexpect n1 n2 up", func(time.Duration) []NodeStatus { return down })
	if err == nil || !strings.Contains(err.Error(), "n1 n2: expected up, is n1 down") {
		t.Errorf("%v", err)
	}
	if _, err := playStill(t, "nodes 2\nexpect n1 tip b7", func(time.Duration) []NodeStatus { return heights(0, 0) }); err == nil ||
		!strings.Contains(err.Error(), "there is no b7: the last block is b0") {
		t.Errorf("%v", err)
	}
}

// TestNothingIsNotAll: a step that expects something of all nodes fails if none is up.
func TestNothingIsNotAll(t *testing.T) {
	down := func(time.Duration) []NodeStatus {
		return []NodeStatus{{Node: "n1", State: Down}, {Node: "n2", State: Down}}
	}
	one := func(time.Duration) []NodeStatus {
		return []NodeStatus{{Node: "n1", State: Up}, {Node: "n2", State: Down}}
	}
	for _, row := range []struct {
		step string
		at   func(time.Duration) []NodeStatus
		want string // "": it succeeds
	}{
		{"settle within 1s", down, "no node is up"},
		{"settle within 1s", one, ""},
		{"expect same tip within 1s", down, "no node is up"},
		{"expect same tip within 1s", one, ""},
		{"expect same tip n1 n2 within 1s", one, "is n2 down"},
		{"lie release n1", one, "nothing is withheld at n1"},
		{"lie withhold n1 1\nlie release n1", one, ""},
		{"lie withhold n2 1\nlie release n1", one, "nothing is withheld at n1"},
		{"lie withhold n1 1\nlie release n1\nlie release n1", one, "nothing is withheld at n1"},
	} {
		_, err := playStill(t, "nodes 2\n"+row.step, row.at)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%q: %v, want %q", row.step, err, row.want)
		}
	}
}

// TestSilence: a node that does not answer is called again, within a bound.
func TestSilence(t *testing.T) {
	w, err := playStill(t, "nodes 1\npool\n----\nn1    -\n", func(now time.Duration) []NodeStatus {
		if now < 3*time.Second {
			return []NodeStatus{{Node: "n1", State: Silent}}
		}
		return heights(0)
	})
	if err != nil || w.now != 3*time.Second {
		t.Errorf("silent for a moment: %v after %s", err, w.now)
	}
	w, err = playStill(t, "nodes 1\npool n1\n----\nn1    -\n", func(time.Duration) []NodeStatus { return []NodeStatus{{Node: "n1", State: Silent}} })
	if err == nil || !strings.Contains(err.Error(), "n1 does not answer") || w.now < patience {
		t.Errorf("silent for ever: %v after %s", err, w.now)
	}
}

// TestNamesOfTheWild: blocks that no step mined are named in the order in which any node first
// received them, and a name stays.
func TestNamesOfTheWild(t *testing.T) {
	n := newNames(consensus.Toy(), t.TempDir())
	mined := block.Hash{9}
	n.block(mined)
	row := func(h byte, ms int64) rpc.TreeBlock {
		return rpc.TreeBlock{Hash: block.Hash{h}, Height: 1, ReceivedMS: ms}
	}
	n.see([]rpc.Tree{{Blocks: []rpc.TreeBlock{row(9, 50), row(1, 30), row(2, 10)}}, {Blocks: []rpc.TreeBlock{row(1, 5), row(3, 20)}}})
	n.see([]rpc.Tree{{Blocks: []rpc.TreeBlock{row(4, 1)}}})
	var got []string
	for _, h := range []byte{9, 1, 2, 3, 4} {
		got = append(got, n.block(block.Hash{h}))
	}
	if want := "b1 b2 b3 b4 b5"; strings.Join(got, " ") != want {
		t.Errorf("names %v, want %s", got, want)
	}
}

func TestColumns(t *testing.T) {
	got := columns([][]string{{"n1 n2 n3 n4", "b1-b3-b4", "height 3"}, {"n5", "down"}, {"é", "b1", "height 1"}})
	const want = "n1 n2 n3 n4   b1-b3-b4    height 3\nn5            down\né             b1          height 1\n"
	if got != want {
		t.Errorf("columns\n%s\nwant\n%s", got, want)
	}
}

func TestRuns(t *testing.T) {
	for want, way := range map[string][]int{
		"b0": nil, "b1": {1}, "b1-b2-b3": {1, 2, 3}, "b1…b4": {1, 2, 3, 4}, "b1…b12-b14-b15-b17": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17},
	} {
		if got := runs(way); got != want {
			t.Errorf("%v: %s, want %s", way, got, want)
		}
	}
}

// TestPeopleStayTheSame: a name is always the same wallet.
func TestPeopleStayTheSame(t *testing.T) {
	who := func(name string) string {
		p, err := newNames(consensus.Toy(), t.TempDir()).person(name)
		if err != nil {
			t.Fatal(err)
		}
		return p.Address.Encode(consensus.Toy().Prefixes)
	}
	if a, b := who("alice"), who("alice"); a != b {
		t.Errorf("alice is %s, and then %s", a, b)
	}
	if a, b := who("alice"), who("bob"); a == b {
		t.Error("alice and bob share a wallet")
	}
}
