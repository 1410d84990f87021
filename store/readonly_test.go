package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"toychain/chain"
)

// What is read from the folder of a node that has stopped, or died, is what it wrote,
// and the folder is the same afterwards to the last byte.
func TestReadOnly(t *testing.T) {
	for _, died := range []bool{false, true} {
		n := lived(t, 7, 30)
		n.reopen()
		r := rand.New(rand.NewPCG(7, 1))
		n.take(n.randomBlock(r, n.all[len(n.all)-1]))
		n.flush() // only in LevelDB's journal so far
		dir := n.dir
		if died { // a copy of the folder while the node has it open is what a crash leaves
			dir = copyOpen(t, n.dir)
		} else if _, err := OpenReadOnly(dir, n.params); !errors.Is(err, ErrInUse) {
			t.Fatalf("the node runs: %v", err)
		}
		if InUse(dir) == died {
			t.Fatalf("in use: %v", !died)
		}
		if err := n.db.Close(); err != nil {
			t.Fatal(err)
		}
		before := sums(t, dir)
		db, err := OpenReadOnly(dir, n.params)
		if err != nil {
			t.Fatal(err)
		}
		second, err := OpenReadOnly(dir, n.params)
		if err != nil {
			t.Fatalf("two readers: %v", err)
		}
		entries, tip, err := db.Load()
		if err != nil || tip != n.tree.Tip().Hash {
			t.Fatalf("tip %s, want %s: %v", tip, n.tree.Tip().Hash, err)
		}
		compareEntries(t, entries, n.tree.Entries())
		journal, err := second.Reorgs(0)
		if err != nil || len(journal) != len(n.reorgs) || len(journal) == 0 {
			t.Fatalf("%d entries of the journal, want %d: %v", len(journal), len(n.reorgs), err)
		}
		if err := db.Commit(&chain.Commit{Tip: tip}); !errors.Is(err, errReadOnly) {
			t.Fatalf("a commit: %v", err)
		}
		if err := errors.Join(db.Close(), second.Close()); err != nil {
			t.Fatal(err)
		}
		if after := sums(t, dir); !maps.Equal(before, after) {
			t.Fatalf("the folder changed: %v, before %v", after, before)
		}
	}
}

// copyOpen copies the folder of an open database as it is at one moment: LevelDB merges
// tables behind our back, so a copy during which a file came or went is made again.
func copyOpen(t *testing.T, from string) string {
	t.Helper()
	for {
		to := filepath.Join(t.TempDir(), "chain")
		before := sizes(t, from)
		err := os.CopyFS(to, os.DirFS(from))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !maps.Equal(before, sizes(t, from)) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
}

// sizes returns the length of each file in a folder.
func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	out := make(map[string]int64)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			out[f.Name()] = info.Size()
		}
	}
	return out
}

func TestReadOnlyOfNothing(t *testing.T) {
	empty, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	for _, dir := range []string{empty, missing} {
		if _, err := OpenReadOnly(dir, quickParams()); err == nil {
			t.Fatalf("%s: opened", dir)
		}
	}
	if _, err := OpenReadOnly(missing, quickParams()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no folder: %v", err)
	}
	if InUse(missing) {
		t.Fatal("no folder: it is in use")
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("it made the folder")
	}
}

// sums returns the hash of each file in a folder.
func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := make(map[string][32]byte)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = sha256.Sum256(b)
	}
	return out
}
