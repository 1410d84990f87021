package server

import (
	"cmp"
	"maps"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/store"
)

// addressHistory collects the rows of getaddresshistory.
type addressHistory struct {
	*call
	watched
	rows []rpc.HistoryRow

	entries []watchedEntry   // of the best chain
	coins   []consensus.UTXO // of the best chain
	pool    []mempool.Entry  // that take part
	tips    []chain.Tip
}

// place is where a transaction is. The ID does not suffice: Bitcoin has two pairs of
// coinbases with one ID.
type place struct{ block, txid block.Hash }

// watchedEntry is an entry of the history of one script.
type watchedEntry struct {
	store.HistoryEntry
	address string
}

func getAddressHistory(c *call, a rpc.GetAddressHistoryArgs) ([]rpc.HistoryRow, error) {
	w, err := c.watch(a.Addresses)
	if err != nil {
		return nil, err
	}
	h := &addressHistory{call: c, watched: w, rows: []rpc.HistoryRow{}}
	if err := c.consistent(h.read, h.see); err != nil {
		return nil, err
	}
	if err := h.confirmed(); err != nil {
		return nil, err
	}
	if a.Details {
		if err := h.addDetails(); err != nil {
			return nil, err
		}
		if err := h.addStale(); err != nil {
			return nil, err
		}
	}
	return h.rows, h.addPending(a.Details)
}

// read reads the indexes of the best chain.
func (h *addressHistory) read() (err error) {
	h.entries = nil
	for _, script := range slices.Sorted(maps.Keys(h.watched)) {
		rows, err := h.node.Store().History([]byte(script))
		if err != nil {
			return err
		}
		for _, r := range rows {
			h.entries = append(h.entries, watchedEntry{r, h.watched[script]})
		}
	}
	h.coins, err = h.unspent(h.node.Store())
	return err
}

// see reads what only the engine knows: the tips, and the transactions of the mempool that
// take part.
func (h *addressHistory) see(e *engine.Engine) error {
	h.pool, h.tips = nil, e.Tree().Tips()
	coins := func(yield func(block.Outpoint) bool) {
		for i := 0; i < len(h.coins) && yield(h.coins[i].Outpoint); i++ {
		}
	}
	for _, entry := range e.Pool().Touching(maps.Keys(h.watched), coins) { // parents come before children
		h.pool = append(h.pool, *entry)
	}
	return nil
}

// confirmed makes a row of each transaction of the best chain, the lowest first.
func (h *addressHistory) confirmed() error {
	slices.SortStableFunc(h.entries, func(a, b watchedEntry) int { return cmp.Compare(a.Height, b.Height) })
	at := make(map[place]int)
	for some := range slices.Chunk(h.entries, walkStep) {
		err := h.node.Look(h.ctx, func(e *engine.Engine) {
			for _, r := range some {
				i, ok := at[place{r.Block, r.TxID}]
				if !ok {
					i = len(h.rows)
					at[place{r.Block, r.TxID}] = i
					info, _ := e.Tree().Info(r.Block)
					h.rows = append(h.rows, rpc.HistoryRow{TxID: r.TxID, Height: r.Height, BlockHash: r.Block,
						Time: int64(info.State.Header.Time), Status: rpc.TxConfirmed})
				}
				row := &h.rows[i]
				row.Received += r.Received
				row.Sent += r.Spent
				row.Net = row.Received - row.Sent
				row.Addresses = append(row.Addresses, r.address)
			}
		})
		if err != nil {
			return err
		}
	}
	for i := range h.rows {
		slices.Sort(h.rows[i].Addresses)
	}
	return nil
}

// addPending adds the rows of the mempool.
func (h *addressHistory) addPending(details bool) error {
	known := make(map[block.Outpoint]consensus.Coin)
	for i := range h.coins {
		known[h.coins[i].Outpoint] = h.coins[i].Coin
	}
	for i := range h.pool {
		e := &h.pool[i]
		spent := make([]consensus.Coin, len(e.Tx.Inputs))
		for j, in := range e.Tx.Inputs {
			coin, ok := known[in.Prev]
			if !ok && details {
				if f, err := h.find(in.Prev.TxID); err == nil && int(in.Prev.Index) < len(f.tx.Outputs) {
					coin.Output = f.tx.Outputs[in.Prev.Index]
				}
			}
			spent[j] = coin
		}
		row := h.effect(e.Tx, spent)
		row.TxID, row.Height, row.Time, row.Status = e.ID, -1, e.Time.Unix(), rpc.TxPending
		if !details {
			row.Others = nil
		}
		h.rows = append(h.rows, row)
		for j := range e.Tx.Outputs {
			known[block.Outpoint{TxID: e.ID, Index: uint32(j)}] = consensus.Coin{Output: e.Tx.Outputs[j]}
		}
	}
	return nil
}

