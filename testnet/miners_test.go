//go:build unix

package testnet

import (
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
