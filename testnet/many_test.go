//go:build unix

package testnet

import (
	"context"
	"flag"
	"slices"
	"testing"
	"time"

	"toychain/internal/longtest"
	"toychain/testnet/topology"
)

var manyNodes = flag.Int("many", 12, "TestManyNodes: how many real nodes, 11 or more")

// TestManyNodes: a network that is too large for a full mesh comes up, mines, is partitioned into
// halves, and agrees again. With the largest number of nodes it takes half a minute on two busy
// cores:
//
//	go test -run TestManyNodes ./testnet -many 50
//
// Together they try 100,000 hashes a second: each of fifty nodes 2,000.
func TestManyNodes(t *testing.T) {
	realNodes(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	n := *manyNodes
	tn, err := Up(ctx, Config{Dir: t.TempDir(), Nodes: n, Network: "toy", Hashrate: 100_000 / float64(n), Mine: true, Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(context.WithoutCancel(ctx), true); err != nil {
			t.Error(err)
		}
	})
	left, right := tn.Names()[:n/2], tn.Names()[n/2:]
	if planned := len(tn.planned()); planned >= n*(n-1)/2 {
		t.Errorf("-many %d: everybody is to know everybody", n)
	}
	for _, s := range statusOf(ctx, t, tn) {
		if len(s.Peers) < topology.Neighbours || !s.Mining {
			t.Errorf("%s has %d peers, mines %v; want %d at least, and that it does", s.Name, len(s.Peers), s.Mining, topology.Neighbours)
		}
	}
	waitFor(ctx, t, tn, tn.Names(), 2)
	if err := tn.Partition(ctx, [][]string{left, right}); err != nil {
		t.Fatal(err)
	}
	// By command as well, so that the test does not depend on luck; the right side more, so that it wins.
	mineOn(ctx, t, tn, right[0], 3)
	mineOn(ctx, t, tn, left[0], 1)
	waitFor(ctx, t, tn, left, 1)
	if a, b := tipsOf(ctx, t, tn, left), tipsOf(ctx, t, tn, right); slices.ContainsFunc(a, func(tip string) bool { return slices.Contains(b, tip) }) {
		t.Errorf("cut, but a tip is on both sides: %v, %v", a, b)
	}
	if err := tn.Heal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, s := range statusOf(ctx, t, tn) {
		const most = 48 << 20 // the target is that of an idle Bitcoin Core; this node is busy
		if s.Memory > most && !longtest.Race {
			t.Errorf("%s holds %d MiB, want %d at most", s.Name, s.Memory>>20, most>>20)
		}
	}
}

// statusOf waits until every node has answered.
func statusOf(ctx context.Context, t testing.TB, tn *Testnet) (all []NodeStatus) {
	t.Helper()
	err := Poll(ctx, func() (_ bool, err error) {
		all, err = tn.Status(ctx)
		return !slices.ContainsFunc(all, func(s NodeStatus) bool { return s.Error != "" }), err
	})
	if err != nil {
		t.Fatalf("%+v: %v", all, err)
	}
	return all
}

// waitFor waits until the height of each of these nodes has grown by so many blocks.
func waitFor(ctx context.Context, t testing.TB, tn *Testnet, names []string, blocks int) {
	t.Helper()
	first := map[string]int{}
	err := Poll(ctx, func() (bool, error) {
		all, err := tn.Status(ctx)
		done := err == nil
		for _, s := range all {
			if !slices.Contains(names, s.Name) {
				continue
			}
			if s.Error != "" {
				done = false // too busy to answer in time
				continue
			}
			if _, seen := first[s.Name]; !seen {
				first[s.Name] = int(s.Height)
			}
			done = done && int(s.Height) >= first[s.Name]+blocks
		}
		return done, err
	})
	if err != nil {
		t.Fatalf("waiting for %d blocks on %s: %v", blocks, topology.List(names), err)
	}
}

func tipsOf(ctx context.Context, t testing.TB, tn *Testnet, names []string) (out []string) {
	for _, s := range statusOf(ctx, t, tn) {
		if slices.Contains(names, s.Name) {
			out = append(out, s.Tip.String())
		}
	}
	return out
}

func mineOn(ctx context.Context, t testing.TB, tn *Testnet, name string, n int) {
	t.Helper()
	c, err := tn.Client(name)
	if err == nil {
		to, _ := MinerAddress(tn.params, 0)
		_, err = c.Generate(ctx, n, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}
