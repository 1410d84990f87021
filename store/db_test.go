package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
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

func loadTree(t testing.TB, db *DB, p *consensus.Params) *chain.Tree {
	t.Helper()
	entries, tip, err := db.Load()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := chain.NewTree(p, unsigned, db, entries, tip)
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
	if err := errors.Join(n.tree.Flush(), n.tree.Sync()); err != nil {
		n.Fatal(err)
	}
}

// Real regtest, real maturity: the coin set's hash is what Core computes over the
// same chain, spelled out by naiveStats.
func TestRegtestCoinHash(t *testing.T) {
	n := newNode(newWorld(t, consensus.Regtest()))
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
	t.Parallel()
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
	db, err := Open(filepath.Join(t.TempDir(), "a", "b"), consensus.Toy())
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
	db, err := Open(dir, consensus.Toy())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, consensus.Toy()); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
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
	if db, err = Open(dir, consensus.Toy()); err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func TestOtherNetworksFolder(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, consensus.Toy())
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(dir, consensus.Regtest())
	if !errors.Is(err, ErrOtherNetwork) || !strings.Contains(err.Error(), `"toy"`) || !strings.Contains(err.Error(), `"regtest"`) {
		t.Fatalf("%v, want ErrOtherNetwork with both names", err)
	}
	other := consensus.Toy() // as toy was before its allowance for clocks
	other.Future = consensus.BitcoinFuture
	_, err = Open(dir, other)
	if !errors.Is(err, ErrOtherNetwork) || !strings.HasSuffix(err.Error(), "to begin a new chain remove "+Quote(dir)+", and not the wallets beside it") {
		t.Fatalf("%v, want ErrOtherNetwork with a remedy", err)
	}
	if db, err = Open(dir, consensus.Toy()); err != nil {
		t.Fatalf("the refused attempt changed something: %v", err)
	}
	db.Close()
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, consensus.Toy())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.level.Put(metaSchema, []byte{schema + 1}, nil); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err = Open(dir, consensus.Toy()); !errors.Is(err, ErrNewerSchema) {
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
	if _, err := n.db.BlockBytes(only.hash); !errors.Is(err, chain.ErrNoBody) {
		t.Fatalf("bytes of what is only a header: %v", err)
	}
	if _, err := n.db.Undo(only.hash); !errors.Is(err, chain.ErrUnknown) {
		t.Fatalf("undo of a header: %v", err)
	}
	if places, err := n.db.TxPlaces(block.Hash{1}); len(places) != 0 || err != nil {
		t.Fatal(places, err)
	}
}

// Readers from other goroutines see one state or the next, never half of one.
func TestReadersWhileCommitting(t *testing.T) {
	t.Parallel()
	n := newNode(newWorld(t, quickParams()))
	r := rand.New(rand.NewPCG(3, 3))
	totals := map[block.Hash]CoinStats{n.genesis.hash: naiveStats(n.genesis)}
	for len(n.all) < 40 {
		v := n.randomBlock(r, n.all[len(n.all)-1-r.IntN(min(len(n.all), 3))])
		totals[v.hash] = naiveStats(v)
	}
	n.flush()
	done := make(chan struct{})
	finished := make(chan error, 2)
	for range 2 {
		go func() {
			for {
				stats, err := n.db.CoinStats()
				if err == nil && stats != totals[stats.Tip] {
					err = errors.New("the coins are not those of the tip")
				}
				select {
				case <-done:
					finished <- err
					return
				default:
				}
				if err != nil {
					finished <- err
					return
				}
			}
		}()
	}
	for _, v := range n.all[1:] {
		n.take(v)
		n.flush()
	}
	close(done)
	for range 2 {
		if err := <-finished; err != nil {
			t.Fatal(err)
		}
	}
}
