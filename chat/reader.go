package chat

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// Reader reads the messages that a node knows. One goroutine uses it at a time.
type Reader struct {
	client   *rpc.Client
	prefixes block.Prefixes
	txs      map[block.Hash]*block.Tx // by txid: they never change
}

// NewReader returns a reader of a node of a network with these prefixes.
func NewReader(c *rpc.Client, prefixes block.Prefixes) *Reader {
	return &Reader{client: c, prefixes: prefixes, txs: make(map[block.Hash]*block.Tx)}
}

// atOnce is how many transactions are asked for in one message. Ours: their answer fits the
// node's limit for a batch many times.
const atOnce = 500

// Read returns the messages as the node knows them now, see Fold.
func (r *Reader) Read(ctx context.Context) ([]Message, error) {
	rows, err := r.client.AddressHistory(ctx, []string{Board.Encode(r.prefixes)}, true)
	if err != nil {
		return nil, err
	}
	left, err := r.leftChain(ctx, rows)
	if err != nil {
		return nil, err
	}
	if err := r.fetch(ctx, rows); err != nil {
		return nil, err
	}
	var all, back []Carried
	for _, row := range rows {
		c := Carried{Tx: r.txs[row.TxID], TxID: row.TxID, State: Pending, Height: -1}
		switch {
		case c.Tx == nil: // it left between two answers
			continue
		case row.Status == rpc.TxConfirmed:
			c.State, c.Height = Confirmed, row.Height
		case row.Status != rpc.TxPending || left[row.TxID]:
			c.State = TakenBack
			back = append(back, c)
			continue
		}
		all = append(all, c)
	}
	return Fold(append(all, back...), r.prefixes), nil
}

// leftChain returns which of the pending transactions were in a block of the best chain before.
func (r *Reader) leftChain(ctx context.Context, rows []rpc.HistoryRow) (map[block.Hash]bool, error) {
	left := make(map[block.Hash]bool)
	pending := slices.DeleteFunc(slices.Clone(rows), func(row rpc.HistoryRow) bool { return row.Status != rpc.TxPending })
	for some := range slices.Chunk(pending, atOnce) {
		answers := make([]rpc.TxHistory, len(some))
		asks := make([]rpc.Ask, len(some))
		for i, row := range some {
			asks[i] = rpc.GetTxHistory.Ask(rpc.TxArg{TxID: row.TxID}, &answers[i])
		}
		if err := r.client.Batch(ctx, asks); err != nil {
			return nil, err
		}
		for i, row := range some {
			left[row.TxID] = asks[i].Err == nil && len(answers[i].Events) > 0
		}
	}
	return left, nil
}

// fetch reads the transactions that are not known yet.
func (r *Reader) fetch(ctx context.Context, rows []rpc.HistoryRow) error {
	missing := slices.DeleteFunc(slices.Clone(rows), func(row rpc.HistoryRow) bool { return r.txs[row.TxID] != nil })
	for some := range slices.Chunk(missing, atOnce) {
		texts := make([]string, len(some))
		asks := make([]rpc.Ask, len(some))
		for i, row := range some {
			args := rpc.GetRawTransactionArgs{TxID: row.TxID}
			if !row.BlockHash.IsZero() {
				args.Block = &row.BlockHash
			}
			asks[i] = rpc.As[string](rpc.GetRawTransaction).Ask(args, &texts[i])
		}
		if err := r.client.Batch(ctx, asks); err != nil {
			return err
		}
		for i, row := range some {
			if asks[i].Err != nil {
				continue
			}
			raw, err := hex.DecodeString(texts[i])
			if err != nil {
				return fmt.Errorf("transaction %s: %w", row.TxID, err)
			}
			if r.txs[row.TxID], err = block.ParseTx(raw); err != nil {
				return fmt.Errorf("transaction %s: %w", row.TxID, err)
			}
		}
	}
	return nil
}
