//go:build unix

package testnet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAdd: a node that joins a running testnet takes part in all that follows, and goes with it.
func TestAdd(t *testing.T) {
	tn := up(t, 2)
	n, err := tn.Add(bounded(t), "carol")
	if err != nil || n.Name != "carol" || n.RPC == "" || n.Datadir != filepath.Join(tn.Dir(), "carol") {
		t.Fatalf("%+v, %v", n, err)
	}
	if n, err = tn.Add(bounded(t), ""); err != nil || n.Name != "n3" {
		t.Fatalf("%+v, %v", n, err)
	}
	wantPeers(t, tn, "n1:n2,n3,carol n2:n1,n3,carol carol:n1,n2,n3 n3:n1,n2,carol")
	other, err := Open(tn.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Partition(bounded(t), [][]string{{"n2", "n3"}, {"n1", "carol"}}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, other, "n1:carol n2:n3 carol:n1 n3:n2")
	if n, err = other.Add(bounded(t), "dave"); err != nil { // in the group of n1
		t.Fatal(err)
	}
	wantPeers(t, other, "n1:dave,carol n2:n3 carol:n1,dave n3:n2 dave:n1,carol")
	if err := other.Restart(bounded(t), "carol"); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, other, "n1:dave,carol n2:n3 carol:n1,dave n3:n2 dave:n1,carol")

	for name, want := range map[string]string{"n1": "a node n1 already", "../x": "want a name", "all": "another meaning"} {
		if _, err := other.Add(bounded(t), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := other.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tn.Dir()); err == nil {
		t.Errorf("%s is left", tn.Dir())
	}
}

// TestAddFails: of a node that does not start nothing is left, and what is not a node's is not touched.
func TestAddFails(t *testing.T) {
	tn := up(t, 2)
	mine := filepath.Join(tn.Dir(), "notes")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := tn.Add(bounded(t), "notes"); err == nil || !strings.Contains(err.Error(), "not the directory of a node") {
		t.Errorf("a directory of the user: %v", err)
	}
	broken := filepath.Join(tn.Dir(), "carol")
	if err := os.Mkdir(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{logFile, "broken"} { // it was a node's, and its database is damaged
		if err := os.WriteFile(filepath.Join(broken, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tn.Add(bounded(t), "carol"); err == nil || !strings.Contains(err.Error(), "the database is damaged") {
		t.Errorf("a node that does not start: %v", err)
	}
	if _, err := os.Stat(filepath.Join(broken, "broken")); err != nil {
		t.Errorf("its directory was there before, and is gone: %v", err)
	}
	other, err := Open(tn.Dir())
	if err != nil || strings.Join(other.Names(), " ") != "n1 n2" {
		t.Errorf("nodes %v, %v", other.Names(), err)
	}
	for _, name := range tn.Names() {
		if err := tn.Kill(bounded(t), name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tn.Add(bounded(t), ""); err == nil || !strings.Contains(err.Error(), "no node runs") {
		t.Errorf("of a testnet that is down: %v", err)
	}
}
