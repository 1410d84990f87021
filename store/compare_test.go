package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// compare holds everything that the database says against the world.
func (n *node) compare() {
	n.Helper()
	tip := n.arrived[n.tree.Tip().Hash]
	if tip == nil {
		n.Fatalf("tip %s was never sent", n.tree.Tip().Hash)
	}
	entries, stored, err := n.db.Load()
	if err != nil || stored != tip.hash {
		n.Fatalf("stored tip %s, want %s: %v", stored, tip.hash, err)
	}
	compareEntries(n, entries, n.tree.Entries())
	compareCoins(n, n.db, tip)
	compareBlocks(n, n.db, n.arrived, tip)
	for _, script := range append(slices.Clone(n.scripts), []byte{0x51}, nil) {
		compareAddress(n, n.db, tip, script)
	}
	reorgs, err := n.db.Reorgs(0)
	if err != nil || len(reorgs) != len(n.reorgs) {
		n.Fatalf("journal has %d entries, want %d: %v", len(reorgs), len(n.reorgs), err)
	}
	for i := range reorgs {
		if !reflect.DeepEqual(reorgs[i], inUTC(n.reorgs[i])) {
			n.Fatalf("journal entry %d:\n%+v\nwant\n%+v", i, reorgs[i], n.reorgs[i])
		}
	}
}

func inUTC(g chain.Reorg) chain.Reorg {
	g.Time = g.Time.UTC()
	return g
}

func compareEntries(t testing.TB, got, want []chain.Entry) {
	t.Helper()
	byHash := func(list []chain.Entry) map[block.Hash]chain.Entry {
		out := make(map[block.Hash]chain.Entry)
		for _, e := range list {
			e.Received, e.Complete = e.Received.UTC(), e.Complete.UTC()
			out[e.Header.Hash()] = e
		}
		return out
	}
	if g, w := byHash(got), byHash(want); !maps.Equal(g, w) || len(got) != len(want) {
		t.Fatalf("entries:\n%+v\nwant\n%+v", g, w)
	}
}

