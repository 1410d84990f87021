//go:build unix

package testnet

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// withChain starts two nodes, n1 of which has a file in its database.
func withChain(t *testing.T) *Testnet {
	t.Helper()
	tn := up(t, 2)
	chain := filepath.Join(tn.Dir(), "n1", "toy", "chain")
	if err := os.MkdirAll(chain, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(chain, "x"), []byte("chain"), 0o600); err != nil {
		t.Fatal(err)
	}
	return tn
}

// hasChain fails unless n1 of a testnet has that file.
func hasChain(t *testing.T, dir string) {
	t.Helper()
	if b, err := os.ReadFile(filepath.Join(dir, "n1", "toy", "chain", "x")); string(b) != "chain" {
		t.Errorf("the chain of n1 in %s: %q, %v", dir, b, err)
	}
}

// wantPaths fails unless testnet.json has the paths of its own directory, and no others.
func wantPaths(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, publicFile))
	var f File
	if err := json.Unmarshal(b, &f); err != nil || len(f.Nodes) != 2 {
		t.Fatalf("%s: %v", b, err)
	}
	data := filepath.Join(dir, "n2")
	n := f.Nodes[1]
	if err != nil || n.Datadir != data || n.Log != filepath.Join(data, logFile) || n.Cookie != filepath.Join(data, "toy", cookieFile) {
		t.Errorf("testnet.json in %s: %+v, %v", dir, n, err)
	}
}

// TestCopiedFolder: while the nodes run, their directory's copy is refused and nothing happens to
// them. Once they have ended, the copy is a testnet like any other.
func TestCopiedFolder(t *testing.T) {
	tn := withChain(t)
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(tn.Dir())); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), dir+" is a copy of the testnet in "+tn.Dir()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := Open(dir)
	refused("open", err)
	_, err = Up(bounded(t), Config{Dir: dir, Nodes: 1, Network: "toy"})
	refused("up", err)
	opened := newTestnet(dir, tn.params, tn.state) // as by a command that began before the copy was made
	for verb, do := range map[string]func() error{
		"kill":    func() error { return opened.Kill(bounded(t), "n1") },
		"restart": func() error { return opened.Restart(bounded(t), "n1") },
		"heal":    func() error { return opened.Heal(bounded(t)) },
		"down":    func() error { return opened.Down(bounded(t), true) },
	} {
		refused(verb, do())
	}
	if err := tn.Kill(bounded(t), "n1"); err != nil {
		t.Fatal(err)
	}
	refused("wipe", opened.Wipe(bounded(t), "n1")) // n2 still runs
	if !tn.Runs("n2") {
		t.Fatal("a command on the copy ended n2")
	}
	hasChain(t, tn.Dir())
	hasChain(t, dir)

	if err := tn.Down(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	copied, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantPaths(t, dir)
	if err := copied.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := copied.Wipe(bounded(t), "n1"); err != nil {
		t.Fatal(err)
	}
	hasChain(t, tn.Dir())
	if err := copied.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	hasChain(t, tn.Dir())
}

// TestMovedFolder: a directory that was moved keeps its chains, whether its nodes run or not.
func TestMovedFolder(t *testing.T) {
	tn := withChain(t)
	dir := filepath.Join(t.TempDir(), "moved")
	if runtime.GOOS == "linux" { // which reports where a process works
		if err := os.Rename(tn.Dir(), dir); err != nil {
			t.Fatal(err)
		}
		moved, err := Open(dir)
		if err != nil || !moved.Runs("n2") {
			t.Fatalf("moved while it runs: %v", err)
		}
		wantPaths(t, dir)
		if err := os.Rename(dir, tn.Dir()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range tn.Names() {
		if err := tn.Kill(bounded(t), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(tn.Dir(), dir); err != nil {
		t.Fatal(err)
	}
	moved, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantPaths(t, dir)
	if err := moved.Restart(bounded(t), "n1"); err != nil {
		t.Fatal(err)
	}
	hasChain(t, dir)
	if _, err := os.Stat(tn.Dir()); err == nil {
		t.Errorf("%s is there again", tn.Dir())
	}
	if err := moved.Down(bounded(t), false); err != nil {
		t.Fatal(err)
	}
}

// TestLinkedNode: what a symbolic link has outside of the directory is left alone.
func TestLinkedNode(t *testing.T) {
	tn := withChain(t)
	if err := tn.Kill(bounded(t), "n1"); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	n1 := filepath.Join(tn.Dir(), "n1")
	if err := os.Rename(n1, filepath.Join(other, "n1")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(other, "n1"), n1); err != nil {
		t.Fatal(err)
	}
	for verb, do := range map[string]func() error{
		"wipe":    func() error { return tn.Wipe(bounded(t), "n1") },
		"corrupt": func() error { return tn.Corrupt(bounded(t), "n1") },
		"reindex": func() error { return tn.Reindex(bounded(t), "n1") },
		"restart": func() error { return tn.Restart(bounded(t), "n1") },
		"start":   func() error { return tn.Start(bounded(t), "n1") },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "n1: its data is outside of "+tn.Dir()) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	hasChain(t, other)
	if err := tn.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	hasChain(t, other)
}
