//go:build unix

package testnet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/topology"
)

// described is a testnet's description in another directory, as if an orchestrator ran the
// nodes.
func described(t *testing.T, tn *Testnet) *Testnet {
	t.Helper()
	var nodes []Node
	for _, n := range tn.Nodes() {
		nodes = append(nodes, Node{Name: n.Name, RPC: n.RPC, Cookie: n.Cookie, PeerID: n.PeerID, Multiaddr: n.Multiaddr})
	}
	dir := filepath.Join(t.TempDir(), "described")
	if _, err := Describe(dir, "toy", nodes, Orchestrator{Name: "Somebody", Commands: map[string]string{"kill": "please kill NODE", "down": "please end"}}); err != nil {
		t.Fatal(err)
	}
	out, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What needs only RPC works on nodes that an orchestrator runs, and their status says which
// one does not answer.
func TestExternalByRPC(t *testing.T) {
	ours := up(t, 3)
	theirs := described(t, ours)
	if !theirs.Alive() {
		t.Error("nothing seems to run")
	}
	// A node whose health check takes too long counts as gone and is not configured: so the
	// command is repeated until it succeeds.
	tell := func(do func(context.Context) error, want string) {
		t.Helper()
		ctx, got := bounded(t), ""
		err := Poll(ctx, func() (bool, error) {
			err := do(ctx)
			if err == nil {
				got, err = peersOf(ctx, theirs)
			}
			return got == want, err
		})
		if err != nil {
			t.Fatalf("peers %s, want %s: %v", got, want, err)
		}
	}
	tell(func(ctx context.Context) error {
		return theirs.Partition(ctx, [][]string{{"n1", "n2"}, {"n3"}})
	}, "n1:n2 n2:n1 n3:")
	tell(theirs.Heal, "n1:n2,n3 n2:n1,n3 n3:n1,n2")
	if err := ours.Kill(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	const lost = "partition: n3: no answer, so nothing was changed there; repeat the command once Somebody runs it"
	var said error
	if err := Poll(bounded(t), func() (bool, error) {
		said = theirs.Partition(bounded(t), [][]string{{"n1", "n3"}, {"n2"}})
		return said != nil && said.Error() == lost, nil
	}); err != nil {
		t.Errorf("one is gone: %v, want %s", said, lost)
	}
	ctx := bounded(t)
	var all []NodeStatus
	if err := Poll(ctx, func() (_ bool, err error) {
		all, err = theirs.Status(ctx)
		return err == nil && !all[2].Running && all[2].Error != "" && all[0].Running, err
	}); err != nil {
		t.Errorf("one is gone: %+v, %v", all, err)
	}
	var in draw.Tree
	if err := Poll(ctx, func() (_ bool, err error) {
		in, err = theirs.Tree(ctx, 0)
		return slices.Equal(in.Silent, []string{"n3"}), err
	}); err != nil {
		t.Errorf("tree: %+v, %v", in, err)
	}
	c, err := theirs.Client("n3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.BlockCount(bounded(t)); !errors.Is(err, rpc.ErrUnreachable) {
		t.Errorf("asking it: %v", err)
	}
}

// A command that reaches no node is an error, and changes nothing.
func TestExternalAllGone(t *testing.T) {
	ours := up(t, 2)
	theirs := described(t, ours)
	for _, name := range []string{"n1", "n2"} {
		if err := ours.Kill(bounded(t), name); err != nil {
			t.Fatal(err)
		}
	}
	for what, do := range map[string]func(context.Context) error{
		"partition": func(ctx context.Context) error { return theirs.Partition(ctx, [][]string{{"n1"}, {"n2"}}) },
		"heal":      theirs.Heal,
		"connect":   func(ctx context.Context) error { return theirs.Connect(ctx, []topology.Pair{}) },
		"link":      func(ctx context.Context) error { return theirs.Link(ctx, topology.Link{A: "n1", B: "n2", Cut: true}) },
		"clock":     func(ctx context.Context) error { return theirs.Clock(ctx, "n1", time.Hour) },
	} {
		const why = ": no node answers; Somebody runs them, and has to start them first"
		if err := do(bounded(t)); err == nil || err.Error() != what+why {
			t.Errorf("%v, want %s%s", err, what, why)
		}
	}
	if _, err := theirs.Journals(bounded(t)); err == nil || !strings.Contains(err.Error(), "no node answers; Somebody runs them") {
		t.Errorf("journals without a running node: %v", err)
	}
	if _, err := theirs.Tree(bounded(t), 0); err == nil || !strings.Contains(err.Error(), "no node answers; Somebody runs them") {
		t.Errorf("the tree without a running node: %v", err)
	}
	if len(theirs.state.Groups) > 0 || len(theirs.Links()) > 0 || len(theirs.Clocks()) > 0 || theirs.state.Pairs != nil {
		t.Errorf("it is kept: %+v", theirs.state)
	}
}

// A command that needs the process is refused, and the error says what to do instead.
func TestExternalProcesses(t *testing.T) {
	ours := up(t, 1)
	theirs := described(t, ours)
	for verb, do := range map[string]func() error{
		"kill: Somebody runs n1; do it there with: please kill n1": func() error { return theirs.Kill(bounded(t), "n1") },
		"pause: Somebody runs n1 and cannot do that":               func() error { return theirs.Pause(bounded(t), "n1") },
		"resume: Somebody runs n1 and cannot do that":              func() error { return theirs.Resume(bounded(t), "n1") },
		"restart: Somebody runs n1 and cannot do that":             func() error { return theirs.Restart(bounded(t), "n1") },
		"down: Somebody runs the nodes; do it there with: please":  func() error { return theirs.Down(bounded(t), true) },
		"kill: no node \"n2\"; there are n1":                       func() error { return theirs.Kill(bounded(t), "n2") },
	} {
		if err := do(); err == nil || !strings.HasPrefix(err.Error(), verb) {
			t.Errorf("%v, want %s", err, verb)
		}
	}
	if !ours.Alive() {
		t.Error("the node is gone all the same")
	}
}

func TestDescribeRefuses(t *testing.T) {
	good := Node{Name: "n1", RPC: "127.0.0.1:1", Cookie: "/c", PeerID: "p", Multiaddr: "/m"}
	for _, change := range []func(*Node){
		func(n *Node) { n.Name = "n2" },
		func(n *Node) { n.RPC = "" },
		func(n *Node) { n.Cookie = "" },
		func(n *Node) { n.PeerID = "" },
		func(n *Node) { n.Multiaddr = "" },
	} {
		n, dir := good, filepath.Join(t.TempDir(), "d")
		change(&n)
		if _, err := Describe(dir, "toy", []Node{n}, Orchestrator{}); err == nil {
			t.Errorf("%+v was taken", n)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v: something was written", n)
		}
	}
}
