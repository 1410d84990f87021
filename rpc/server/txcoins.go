package server

import (
	"bytes"
	"cmp"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/store"
)

// followCoins fills in the coins that a transaction spends, with the other transactions
// that spend them, and the coins that it creates, with the transactions that spend
// those: on the best chain, on every other branch, in the mempool.
func (c *call) followCoins(t *traced, out *rpc.TxHistory) error {
	out.Spends, out.Coins = []rpc.TxInput{}, []rpc.TxCoin{}
	s := &spendSearch{call: c, found: make(map[block.Outpoint][]rpc.TxSpend), bodies: make(map[block.Hash]*block.Block)}
	var coins []consensus.UTXO
	for i := range t.tx.Inputs {
		if t.tx.IsCoinbase() {
			break
		}
		coin := consensus.UTXO{Outpoint: t.tx.Inputs[i].Prev}
		if f, err := c.find(coin.TxID); err == nil && int(coin.Index) < len(f.tx.Outputs) {
			coin.Output = f.tx.Outputs[coin.Index]
		}
		coins = append(coins, coin)
	}
	made := len(coins)
	for i := range t.tx.Outputs {
		coins = append(coins, consensus.UTXO{Outpoint: block.Outpoint{TxID: t.txid, Index: uint32(i)}, Coin: consensus.Coin{Output: t.tx.Outputs[i]}})
	}
	if err := s.search(t, coins); err != nil {
		return err
	}
	for _, coin := range coins[:made] {
		rivals := slices.DeleteFunc(slices.Clone(s.found[coin.Outpoint]), func(x rpc.TxSpend) bool { return x.TxID == t.txid })
		out.Spends = append(out.Spends, rpc.TxInput{TxID: coin.TxID, Vout: coin.Index, Value: coin.Value, Address: c.addressOf(coin.Script), Rivals: rivals})
	}
	for _, coin := range coins[made:] {
		out.Coins = append(out.Coins, rpc.TxCoin{Vout: coin.Index, Value: coin.Value, Address: c.addressOf(coin.Script), SpentBy: s.found[coin.Outpoint]})
	}
	return nil
}

// spendSearch searches for the transactions that spend some coins.
type spendSearch struct {
	*call
	found  map[block.Outpoint][]rpc.TxSpend // the best chain first, then other branches by height, then the mempool
	bodies map[block.Hash]*block.Block      // of the best chain, read so far
}

// search searches everywhere, in the order of found. There is no index of spends: on the best chain they are
// found by the history of the address that a coin pays, and other branches are read
// block by block, which is why gettxhistory is one of the long calls.
func (s *spendSearch) search(t *traced, coins []consensus.UTXO) error {
	for _, coin := range coins {
		s.found[coin.Outpoint] = []rpc.TxSpend{}
	}
	for _, coin := range coins {
		if err := s.searchBestChain(coin); err != nil {
			return err
		}
	}
	infos, err := s.branches(t.tips, func(t chain.Tip) int64 { return int64(t.Height-t.BranchLen) + 1 }) // down to the best chain
	if err != nil {
		return err
	}
	slices.SortFunc(infos, func(a, b chain.Info) int {
		return cmp.Or(cmp.Compare(a.Entry.Height, b.Entry.Height), bytes.Compare(a.Hash[:], b.Hash[:]))
	})
	for i := range infos {
		if infos[i].Active || infos[i].Status&chain.HasBody == 0 {
			continue
		}
		b, err := s.body(infos[i].Hash)
		if err != nil {
			return err
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		at := rpc.BlockRef{Hash: infos[i].Hash, Height: infos[i].Entry.Height}
		for j, id := range b.TxIDs() {
			s.record(b.Txs[j], id, &at, false)
		}
	}
	for _, e := range t.pool {
		s.record(e.Tx, e.ID, nil, false)
	}
	return nil
}

// record records which of the coins a transaction spends.
func (s *spendSearch) record(tx *block.Tx, id block.Hash, at *rpc.BlockRef, active bool) {
	for i := range tx.Inputs {
		if o := tx.Inputs[i].Prev; s.found[o] != nil {
			s.found[o] = append(s.found[o], rpc.TxSpend{TxID: id, Block: at, Active: active})
		}
	}
}

// searchBestChain records the transaction of the best chain that spends a coin.
func (s *spendSearch) searchBestChain(coin consensus.UTXO) error {
	rows, err := s.node.Store().History(coin.Script)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Spent == 0 {
			continue
		}
		tx, err := s.txOf(row)
		if err != nil {
			return err
		}
		for i := range tx.Inputs {
			if tx.Inputs[i].Prev == coin.Outpoint {
				s.found[coin.Outpoint] = append(s.found[coin.Outpoint], rpc.TxSpend{TxID: row.TxID, Block: &rpc.BlockRef{Hash: row.Block, Height: row.Height}, Active: true})
				return nil
			}
		}
	}
	return nil
}

// txOf returns the transaction of a row of an address's history.
func (s *spendSearch) txOf(row store.HistoryEntry) (*block.Tx, error) {
	b := s.bodies[row.Block]
	if b == nil {
		var err error
		if b, err = s.body(row.Block); err != nil {
			return nil, err
		}
		s.bodies[row.Block] = b
	}
	if i := slices.Index(b.TxIDs(), row.TxID); i >= 0 {
		return b.Txs[i], nil
	}
	return nil, fail(rpc.CodeDatabase, "the address index names transaction %s of block %s, which does not hold it", row.TxID, row.Block)
}
