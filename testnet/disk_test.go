//go:build unix

package testnet

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDiskOfTheDead: only the disk of a node that does not run can be changed.
func TestDiskOfTheDead(t *testing.T) {
	tn := up(t, 2)
	folder := filepath.Join(tn.Dir(), "n2", "toy", "chain")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	small, big := filepath.Join(folder, "000001.ldb"), filepath.Join(folder, "000002.log")
	whole := bytes.Repeat([]byte{7}, 3*damageEvery)
	for path, b := range map[string][]byte{small: whole[:10], big: whole} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := filepath.Join(folder, "LOG") // which LevelDB does not read
	if err := os.WriteFile(text, append(whole, whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"wipe":    func() error { return tn.Wipe(bounded(t), "n2") },
		"corrupt": func() error { return tn.Corrupt(bounded(t), "n2") },
		"reindex": func() error { return tn.Reindex(bounded(t), "n2") },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "n2 runs: end it first") {
			t.Errorf("%s of a node that runs: %v", what, err)
		}
	}
	if err := tn.Start(bounded(t), "n2"); err == nil || !strings.Contains(err.Error(), "n2 runs already") {
		t.Errorf("starting it twice: %v", err)
	}
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	var said []string
	tn.Notify(func(s string) { said = append(said, s) })
	if err := tn.Corrupt(bounded(t), "n2"); err != nil || len(said) != 1 || said[0] != "changing bytes of "+big {
		t.Fatalf("said %q, %v", said, err)
	}
	if b, err := os.ReadFile(text); err != nil || !bytes.Equal(b, append(whole, whole...)) {
		t.Errorf("LOG was changed: %v", err)
	}
	b, err := os.ReadFile(big)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i := range b {
		if b[i] != whole[i] {
			wrong++
		}
	}
	if s, err := os.ReadFile(small); err != nil || wrong != 3 || !slices.Equal(s, whole[:10]) {
		t.Errorf("%d bytes are wrong in the large file, and the small one is %v, %v", wrong, s, err)
	}
	if err := tn.Wipe(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(folder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after wiping: %v", err)
	}
	if err := tn.Corrupt(bounded(t), "n2"); err == nil || !strings.Contains(err.Error(), "has stored nothing yet") {
		t.Errorf("damaging nothing: %v", err)
	}
	// Another process has its port by now: the node starts with another port.
	taken, err := net.Listen("tcp", tn.Nodes()[1].RPC)
	if err == nil {
		defer taken.Close()
	}
	if err := tn.Start(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	up := func() (bool, error) {
		_, err := os.Stat(filepath.Join(filepath.Dir(folder), addrFile))
		return err == nil, nil
	}
	if err := Poll(bounded(t), up); err != nil {
		t.Fatalf("its port is taken, and it does not come up: %v", err)
	}
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2 n2:n1")
}
