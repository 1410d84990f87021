package interop

import (
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/txscript/v2"

	"toychain/block"
)

// judge is btcd beside a node of ours: it is handed every block that the node
// stands on, and every payment that the node takes, and must agree.
type judge struct {
	*btcd
	served *served
	pool   *mempool.TxPool
	given  map[block.Hash]bool
	blocks int // that it accepted
	txs    int // in them, coinbases not counted
}

func newJudge(s *served) *judge {
	b := newBtcd(s.t, chaincfg.RegressionNetParams)
	return &judge{btcd: b, served: s, pool: b.newPool(), given: map[block.Hash]bool{s.params.Genesis.Hash(): true}}
}

// newPool returns btcd's pool for its chain, with the policy of its program: standard
// payments only, replacement allowed.
func (b *btcd) newPool() *mempool.TxPool {
	return mempool.New(&mempool.Config{
		Policy: mempool.Policy{DisableRelayPriority: true, MaxTxVersion: 2, MaxSigOpCostPerTx: blockchain.MaxBlockSigOpsCost / 4,
			MinRelayTxFee: mempool.DefaultMinRelayTxFee},
		ChainParams:        &chaincfg.RegressionNetParams,
		FetchUtxoView:      b.chain.FetchUtxoView,
		BestHeight:         func() int32 { return b.chain.BestSnapshot().Height },
		MedianTimePast:     func() time.Time { return b.chain.BestSnapshot().MedianTime },
		IsDeploymentActive: b.chain.IsDeploymentActive,
		CalcSequenceLock: func(tx *btcutil.Tx, view *blockchain.UtxoViewpoint) (*blockchain.SequenceLock, error) {
			return b.chain.CalcSequenceLock(tx, view, true)
		},
		SigCache: txscript.NewSigCache(10_000),
	})
}

// take hands btcd's pool a payment that our pool has taken.
func (j *judge) take(tx *block.Tx) {
	j.t.Helper()
	if _, err := j.pool.ProcessTransaction(btcutil.NewTx(wireTx(tx)), false, false, 0); err != nil {
		j.t.Errorf("btcd's pool refuses our payment %s: %v", tx.ID(), err)
	}
}

// follow hands btcd the blocks of the node's best chain that it has not seen, the
// oldest first. Each must be accepted; on a chain that only grew, each is the tip
// then, and in the end both stand on the same block.
func (j *judge) follow() {
	j.t.Helper()
	s := j.served
	tip, err := s.BestBlockHash(s.ctx)
	if err != nil {
		j.t.Fatal(err)
	}
	var fresh []*block.Block
	for hash := tip; !j.given[hash]; hash = fresh[len(fresh)-1].Header.Prev {
		b, err := s.RawBlock(s.ctx, hash)
		if err != nil {
			j.t.Fatal(err)
		}
		fresh = append(fresh, b)
	}
	grows := len(fresh) > 0 && fresh[len(fresh)-1].Header.Prev == j.tip()
	for len(fresh) > 0 {
		b := fresh[len(fresh)-1]
		fresh = fresh[:len(fresh)-1]
		j.accept(b)
		if grows && j.tip() != b.Hash() {
			j.t.Fatalf("after block %s btcd stands on %s", b.Hash(), j.tip())
		}
	}
	if j.tip() != tip {
		j.t.Fatalf("btcd stands on %s, we on %s", j.tip(), tip)
	}
}

// accept hands btcd a block of ours, which it must accept.
func (j *judge) accept(b *block.Block) {
	j.t.Helper()
	before := j.tip()
	if err := j.give(b); err != nil {
		j.t.Fatalf("btcd refuses our block %s with %d transactions: %v", b.Hash(), len(b.Txs), err)
	}
	j.given[b.Hash()] = true
	j.blocks++
	j.txs += len(b.Txs) - 1
	if j.tip() == before {
		return
	}
	for _, tx := range b.Txs[1:] { // as btcd's program does when a block is connected
		j.pool.RemoveTransaction(btcutil.NewTx(wireTx(tx)), false)
		j.pool.RemoveDoubleSpends(btcutil.NewTx(wireTx(tx)))
	}
}
