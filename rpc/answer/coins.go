package answer

import (
	"encoding/hex"
	"iter"
	"maps"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/rpc"
)

// Coins returns coins as getaddressutxos shows them. One that a pending transaction creates has the
// height -1; spentBy has those that one spends.
func Coins(coins []consensus.UTXO, tip *consensus.State, spentBy map[block.Outpoint]block.Hash) []rpc.UTXO {
	out := []rpc.UTXO{}
	for i := range coins {
		s := &coins[i]
		u := rpc.UTXO{TxID: s.TxID, Vout: s.Index, Amount: s.Value, ScriptPubKey: hex.EncodeToString(s.Script), Coinbase: s.Coinbase,
			Height: s.Height, Mature: true}
		if s.Height >= 0 {
			u.Confirmations = int(tip.Height-s.Height) + 1
			u.Mature = !u.Coinbase || tip.Height+1-u.Height >= tip.Params.Maturity
		}
		if by, ok := spentBy[s.Outpoint]; ok {
			u.PendingSpentBy = by.String()
		}
		out = append(out, u)
	}
	return out
}

// Pending returns the outputs in the mempool that pay one of some scripts, as coins at height -1.
func Pending(pool *mempool.Pool, scripts iter.Seq[string]) (out []consensus.UTXO) {
	watched := make(map[string]bool)
	for s := range scripts {
		watched[s] = true
	}
	for _, e := range pool.Touching(maps.Keys(watched), func(func(block.Outpoint) bool) {}) {
		for i := range e.Tx.Outputs {
			if watched[string(e.Tx.Outputs[i].Script)] {
				out = append(out, consensus.UTXO{Outpoint: block.Outpoint{TxID: e.ID, Index: uint32(i)}, Coin: consensus.Coin{Output: e.Tx.Outputs[i], Height: -1}})
			}
		}
	}
	return out
}

// usagePerTx is roughly the memory that a transaction in the mempool takes besides its
// bytes: the entry, its places in three maps, the slice headers of its scripts.
const usagePerTx = 700

// Mempool returns the mempool's size and its fees.
func Mempool(p *mempool.Pool, loaded bool) rpc.MempoolInfo {
	policy := p.Policy()
	return rpc.MempoolInfo{Loaded: loaded, Size: p.Len(), Bytes: p.Bytes(), Usage: p.Bytes() + usagePerTx*p.Len(),
		TotalFee: p.Fees(), MaxMempool: policy.MaxBytes, MempoolMinFee: p.MinFee(), MinRelayTxFee: policy.MinRelay,
		IncrementalRelayFee: policy.Incremental, FullRBF: policy.FullRBF}
}
