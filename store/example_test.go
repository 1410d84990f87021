package store_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"toychain/consensus"
	"toychain/store"
)

// A new database gets its first block from the tree, and has it at the next start.
// The first block's output is no coin, as in Bitcoin.
func Example() {
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	p := consensus.Regtest()

	for range 2 {
		db, err := store.Open(filepath.Join(folder, "chain"), p)
		if err != nil {
			log.Fatal(err)
		}
		entries, _, err := db.Load()
		if err != nil {
			log.Fatal(err)
		}
		tree, err := db.Tree(consensus.InOrder(consensus.P2PKH{}), 6)
		if err != nil {
			log.Fatal(err)
		}
		if err := tree.Flush(); err != nil {
			log.Fatal(err)
		}
		stats, err := db.CoinStats()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d headers before, now the tip is %s with %d coins\n", len(entries), stats.Tip.Short(), stats.Coins)
		if err := db.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 0 headers before, now the tip is f9188f13 with 0 coins
	// 1 headers before, now the tip is f9188f13 with 0 coins
}