func compareCoins(t testing.TB, db *DB, tip *vertex) {
	t.Helper()
	var got []consensus.UTXO
	if err := db.EachCoin(func(c consensus.UTXO) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	names := slices.SortedFunc(maps.Keys(tip.coins), compareOutpoints)
	if len(got) != len(names) {
		t.Fatalf("%d coins, want %d", len(got), len(names))
	}
	asked := append(slices.Clone(names), block.Outpoint{TxID: block.Hash{1}})
	found := make(consensus.Coins)
	if err := db.Coins(asked, found); err != nil {
		t.Fatal(err)
	}
	for i, o := range names {
		want := tip.coins[o]
		if got[i].Outpoint != o || !sameCoin(got[i].Coin, want) || !sameCoin(*found[o], want) {
			t.Fatalf("coin %d: %+v, looked up %+v, want %s %+v", i, got[i], found[o], o, want)
		}
	}
	if len(found) != len(names) {
		t.Fatalf("looked up %d coins, want %d", len(found), len(names))
	}
	stats, err := db.CoinStats()
	if err != nil {
		t.Fatal(err)
	}
	if want := naiveStats(tip); stats != want {
		t.Fatalf("coin stats %+v, want %+v", stats, want)
	}
}

func sameCoin(a, b consensus.Coin) bool {
	return bytes.Equal(a.Script, b.Script) && a.Value == b.Value && a.Height == b.Height && a.Coinbase == b.Coinbase && a.MedianTime == b.MedianTime
}

// naiveStats spells hash_serialized_3 out: all coins in one long string of bytes.
func naiveStats(tip *vertex) CoinStats {
	stats := CoinStats{Tip: tip.hash}
	txs := make(map[block.Hash]bool)
	var long []byte
	for _, o := range slices.SortedFunc(maps.Keys(tip.coins), compareOutpoints) {
		c := tip.coins[o]
		long = append(long, o.TxID[:]...)
		long = append(long, byte(o.Index), byte(o.Index>>8), byte(o.Index>>16), byte(o.Index>>24))
		code := uint32(c.Height) * 2
		if c.Coinbase {
			code++
		}
		long = append(long, byte(code), byte(code>>8), byte(code>>16), byte(code>>24))
		long = binary.LittleEndian.AppendUint64(long, uint64(c.Value))
		long = append(long, byte(len(c.Script))) // all scripts here are short
		long = append(long, c.Script...)
		txs[o.TxID] = true
		stats.Coins++
		stats.Total += c.Value
		stats.Bytes += 50 + int64(len(c.Script))
	}
	once := sha256.Sum256(long)
	stats.Hash, stats.Txs = sha256.Sum256(once[:]), len(txs)
	return stats
}

func compareBlocks(t testing.TB, db *DB, arrived map[block.Hash]*vertex, tip *vertex) {
	t.Helper()
	places := make(map[block.Hash]map[TxPlace]bool)
	for hash, v := range arrived {
		b, err := db.Block(hash)
		if err != nil || !bytes.Equal(b.Bytes(), v.block.Bytes()) {
			t.Fatalf("block %s: %v", hash, err)
		}
		if raw, err := db.BlockBytes(hash); err != nil || !bytes.Equal(raw, v.block.Bytes()) {
			t.Fatalf("bytes of block %s: %v", hash, err)
		}
		for i, id := range v.ids {
			if places[id] == nil {
				places[id] = make(map[TxPlace]bool)
			}
			places[id][TxPlace{hash, i}] = true
		}
	}
	for id, want := range places {
		got, err := db.TxPlaces(id)
		if err != nil || len(got) != len(want) {
			t.Fatalf("tx %s is in %v, want %v: %v", id, got, want, err)
		}
		for _, p := range got {
			if !want[p] {
				t.Fatalf("tx %s is in %v, want %v", id, got, want)
			}
		}
	}
	for _, v := range tip.path()[1:] {
		undo, err := db.Undo(v.hash)
		if err != nil || !slices.EqualFunc(undo, v.spent, sameCoin) {
			t.Fatalf("undo of %s: %v, want %v: %v", v.hash, undo, v.spent, err)
		}
	}
}

// compareAddress walks over the best chain, adding up what happens to one script.
func compareAddress(t testing.TB, db *DB, tip *vertex, script []byte) {
	t.Helper()
	var want []HistoryEntry
	for _, v := range tip.path()[1:] {
		spent := v.spent
		for i, tx := range v.block.Txs {
			e := HistoryEntry{Height: v.height, Block: v.hash, TxID: v.ids[i]}
			touched := false
			for _, out := range tx.Outputs {
				if bytes.Equal(out.Script, script) {
					e.Received, touched = e.Received+out.Value, true
				}
			}
			if i > 0 {
				for _, c := range spent[:len(tx.Inputs)] {
					if bytes.Equal(c.Script, script) {
						e.Spent, touched = e.Spent+c.Value, true
					}
				}
				spent = spent[len(tx.Inputs):]
			}
			if touched {
				want = append(want, e)
			}
		}
	}
	got, err := db.History(script)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("history of %x:\n%v\nwant\n%v: %v", script, got, want, err)
	}
	coins, err := db.Unspent(script)
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[block.Outpoint]bool)
	for i, c := range coins {
		if w, there := tip.coins[c.Outpoint]; !there || !sameCoin(w, c.Coin) || !bytes.Equal(w.Script, script) {
			t.Fatalf("coin of %x: %+v, want %+v", script, c, w)
		}
		if i > 0 && coins[i-1].Height > c.Height {
			t.Fatal("coins of an address out of order")
		}
		named[c.Outpoint] = true
	}
	for o, c := range tip.coins {
		if bytes.Equal(c.Script, script) != named[o] {
			t.Fatalf("coin %s: among those of %x: %v", o, script, named[o])
		}
	}
}
