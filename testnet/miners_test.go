//go:build unix

package testnet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"toychain/rpc"
)

// miningOf returns the state of a node's miner.
func miningOf(t *testing.T, tn *Testnet, name string) rpc.MiningInfo {
	t.Helper()
	c, err := tn.Client(name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := rpc.GetMiningInfo.Call(bounded(t), c, rpc.None{})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestMine: nodes that are to mine do so, each for another address, and again after a restart.
func TestMine(t *testing.T) {
	tn, err := Up(bounded(t), Config{Dir: t.TempDir(), Nodes: 2, Network: "toy", Detach: true, Hashrate: 2000, Mine: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	// The first two receiving addresses of MinersWords, as any BIP44 wallet for test
	// networks derives them.
	for name, address := range map[string]string{"n1": "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV", "n2": "mzpbWabUQm1w8ijuJnAof5eiSTep27deVH"} {
		if m := miningOf(t, tn, name); !m.Mining || m.Address != address || m.HashrateCap != 2000 {
			t.Errorf("%s mines %v for %q, at most %v; want %s", name, m.Mining, m.Address, m.HashrateCap, address)
		}
	}
	other, err := Open(tn.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if m := miningOf(t, other, "n2"); !m.Mining || m.HashrateCap != 2000 {
		t.Errorf("after a restart it mines %v, at most %v", m.Mining, m.HashrateCap)
	}
}

// TestMineTo: one address for all nodes; an address of another network is rejected.
func TestMineTo(t *testing.T) {
	const to = "mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt"
	cfg := Config{Dir: t.TempDir(), Nodes: 1, Network: "toy", Detach: true, Mine: true, MineTo: to}
	tn, err := Up(bounded(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if m := miningOf(t, tn, "n1"); !m.Mining || m.Address != to {
		t.Errorf("it mines %v for %q", m.Mining, m.Address)
	}
	if err := tn.Down(bounded(t), true); err != nil {
		t.Error(err)
	}
	cfg.MineTo = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2" // another network's
	if _, err := Up(bounded(t), cfg); err == nil || !strings.Contains(err.Error(), "mining for 1Bv") {
		t.Errorf("a foreign address: %v", err)
	}
}

// TestHashrate: what a node mines is set for each, holds after a restart, and is what an Up without a
// number of nodes starts with.
func TestHashrate(t *testing.T) {
	tn := up(t, 3)
	if err := tn.Hashrate(bounded(t), []string{"n1", "n3"}, 500); err != nil {
		t.Fatal(err)
	}
	if err := tn.Hashrate(bounded(t), []string{"n3"}, -1); err != nil {
		t.Fatal(err)
	}
	if err := tn.Restart(bounded(t), "n1"); err != nil {
		t.Fatal(err)
	}
	check := func(tn *Testnet) {
		t.Helper()
		for name, want := range map[string]rpc.MiningInfo{"n1": {Mining: true, HashrateCap: 500}, "n2": {}, "n3": {}} {
			if m := miningOf(t, tn, name); m.Mining != want.Mining || m.Mining && m.HashrateCap != want.HashrateCap {
				t.Errorf("%s mines %v, at most %v; want %v, %v", name, m.Mining, m.HashrateCap, want.Mining, want.HashrateCap)
			}
		}
	}
	check(tn)
	if _, err := tn.Add(bounded(t), "carol"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Hashrate(bounded(t), []string{"n9"}, 1); err == nil {
		t.Error("a node that there is not")
	}
	if err := tn.Down(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	cfg, err := Earlier(tn.Dir())
	if err != nil || strings.Join(cfg.Names, " ") != "n1 n2 n3 carol" {
		t.Fatalf("%+v, %v", cfg, err)
	}
	cfg.Detach = true
	again, err := Up(bounded(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	check(again)
	if all, err := again.Actions(); err != nil || strings.Join(all[len(all)-1].Args, " ") != "n1 n2 n3 carol" {
		t.Errorf("the journal says %v, %v", all[len(all)-1], err)
	}
	if err := again.Down(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(tn.Dir(), stateFile)); err != nil {
		t.Fatal(err)
	}
	if cfg, err = Earlier(tn.Dir()); err != nil || strings.Join(cfg.Names, " ") != "n1 n2 n3 carol" {
		t.Errorf("without state.json: %v, %v", cfg.Names, err)
	}
	if cfg, err = Earlier(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of an empty directory: %v, %v", cfg.Names, err)
	}
}