// effect returns what a transaction means for the addresses; spent are the coins of its
// inputs. None of them takes part if the row's Addresses is empty.
func (h *addressHistory) effect(tx *block.Tx, spent []consensus.Coin) (row rpc.HistoryRow) {
	row.Coinbase, row.Addresses = tx.IsCoinbase(), []string{}
	var from, to []string
	sort := func(script []byte, value block.Amount, ours *block.Amount, others *[]string) {
		address, list := h.watched[string(script)], &row.Addresses
		if address == "" {
			address, list = h.addressOf(script), others
		} else {
			*ours += value
		}
		if address != "" && !slices.Contains(*list, address) {
			*list = append(*list, address)
		}
	}
	for i := range spent {
		sort(spent[i].Script, spent[i].Value, &row.Sent, &from)
	}
	fromUs := len(row.Addresses) > 0
	for i := range tx.Outputs {
		sort(tx.Outputs[i].Script, tx.Outputs[i].Value, &row.Received, &to)
	}
	row.Others = from
	if fromUs {
		row.Others = to
	}
	row.Net = row.Received - row.Sent
	slices.Sort(row.Addresses)
	return row
}

// eachTx calls f for each transaction of a block that was on the best chain, with the coins
// that it spends.
func (h *addressHistory) eachTx(hash block.Hash, f func(i int, id block.Hash, tx *block.Tx, spent []consensus.Coin) error) error {
	b, err := h.body(hash)
	if err != nil {
		return err
	}
	coins, err := h.undo(hash)
	if err != nil {
		return err
	}
	for i, id := range b.TxIDs() {
		var spent []consensus.Coin
		if n := len(b.Txs[i].Inputs); i > 0 && n <= len(coins) {
			spent, coins = coins[:n], coins[n:]
		}
		if err := f(i, id, b.Txs[i], spent); err != nil {
			return err
		}
	}
	return h.ctx.Err()
}

// addStale adds rows for the transactions of blocks that left the best chain, if neither the
// best chain nor the mempool holds them, after the rows of the same height.
func (h *addressHistory) addStale() error {
	seen := make(map[block.Hash]bool)
	for i := range h.rows {
		seen[h.rows[i].TxID] = true
	}
	for i := range h.pool {
		seen[h.pool[i].ID] = true
	}
	infos, err := h.branches(h.tips, func(t chain.Tip) int64 { return int64(t.Height-t.BranchLen) + 1 })
	if err != nil {
		return err
	}
	slices.SortFunc(infos, answer.ByArrival)
	for i := range infos {
		info := &infos[i]
		if info.Active || info.Status&chain.Connected == 0 {
			continue
		}
		err := h.eachTx(info.Hash, func(_ int, id block.Hash, tx *block.Tx, spent []consensus.Coin) error {
			row := h.effect(tx, spent)
			if len(row.Addresses) == 0 || seen[id] {
				return nil
			}
			seen[id] = true
			row.TxID, row.Height, row.BlockHash, row.Time = id, info.State.Height, info.Hash, int64(info.State.Header.Time)
			err := h.judge(&row, tx, spent)
			h.rows = append(h.rows, row)
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(h.rows, func(a, b rpc.HistoryRow) int { return cmp.Compare(a.Height, b.Height) })
	return nil
}

// judge says what became of a transaction whose block left the best chain: it is
// conflicted if a coin of it is spent, or does not exist any more, and else stale.
func (h *addressHistory) judge(row *rpc.HistoryRow, tx *block.Tx, spent []consensus.Coin) error {
	row.Status = rpc.TxStale
	s := &spendSearch{call: h.call, found: make(map[block.Outpoint][]rpc.TxSpend), bodies: make(map[block.Hash]*block.Block)}
	for i := range spent {
		o := tx.Inputs[i].Prev
		if err := s.searchBestChain(consensus.UTXO{Outpoint: o, Coin: spent[i]}); err != nil {
			return err
		}
		if by := s.found[o]; len(by) > 0 {
			row.Status, row.By, row.ByBlock = rpc.TxConflicted, by[0].TxID.String(), by[0].Block
			return nil
		}
		err := h.node.Look(h.ctx, func(e *engine.Engine) {
			if by, ok := e.Pool().SpentBy(o); ok {
				row.Status, row.By = rpc.TxConflicted, by.String()
			}
		})
		if err != nil || row.By != "" {
			return err
		}
		coins := consensus.Coins{}
		if err := h.node.Store().Coins([]block.Outpoint{o}, coins); err != nil {
			return err
		}
		if _, exists := coins[o]; !exists {
			row.Status = rpc.TxConflicted
		}
	}
	return nil
}

// addDetails adds what only the blocks say to the rows of the best chain, and puts those of one
// block into its order.
func (h *addressHistory) addDetails() error {
	rows := h.rows
	h.rows = nil
	for len(rows) > 0 {
		hash, n := rows[0].BlockHash, 1
		for n < len(rows) && rows[n].BlockHash == hash {
			n++
		}
		err := h.eachTx(hash, func(i int, id block.Hash, tx *block.Tx, spent []consensus.Coin) error {
			for _, row := range rows[:n] {
				if row.TxID == id {
					row.Others, row.Coinbase = h.effect(tx, spent).Others, i == 0
					h.rows = append(h.rows, row)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
