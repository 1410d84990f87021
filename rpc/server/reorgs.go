package server

import (
	"toychain/block"
	"toychain/chain"
	"toychain/rpc"
	"toychain/store"
)

func getReorgs(c *call, a rpc.GetReorgsArgs) ([]rpc.Reorg, *rpc.Error) {
	if a.Limit < 0 {
		return nil, fail(rpc.CodeInvalidParam, "limit must not be negative")
	}
	journal, e := c.node.Store().Reorgs(a.Limit)
	if e != nil {
		return nil, internalError(e)
	}
	out := make([]rpc.Reorg, len(journal))
	for i := range journal {
		if out[i], e = showReorg(c.node.Store(), &journal[i]); e != nil {
			return nil, internalError(e)
		}
		if out[i].Since, e = confirmedSince(c.node.Store().TxPlaces, out[i].Returned, c.plainInfo); e != nil {
			return nil, internalError(e)
		}
	}
	return out, nil
}

// plainInfo is info with an error of the usual type.
func (c *call) plainInfo(hash block.Hash) (chain.Info, error) {
	info, err := c.info(hash)
	if err != nil {
		return info, err
	}
	return info, nil
}

// confirmedSince returns those of the transactions that are on the best chain now, with
// their blocks. placesOf returns the blocks that hold a transaction, and infoOf what the
// tree knows about a block.
func confirmedSince(placesOf func(block.Hash) ([]store.TxPlace, error), txids []block.Hash, infoOf func(block.Hash) (chain.Info, error)) ([]rpc.Reconfirmed, error) {
	out := []rpc.Reconfirmed{}
	for _, id := range txids {
		places, err := placesOf(id)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			info, err := infoOf(p.Block)
			if err != nil {
				return nil, err
			}
			if info.Active {
				out = append(out, rpc.Reconfirmed{TxID: id, Block: info.Hash, Height: info.Entry.Height})
			}
		}
	}
	return out, nil
}

// showReorg returns an entry of the journal as it is shown. The blocks of conflicting
// transactions are looked up in the store.
func showReorg(db *store.DB, r *chain.Reorg) (rpc.Reorg, error) {
	out := rpc.Reorg{TimeMS: r.Time.UnixMilli(), From: ref(r.From), To: ref(r.To), Fork: ref(r.Fork), Depth: r.Depth(),
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
			if shown.ByBlock, err = placeAmong(db, x.By, r.Joined); err != nil {
				return out, err
			}
			shown.By = x.By.String()
		}
		out.Conflicted = append(out.Conflicted, shown)
	}
	return out, nil
}

func ref(p chain.Point) rpc.BlockRef { return rpc.BlockRef{Hash: p.Hash, Height: p.Height} }

func refs(ps []chain.Point) []rpc.BlockRef {
	out := []rpc.BlockRef{}
	for _, p := range ps {
		out = append(out, ref(p))
	}
	return out
}
