package store

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// freely accepts every spend: benchmarks of the disk need no signatures.
type freely struct{}

func (freely) Check(*block.Tx, int, block.Output) error { return nil }
func (freely) SigOps(*block.Tx, []block.Output) int     { return 0 }

var unsigned = consensus.InOrder(freely{})

// recorder keeps what the tree writes, instead of writing it.
type recorder struct {
	writes []func(*DB) error // everything up to each Commit
	puts   []func(*DB) error // since the last
	coins  map[block.Outpoint]consensus.Coin
}

func (r *recorder) CachedCoins() int { return 50_000 }
func (r *recorder) Sync() error      { return nil }
func (r *recorder) Wait() error      { return nil }
func (r *recorder) Put(entries []chain.Entry, bodies []consensus.Block) error {
	r.puts = append(r.puts, func(db *DB) error { return db.Put(entries, bodies) })
	return nil
}

func (r *recorder) Coins(of []block.Outpoint, into consensus.Coins) error {
	for _, o := range of {
		if c, ok := r.coins[o]; ok {
			into[o] = &c
		}
	}
	return nil
}
func (r *recorder) Block(h block.Hash) (*block.Block, error)    { return nil, chain.ErrUnknown }
func (r *recorder) Undo(h block.Hash) ([]consensus.Coin, error) { return nil, chain.ErrUnknown }
func (r *recorder) Commit(c *chain.Commit) error {
	for o, coin := range c.Coins {
		if coin == nil {
			delete(r.coins, o)
		} else {
			r.coins[o] = *coin
		}
	}
	copied, puts := *c, r.puts
	r.puts = nil
	r.writes = append(r.writes, func(db *DB) error {
		for _, put := range puts {
			if err := put(db); err != nil {
				return err
			}
		}
		if err := db.Commit(&copied); err != nil {
			return err
		}
		return db.Sync()
	})
	return nil
}

