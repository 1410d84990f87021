package sim

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
)

func small(seed uint64) Config {
	return Config{Nodes: 20, Blocks: 60, Seed: seed, Interval: 10 * time.Second, Delay: Uniform(50*time.Millisecond, 150*time.Millisecond), Topology: Random, Degree: 4, Payments: true}
}

// TestSameSeedSameBytes: a run is a function of its configuration.
func TestSameSeedSameBytes(t *testing.T) {
	var hashes []string
	for _, seed := range []uint64{1, 1, 2} {
		r, err := Run(t.Context(), small(seed))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if r.Blocks < 60 || r.Tips != 1 || r.Transactions < 40 {
			t.Errorf("seed %d: %+v", seed, *r)
		}
		hashes = append(hashes, r.LogHash)
	}
	if hashes[0] != hashes[1] || hashes[0] == hashes[2] {
		t.Errorf("hashes %q: want two equal ones and another", hashes)
	}
}

// TestEveryBlockHasAPayment: once there are coins that can be spent.
func TestEveryBlockHasAPayment(t *testing.T) {
	cfg := small(7)
	cfg.Nodes, cfg.Interval = 40, time.Second
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.StartMining()
	if _, err := w.RunUntil(t.Context(), time.Hour, func() bool { return w.height >= cfg.Blocks && w.Quiet() }); err != nil {
		t.Fatal(err)
	}
	tree := w.nodes[0].engine.Tree()
	for h := block.Height(21); h <= tree.Tip().Height; h++ {
		hash, _ := tree.At(h)
		if info, _ := tree.Info(hash); info.Txs < 2 {
			t.Errorf("the block at height %d has no payment", h)
		}
	}
	if r := w.Result(); r.StaleRate == 0 || r.Tips != 1 {
		t.Errorf("with an interval of a second: %+v", r)
	}
	for _, n := range w.nodes { // and what was left is in every mempool
		if !slices.Equal(sorted(n), sorted(w.nodes[0])) {
			t.Errorf("%s has %d pending payments, %s %d", n.ID, n.engine.Pool().Len(), w.nodes[0].ID, w.nodes[0].engine.Pool().Len())
		}
	}
}

func sorted(n *Node) []block.Hash {
	ids := n.engine.Pool().IDs()
	slices.SortFunc(ids, func(a, b block.Hash) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// TestBadConfig: what makes no sense is refused, and named.
func TestBadConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"0 nodes":        func(c *Config) { c.Nodes = 0 },
		"-1 blocks":      func(c *Config) { c.Blocks = -1 },
		"an interval of": func(c *Config) { c.Interval = 0 },
		"a delay of":     func(c *Config) { c.Delay = Uniform(2, 1) },
		"a loss of":      func(c *Config) { c.Loss = 1 },
		"a bandwidth of": func(c *Config) { c.Bandwidth = -1 },
		"2 shares":       func(c *Config) { c.Shares = []float64{1, 2} },
		"a degree of 0":  func(c *Config) { c.Topology, c.Degree = Random, 0 },
	} {
		cfg := small(1)
		change(&cfg)
		if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, is: %v", want, err)
		}
	}
}

// TestSameBytesOnAnyCores: how many goroutines work off a bucket decides nothing.
func TestSameBytesOnAnyCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var hashes []string
	for _, cores := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(cores)
		cfg := small(9)
		cfg.Nodes, cfg.Interval, cfg.Loss = 150, 2*time.Second, .1
		r, err := Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, fmt.Sprint(r.LogHash, r.Propagation, r.Events, r.Bytes))
	}
	if hashes[0] != hashes[1] || hashes[1] != hashes[2] {
		t.Errorf("on 1, 2 and 8 cores: %q", hashes)
	}
}
