package mempool_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

const coin = block.Coin

var (
	miner = chaingen.Miner // whom every block's reward belongs to
	bob   = chaingen.NewKey("bob")
	carol = chaingen.NewKey("carol")

	noon = time.Unix(1_700_000_000, 0) // when the tests happen
)

// world is a pool on a real tree of blocks.
type world struct {
	testing.TB
	tree *chain.Tree
	pool *mempool.Pool
	tip  *chaingen.Block // the last block that connect was given
	sigs *spending
	now  time.Time
}

// spending counts how often it is asked to verify a signature.
type spending struct {
	consensus.Spending
	checks atomic.Int64
	sigops int // to be added to what it counts
}

func (s *spending) Check(tx *block.Tx, i int, out block.Output) error {
	s.checks.Add(1)
	return s.Spending.Check(tx, i, out)
}

func (s *spending) SigOps(tx *block.Tx, spent []block.Output) int {
	return s.Spending.SigOps(tx, spent) + s.sigops
}

// free lets anybody spend anything: for tests that are not about signatures.
type free struct{}

func (free) Check(*block.Tx, int, block.Output) error { return nil }
func (free) SigOps(tx *block.Tx, spent []block.Output) int {
	return consensus.P2PKH{}.SigOps(tx, spent)
}

// setup is what a test may change of the world before it is made.
type setup struct {
	*consensus.Params
	Spending consensus.Spending
}

// newWorld starts with 12 blocks, whose rewards but the last two can be spent.
func newWorld(t testing.TB, edit ...func(*setup, *mempool.Policy)) *world {
	t.Helper()
	params, policy := &setup{chaingen.Network(), consensus.P2PKH{}}, mempool.DefaultPolicy()
	for _, f := range edit {
		f(params, &policy)
	}
	w := &world{TB: t, sigs: &spending{Spending: params.Spending}, now: noon}
	v := consensus.InOrder(w.sigs)
	tree, err := chain.NewTree(params.Params, v, chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	w.tree, w.pool, w.tip = tree, mempool.New(policy), chaingen.Genesis(params.Params)
	w.tip.Verifier = v
	w.connect(w.tip.MineEmpty("", 12).Chain()[1:]...)
	return w
}

func freely(p *setup, _ *mempool.Policy) { p.Spending = free{} }

// poolOf makes a pool that has room for so many bytes just after it was trimmed, and
// not for one payment more, and lets anybody spend anything.
func poolOf(bytes int) func(*setup, *mempool.Policy) {
	return func(p *setup, q *mempool.Policy) { p.Spending, q.MaxBytes = free{}, bytes*100/99+1 }
}

// connect gives blocks to the tree and what they change to the pool, and returns
// what the last one did.
func (w *world) connect(blocks ...*chaingen.Block) (u mempool.Updated) {
	w.Helper()
	for _, b := range blocks {
		change, err := w.tree.AddBlock(b.Block, w.now)
		if err != nil {
			w.Fatalf("block %s: %v", b.Name, err)
		}
		if u, err = w.pool.Update(w.tree, change, w.now); err != nil {
			w.Fatalf("update by block %s: %v", b.Name, err)
		}
		w.check()
		w.tip = b
	}
	return u
}

func (w *world) check() {
	w.Helper()
	if err := w.pool.Check(w.tree); err != nil {
		w.Fatalf("the pool is out of order: %v", err)
	}
}

// reward returns what block number n made.
func (w *world) reward(n int) consensus.UTXO { return w.tip.Chain()[n].Reward() }

// add gives the pool what it must accept.
func (w *world) add(txs ...*block.Tx) (a mempool.Added) {
	w.Helper()
	for _, tx := range txs {
		var err error
		if a, err = w.pool.Add(w.tree, tx, w.now); err != nil {
			w.Fatalf("add %s: %v", tx.ID(), err)
		}
		w.check()
	}
	return a
}

// try gives the pool what it may refuse. Test must say the same and change nothing.
func (w *world) try(tx *block.Tx) (mempool.Added, error) {
	w.Helper()
	before := w.pool.IDs()
	orphans := w.pool.Orphans()
	_, tested := w.pool.Test(w.tree, tx, w.now)
	if !slices.Equal(before, w.pool.IDs()) || orphans != w.pool.Orphans() {
		w.Fatal("Test changed the pool")
	}
	added, err := w.pool.Add(w.tree, tx, w.now)
	if full := mempool.Reason(err) == "mempool full"; !full && (err == nil) != (tested == nil) ||
		err != nil && !full && err.Error() != tested.Error() {
		w.Fatalf("Test says %v, Add says %v", tested, err)
	}
	w.check()
	return added, err
}

func (w *world) wantPool(txs ...*block.Tx) {
	w.Helper()
	wantIDs(w, "pool", w.pool.IDs(), txs...)
}

func wantIDs(t testing.TB, what string, got []block.Hash, want ...*block.Tx) {
	t.Helper()
	if ids := idsOf(want); !slices.Equal(got, ids) {
		t.Fatalf("%s: %s\nwant %s", what, got, ids)
	}
}

func idsOf(txs []*block.Tx) []block.Hash {
	var out []block.Hash
	for _, tx := range txs {
		out = append(out, tx.ID())
	}
	return out
}

func entryIDs(entries []*mempool.Entry) []block.Hash {
	var out []block.Hash
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

// spend returns an unsigned payment for worlds in which anybody may spend: from
// each of the coins, of version 2, with that fee, to n equal outputs.
func spend(fee block.Amount, n int, coins ...consensus.UTXO) *block.Tx {
	tx := &block.Tx{Version: 2}
	var in block.Amount
	for _, c := range coins {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: c.Outpoint, Sequence: block.SequenceFinal})
		in += c.Value
	}
	for range n {
		tx.Outputs = append(tx.Outputs, bob.To((in-fee)/block.Amount(n)))
	}
	return tx
}

// signal makes tx announce that it may be replaced.
func signal(tx *block.Tx) *block.Tx {
	tx.Inputs[0].Sequence = 0xfffffffd
	return tx
}

// out is output i of a payment as a coin.
func out(tx *block.Tx, i int) consensus.UTXO { return chaingen.Output(tx, i) }

// line returns n payments, each of the one before, the first of c. None has change.
func line(c consensus.UTXO, n int, fee block.Amount) []*block.Tx {
	var txs []*block.Tx
	for range n {
		tx := spend(fee, 1, c)
		txs, c = append(txs, tx), out(tx, 0)
	}
	return txs
}