// commits returns what a tree writes for a chain of so many blocks with so many
// payments each, each from one coin to two new addresses, flushed every so often.
func commits(t testing.TB, blocks, payments, every int) (*consensus.Params, []func(*DB) error) {
	p := quickParams()
	w := newWorld(t, p)
	rec := &recorder{coins: make(map[block.Outpoint]consensus.Coin)}
	tree, err := chain.NewTree(p, unsigned, rec, nil, block.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.NewChaCha8([32]byte{1})
	script := func() []byte { return block.PubKeyHashScript([20]byte(noise(r, 20))) }
	empty := *w.genesis
	tip, lanes := &empty, []block.Outpoint(nil)
	add := func(txs ...*block.Tx) {
		tip.coins = nil // the naive fold is not wanted here
		b := w.mineTo(tip, w.scripts[0], txs...)
		tip = &vertex{block: b, hash: b.Hash(), parent: tip, height: tip.height + 1}
		if _, err := tree.AddBlock(b, now(tip)); err != nil {
			t.Fatal(err)
		}
	}
	add()
	first := block.Outpoint{TxID: tip.block.Txs[0].ID()}
	add()
	add()
	if payments > 0 {
		split := &block.Tx{Version: 2, Inputs: []block.Input{{Prev: first, Sequence: block.SequenceFinal}}}
		for range payments {
			split.Outputs = append(split.Outputs, block.Output{Value: 1_000_000, Script: script()})
		}
		for i := range payments {
			lanes = append(lanes, block.Outpoint{TxID: split.ID(), Index: uint32(i)})
		}
		add(split)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		var txs []*block.Tx
		for j := range lanes {
			tx := &block.Tx{Version: 2, Inputs: []block.Input{{Prev: lanes[j], Script: noise(r, 107), Sequence: block.SequenceFinal}},
				Outputs: []block.Output{{Value: 10, Script: script()}, {Value: block.Amount(1_000_000 - 10*(i+1)), Script: script()}}}
			lanes[j] = block.Outpoint{TxID: tx.ID(), Index: 1}
			txs = append(txs, tx)
		}
		add(txs...)
		if (i+1)%every == 0 {
			if err := tree.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p, rec.writes
}

// noise is what signatures and key hashes look like to a compressor.
func noise(r *rand.ChaCha8, n int) []byte {
	out := make([]byte, n)
	r.Read(out)
	return out
}

func benchmarkCommit(b *testing.B, payments, every, n int) {
	p, list := commits(b, every*n, payments, every)
	var db *DB
	b.ResetTimer()
	at := len(list)
	dir := ""
	for range b.N {
		if at >= len(list) {
			b.StopTimer()
			if db != nil {
				b.ReportMetric(float64(db.Size())/float64(1<<20), "MiB")
				db.Close()
				os.RemoveAll(dir)
			}
			dir = benchDir(b)
			var err error
			if db, err = Open(dir, p); err != nil {
				b.Fatal(err)
			}
			if err := list[0](db); err != nil {
				b.Fatal(err)
			}
			at = 1
			b.StartTimer()
		}
		if err := list[at](db); err != nil {
			b.Fatal(err)
		}
		at++
	}
	b.StopTimer()
	db.Close()
	os.RemoveAll(dir)
}

func benchDir(b *testing.B) string {
	if dir := os.Getenv("STORE_BENCH_DIR"); dir != "" {
		return filepath.Join(dir, "chain")
	}
	return filepath.Join(b.TempDir(), "chain")
}

func BenchmarkCommitBlockOf500Payments(b *testing.B) { benchmarkCommit(b, 500, 1, 100) }
func BenchmarkCommit20BlocksOf500(b *testing.B)      { benchmarkCommit(b, 500, 20, 5) }
func BenchmarkCommit500EmptyBlocks(b *testing.B)     { benchmarkCommit(b, 0, 500, 20) }
func BenchmarkCommitEmptyBlock(b *testing.B)         { benchmarkCommit(b, 0, 1, 500) }

// filled returns an open database with these commits in it.
func filled(b *testing.B, p *consensus.Params, list []func(*DB) error) *DB {
	db, err := Open(benchDir(b), p)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	for _, write := range list {
		if err := write(db); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// BenchmarkStart10000Blocks is what a node does at start: open the folder, load the
// headers, make the tree, look at the last six blocks.
func BenchmarkStart10000Blocks(b *testing.B) {
	p, list := commits(b, 10_000, 0, 500)
	db := filled(b, p, list)
	dir := db.dir
	db.Close()
	for b.Loop() {
		db, err := Open(dir, p)
		if err != nil {
			b.Fatal(err)
		}
		tree, err := db.Tree(unsigned, 6)
		if err != nil || tree.Tip().Height < 10_000 {
			b.Fatal(err)
		}
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
}

func benchmarkCoins(b *testing.B, there bool) {
	p, list := commits(b, 40, 500, 1)
	db := filled(b, p, list)
	var names []block.Outpoint
	db.EachCoin(func(c consensus.UTXO) error {
		if len(names) < 500 {
			names = append(names, c.Outpoint)
		}
		return nil
	})
	if !there {
		for i := range names {
			names[i].Index = 7
		}
	}
	into := make(consensus.Coins)
	for b.Loop() {
		clear(into)
		if err := db.Coins(names, into); err != nil || there != (len(into) == 500) {
			b.Fatal(len(into), err)
		}
	}
}

func BenchmarkCoins500There(b *testing.B)    { benchmarkCoins(b, true) }
func BenchmarkCoins500NotThere(b *testing.B) { benchmarkCoins(b, false) }

func BenchmarkCoinStats40000(b *testing.B) {
	p, list := commits(b, 40, 500, 1)
	db := filled(b, p, list)
	for b.Loop() {
		if _, err := db.CoinStats(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReindex10000Blocks(b *testing.B) {
	p, list := commits(b, 10_000, 0, 500)
	db := filled(b, p, list)
	db.Close()
	for b.Loop() {
		if _, err := Reindex(db.dir, p, unsigned, nil); err != nil {
			b.Fatal(err)
		}
	}
}
