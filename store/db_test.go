package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
)

// node is a tree over a database in a folder, with the account of what it was told.
type node struct {
	*world
	dir     string
	db      *DB
	tree    *chain.Tree
	arrived map[block.Hash]*vertex // whose bodies were taken
	reorgs  []chain.Reorg
}

func newNode(w *world) *node {
	n := &node{world: w, dir: filepath.Join(w.TempDir(), "chain"), arrived: map[block.Hash]*vertex{w.genesis.hash: w.genesis}}
	n.reopen()
	w.Cleanup(func() { n.db.Close() })
	return n
}

// reopen is a restart: everything that is in memory is gone.
func (n *node) reopen() {
	n.Helper()
	if n.db != nil {
		if err := n.db.Close(); err != nil {
			n.Fatal(err)
		}
	}
	db, err := Open(n.dir, n.params)
	if err != nil {
		n.Fatal(err)
	}
	n.db, n.tree = db, loadTree(n, db, n.params)
}

func loadTree(t testing.TB, db *DB, p *chain.Params) *chain.Tree {
	t.Helper()
	entries, tip, err := db.Load()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := chain.NewTree(p, db, entries, tip)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func (n *node) take(vs ...*vertex) {
	n.Helper()
	for _, v := range vs {
		change, err := n.tree.AddBlock(v.block, now(v))
		if err != nil {
			n.Fatalf("block %s at height %d: %v", v.hash, v.height, err)
		}
		n.arrived[v.hash] = v
		if change.Reorg != nil {
			n.reorgs = append(n.reorgs, *change.Reorg)
		}
	}
}

func (n *node) flush() {
	n.Helper()
	if err := n.tree.Flush(); err != nil {
		n.Fatal(err)
	}
}

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
			e.Received = e.Received.UTC()
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
	var got []chain.Spend
	if err := db.EachCoin(func(c chain.Spend) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	names := slices.SortedFunc(maps.Keys(tip.coins), compareOutpoints)
	if len(got) != len(names) {
		t.Fatalf("%d coins, want %d", len(got), len(names))
	}
	asked := append(slices.Clone(names), block.Outpoint{TxID: block.Hash{1}})
	found := make(chain.Coins)
	if err := db.Coins(asked, found); err != nil {
		t.Fatal(err)
	}
	for i, o := range names {
		want := tip.coins[o]
		if got[i].Outpoint != o || !sameCoin(got[i].Coin, want) || !sameCoin(found[o], want) {
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

func sameCoin(a, b chain.Coin) bool {
	return bytes.Equal(a.Script, b.Script) && a.Value == b.Value && a.Height == b.Height && a.Coinbase == b.Coinbase && a.Since == b.Since
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

// Real regtest, real maturity: the coin set's hash is what Core computes over the
// same chain, spelled out by naiveStats.
func TestRegtestCoinHash(t *testing.T) {
	n := newNode(newWorld(t, chain.Regtest()))
	tip := n.genesis
	for range 101 {
		tip = n.mine(tip, nil)
		n.take(tip)
	}
	o := n.spendable(tip)[0]
	note, _ := block.DataScript([]byte("hello"))
	pay := n.pay(tip.coins, []block.Outpoint{o}, block.Output{Value: 49 * block.Coin, Script: n.scripts[1]},
		block.Output{Value: 0, Script: note}, block.Output{Value: 5, Script: []byte{0x51}})
	tip = n.mine(tip, n.scripts[2], pay)
	n.take(tip)
	n.flush()
	n.compare()
	stats, _ := n.db.CoinStats()
	if stats.Coins != 103 || stats.Total != 102*50*block.Coin-block.Coin+5 {
		t.Fatalf("stats %+v: want 101 coinbases less the one spent, plus two outputs and the last coinbase", stats)
	}
}

// A drawn reorganisation, looked at before and after:
//
//	     ┌── a3 (pays) ── a4
//	2 ───┤
//	     └── b3 ── b4 (pays again, and otherwise) ── b5
func TestReorganisation(t *testing.T) {
	n := newNode(newWorld(t, quickParams()))
	b1 := n.mine(n.genesis, nil)
	b2 := n.mine(b1, nil)
	o := n.spendable(b2)[0]
	toBob := n.pay(b2.coins, []block.Outpoint{o}, block.Output{Value: 10, Script: n.scripts[1]}, block.Output{Value: 30, Script: n.scripts[0]})
	toCarol := n.pay(b2.coins, []block.Outpoint{o}, block.Output{Value: 20, Script: n.scripts[2]})
	a3 := n.mine(b2, nil, toBob)
	a4 := n.mine(a3, n.scripts[1])
	n.take(b1, b2, a3, a4)
	n.flush()
	n.reopen()
	n.compare()

	b3 := n.mine(b2, n.scripts[3])
	b4 := n.mine(b3, n.scripts[3], toCarol)
	b5 := n.mine(b4, n.scripts[3])
	n.take(b3, b4, b5)
	n.flush()
	n.reopen()
	n.compare()
	reorgs, err := n.db.Reorgs(1)
	if err != nil || len(reorgs) != 1 {
		t.Fatal(reorgs, err)
	}
	g := reorgs[0]
	if g.Depth() != 2 || len(g.Conflicted) != 1 || g.Conflicted[0] != (chain.Conflicted{TxID: toBob.ID(), By: toCarol.ID()}) {
		t.Fatalf("journal: %+v", g)
	}
	if undo, err := n.db.Undo(a3.hash); err != nil || len(undo) != 1 {
		t.Fatalf("a block that left keeps its undo data: %v, %v", undo, err)
	}
}

// Random trees, delivered in random order, flushed and restarted at random.
func TestRandomTrees(t *testing.T) {
	const seed = 20261123
	t.Logf("seed %d", seed)
	for round := range 6 {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		n := newNode(newWorld(t, quickParams()))
		waiting := []*vertex{}
		for len(n.all) < 60 {
			parent := n.all[len(n.all)-1-r.IntN(min(len(n.all), 4))]
			waiting = append(waiting, n.randomBlock(r, parent))
			if r.IntN(3) > 0 {
				continue
			}
			r.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
			slices.SortStableFunc(waiting, func(a, b *vertex) int { return int(a.height - b.height) })
			n.take(waiting...)
			waiting = waiting[:0]
			n.flush()
			if r.IntN(2) == 0 {
				n.reopen()
			}
			n.compare()
		}
		if len(n.reorgs) == 0 {
			t.Fatal("no reorganisation: the test shows nothing")
		}
	}
}

func TestNewDatabaseIsEmpty(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "a", "b"), chain.Toy())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	entries, tip, err := db.Load()
	if len(entries) != 0 || !tip.IsZero() || err != nil {
		t.Fatalf("%v %v %v", entries, tip, err)
	}
	info, err := os.Stat(db.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("folder %v, want 0700: %v", info.Mode(), err)
	}
}

func TestOneFolderOneNode(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, chain.Toy())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, chain.Toy()); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("second Open: %v, want ErrInUse with the folder's name", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	if _, _, err := db.Load(); !errors.Is(err, ErrClosed) {
		t.Fatalf("Load after Close: %v", err)
	}
	if db, err = Open(dir, chain.Toy()); err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func TestOtherNetworksFolder(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, chain.Toy())
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(dir, chain.Regtest())
	if !errors.Is(err, ErrOtherNetwork) || !strings.Contains(err.Error(), `"toy"`) || !strings.Contains(err.Error(), `"regtest"`) {
		t.Fatalf("%v, want ErrOtherNetwork with both names", err)
	}
	if db, err = Open(dir, chain.Toy()); err != nil {
		t.Fatalf("the refused attempt changed something: %v", err)
	}
	db.Close()
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, chain.Toy())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.ldb.Put(metaSchema, []byte{schema + 1}, synced); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err = Open(dir, chain.Toy()); !errors.Is(err, ErrNewerSchema) {
		t.Fatalf("%v, want ErrNewerSchema", err)
	}
}

func TestUnknownBlocks(t *testing.T) {
	w := newWorld(t, quickParams())
	n := newNode(w)
	only := w.mine(w.genesis, nil)
	if err := n.tree.AddHeader(&only.block.Header, time.Unix(2e9, 0)); err != nil {
		t.Fatal(err)
	}
	n.flush()
	if _, err := n.db.Block(block.Hash{1}); !errors.Is(err, chain.ErrUnknown) {
		t.Fatalf("unknown block: %v", err)
	}
	if _, err := n.db.Block(only.hash); !errors.Is(err, chain.ErrNoBody) {
		t.Fatalf("only a header: %v", err)
	}
	if _, err := n.db.Undo(only.hash); !errors.Is(err, chain.ErrUnknown) {
		t.Fatalf("undo of a header: %v", err)
	}
	if places, err := n.db.TxPlaces(block.Hash{1}); len(places) != 0 || err != nil {
		t.Fatal(places, err)
	}
}
