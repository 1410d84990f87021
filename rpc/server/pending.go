package server

import (
	"iter"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

// pendingAtOnce is how many transactions getpending reads before others may use the engine.
const pendingAtOnce = 200

func getPending(c *call, _ rpc.None) (any, error) {
	ids, err := look(c, func(e *engine.Engine) ([]block.Hash, error) { return e.Pool().IDs(), nil })
	if err != nil {
		return nil, err
	}
	return stream{made: true, write: func(to *reply) error { return to.array(c.pendingRows(ids)) }}, nil
}

// pendingRows returns a row for each of the transactions that is in the mempool when its turn
// comes.
func (c *call) pendingRows(ids []block.Hash) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		parents := make(map[block.Hash]*block.Tx, len(ids))
		for part := range slices.Chunk(ids, pendingAtOnce) {
			entries, coins, err := c.pending(part)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range entries { // parents come first
				parents[e.ID] = e.Tx
				if !yield(c.showPending(e, coins, parents), nil) {
					return
				}
			}
		}
	}
}

// pending returns those of the transactions that are in the mempool, and the coins of the best
// chain that they spend.
func (c *call) pending(ids []block.Hash) (entries []*mempool.Entry, coins consensus.Coins, err error) {
	coins, err = look(c, func(e *engine.Engine) (consensus.Coins, error) {
		var of []block.Outpoint
		for _, id := range ids {
			entry, ok := e.Pool().Get(id)
			if !ok {
				continue
			}
			entries = append(entries, entry)
			for i := range entry.Tx.Inputs {
				of = append(of, entry.Tx.Inputs[i].Prev)
			}
		}
		return e.Tree().Coins(of)
	})
	return entries, coins, err
}

// showPending returns a row of getpending. An input's coin is of the best chain or of one of
// the parents; one that was spent meanwhile is shown without value and address.
func (c *call) showPending(e *mempool.Entry, coins consensus.Coins, parents map[block.Hash]*block.Tx) rpc.PendingTx {
	row := rpc.PendingTx{TxID: e.ID, TimeMS: e.Time.UnixMilli(), Size: e.Size, Fee: e.Fee, FeeRate: e.Fee * 1000 / block.Amount(e.Size),
		Counts: e.Modified(), Depends: append([]block.Hash{}, e.Depends...)}
	for i := range e.Tx.Inputs {
		o := &e.Tx.Inputs[i].Prev
		var from block.Output
		if coin := coins[*o]; coin != nil {
			from = coin.Output
		}
		if p := parents[o.TxID]; p != nil && uint64(o.Index) < uint64(len(p.Outputs)) {
			from = p.Outputs[o.Index]
		}
		row.From = append(row.From, rpc.PendingCoin{TxID: o.TxID, Vout: &o.Index, Value: from.Value, Address: c.addressOf(from.Script)})
	}
	for i := range e.Tx.Outputs {
		to := &e.Tx.Outputs[i]
		row.To = append(row.To, rpc.PendingCoin{Value: to.Value, Address: c.addressOf(to.Script)})
	}
	return row
}
