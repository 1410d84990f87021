package interop

import (
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/chain"
	"toychain/consensus"
	"toychain/store"
)

// newTree returns a tree on a fresh store in memory.
func newTree(t testing.TB, p *consensus.Params, rule consensus.Spending) (*chain.Tree, *store.DB) {
	t.Helper()
	db, err := store.OpenStorage(storage.NewMemStorage(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	entries, tip, err := db.Load()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := chain.NewTree(p, chain.NewVerifier(rule), db, entries, tip)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	return tree, db
}
