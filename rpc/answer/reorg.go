package answer

import (
	"toychain/block"
	"toychain/chain"
	"toychain/rpc"
)

// Reorg returns an entry of the journal as it is shown. find returns which of some blocks holds a
// transaction, nil if none.
func Reorg(r *chain.Reorg, find func(txid block.Hash, among []chain.Point) (*rpc.BlockRef, error)) (rpc.Reorg, error) {
	out := rpc.Reorg{TimeMS: r.Time.UnixMilli(), From: Ref(r.From), To: Ref(r.To), Fork: Ref(r.Fork), Depth: r.Depth(),
		Left: refs(r.Left), Joined: refs(r.Joined), Returned: append([]block.Hash{}, r.Returned...),
		Reconfirmed: []rpc.Reconfirmed{}, Conflicted: []rpc.Conflicted{}, Since: []rpc.Reconfirmed{}}
	at := make(map[block.Hash]block.Height, len(r.Joined))
	for _, p := range r.Joined {
		at[p.Hash] = p.Height
	}
	for _, x := range r.Reconfirmed {
		out.Reconfirmed = append(out.Reconfirmed, rpc.Reconfirmed{TxID: x.TxID, Block: x.Block, Height: at[x.Block]})
	}
	for _, x := range r.Conflicted {
		shown := rpc.Conflicted{TxID: x.TxID}
		if !x.By.IsZero() {
			var err error
			if shown.ByBlock, err = find(x.By, r.Joined); err != nil {
				return out, err
			}
			shown.By = x.By.String()
		}
		out.Conflicted = append(out.Conflicted, shown)
	}
	return out, nil
}

// Ref names a block.
func Ref(p chain.Point) rpc.BlockRef { return rpc.BlockRef(p) }

func refs(ps []chain.Point) []rpc.BlockRef {
	out := []rpc.BlockRef{}
	for _, p := range ps {
		out = append(out, Ref(p))
	}
	return out
}
