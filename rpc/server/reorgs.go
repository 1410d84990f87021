package server

import (
	"toychain/block"
	"toychain/chain"
	"toychain/rpc"
	"toychain/store"
)

func getReorgs(c *call, a rpc.GetReorgsArgs) ([]rpc.Reorg, error) {
	if a.Limit < 0 {
		return nil, fail(rpc.CodeInvalidParam, "limit must not be negative")
	}
	journal, err := c.node.Store().Reorgs(a.Limit)
	if err != nil {
		return nil, err
	}
	return showJournal(c.node.Store(), journal, c.info)
}

// showJournal returns entries of the journal as they are shown. infoOf returns what the tree
// knows about a block.
func showJournal(db *store.DB, journal []chain.Reorg, infoOf func(block.Hash) (chain.Info, error)) (out []rpc.Reorg, err error) {
	out = make([]rpc.Reorg, len(journal))
	for i := range journal {
		if out[i], err = showReorg(db, &journal[i]); err != nil {
			return nil, err
		}
		if out[i].Since, err = confirmedSince(db, out[i].Returned, infoOf); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// confirmedSince returns those of the transactions that are on the best chain now, with
// their blocks.
func confirmedSince(db *store.DB, txids []block.Hash, infoOf func(block.Hash) (chain.Info, error)) ([]rpc.Reconfirmed, error) {
	out := []rpc.Reconfirmed{}
	for _, id := range txids {
		places, err := db.TxPlaces(id)
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

func ref(p chain.Point) rpc.BlockRef { return rpc.BlockRef(p) }

func refs(ps []chain.Point) []rpc.BlockRef {
	out := []rpc.BlockRef{}
	for _, p := range ps {
		out = append(out, ref(p))
	}
	return out
}
