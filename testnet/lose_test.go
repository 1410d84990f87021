//go:build unix

package testnet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// Secrets are the key and the password of each node, and of a node without a key the password.
func TestSecrets(t *testing.T) {
	t.Setenv("TESTNET_NODE", "real")
	tn := up(t, 2)
	has := func(want ...string) {
		t.Helper()
		got, err := tn.Secrets()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d secrets, want %d: %v", len(got), len(want), err)
		}
		for i, path := range want {
			text, err := os.ReadFile(path)
			if err != nil || len(got[i]) < 16 || !strings.HasSuffix(strings.TrimSpace(string(text)), got[i]) {
				t.Errorf("secret %d of %d bytes is not the end of %s: %v", i, len(got[i]), path, err)
			}
		}
	}
	n1, n2 := tn.Nodes()[0], tn.Nodes()[1]
	key := func(n Node) string { return filepath.Join(n.Datadir, tn.Params().Name, "node.key") }
	has(n1.Cookie, key(n1), n2.Cookie, key(n2))
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Lose(bounded(t), "n2", "key"); err != nil {
		t.Fatal(err)
	}
	has(n1.Cookie, key(n1), n2.Cookie)
}
