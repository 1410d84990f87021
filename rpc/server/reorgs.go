package server

import (
	"toychain/block"
	"toychain/chain"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/store"
)

// defaultReorgs is how many entries of the journal getreorgs returns unless it is asked for
// more: an entry lists every block and transaction that the reorganisation touched.
const defaultReorgs = 100

func getReorgs(c *call, a rpc.GetReorgsArgs) ([]rpc.Reorg, error) {
	limit := defaultReorgs
	if a.Limit != nil {
		limit = *a.Limit
	}
	if limit < 0 {
		return nil, fail(rpc.CodeInvalidParam, "limit must not be negative")
	}
	journal, err := c.node.Store().Reorgs(limit)
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
		if out[i], err = answer.Reorg(&journal[i], placeIn(db)); err != nil {
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
