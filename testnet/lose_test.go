//go:build unix

package testnet

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// A node that lost its key starts with another peer ID, and its peers forget the old one.
func TestLose(t *testing.T) {
	t.Setenv("TESTNET_NODE", "real")
	tn := up(t, 2)
	if err := tn.Lose(bounded(t), "n2", "key"); err == nil || !strings.Contains(err.Error(), "n2 runs") {
		t.Errorf("of one that runs: %v", err)
	}
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	before := tn.Nodes()[1]
	if err := tn.Lose(bounded(t), "n2", "key"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Lose(bounded(t), "n2", "key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a second time: %v", err)
	}
	if err := tn.Lose(bounded(t), "n2", "mind"); err == nil || !strings.Contains(err.Error(), "key, peers, pool") {
		t.Errorf("what there is not: %v", err)
	}
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if after := tn.Nodes()[1]; after.PeerID == before.PeerID || !returned(before, after) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	wantPeers(t, tn, "n1:n2 n2:n1")
}
