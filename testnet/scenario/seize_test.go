package scenario

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"toychain/consensus"
	"toychain/wallet"
)

// seized is a world with one node, which is down.
type seized struct {
	stillLife
	files fstest.MapFS
}

func (w *seized) Disk(context.Context, string) (fs.FS, error) { return w.files, nil }

// TestSeize: a private key is found on a disk in whatever form, and its owner named.
func TestSeize(t *testing.T) {
	script, err := Parse("x", "nodes 1\nseize n1")
	if err != nil {
		t.Fatal(err)
	}
	w := &seized{files: fstest.MapFS{"toy/node.key": {Data: []byte("secret")}, "toy/chain/000001.ldb": {Data: make([]byte, 9000)}}}
	w.at = func(time.Duration) []NodeStatus { return []NodeStatus{{Node: "n1", State: Down}} }
	p := &player{world: w, names: newNames(consensus.Toy(), t.TempDir())}
	alice, err := p.names.person("alice")
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want string) {
		t.Helper()
		if got, err := script.Steps[1].play(t.Context(), p); err != nil || strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("shows %q, want %q; %v", got, want, err)
		}
	}
	shows("n1 its key as a peer, no key of a coin")
	secrets, err := p.names.secrets()
	if err != nil || len(secrets["alice"]) != 1+2*keysSearched*3 {
		t.Fatalf("%d secrets, %v", len(secrets["alice"]), err)
	}
	key, err := alice.Keys.Key(wallet.Path{Branch: wallet.Change, Index: 1})
	if err != nil {
		t.Fatal(err)
	}
	forms := append(secrets["alice"], key.Serialize())
	for _, form := range forms {
		w.files["n1.log"] = &fstest.MapFile{Data: slices.Concat([]byte("before "), form, []byte(" after"))}
		shows("n1 its key as a peer, a key of alice in n1.log")
	}
	delete(w.files, "toy/node.key")
	shows("n1 no key of a peer, a key of alice in n1.log")
}
