package chat

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// Reader reads the messages that a node knows, those of the newest 10,000 transactions. One
// goroutine uses it at a time.
type Reader struct {
	client   *rpc.Client
	prefixes block.Prefixes
	said     map[block.Hash]Carried // what transactions say, without where they are: by txid
}

// NewReader returns a reader of a node of a network with these prefixes.
func NewReader(c *rpc.Client, prefixes block.Prefixes) *Reader {
	return &Reader{client: c, prefixes: prefixes, said: make(map[block.Hash]Carried)}
}

// maxRead is how many transactions are looked at, the newest: any wallet with coins can write on the
// board, and what a reader keeps must have a bound. Ours: some three megabytes, and more than a
// person reads. Names that were claimed before are not known. The node's answer, a row for each
// transaction that ever paid the board, is read before it is cut.
const maxRead = 10_000

// newest returns the last rows.
func newest(rows []rpc.HistoryRow) []rpc.HistoryRow { return rows[max(0, len(rows)-maxRead):] }

// atOnce is how many transactions are asked for in one message. Ours: their answer fits the
// node's limit for a batch many times.
const atOnce = 500

// Read returns the messages as the node knows them now, see Fold.
func (r *Reader) Read(ctx context.Context) ([]Message, error) {
	rows, err := r.client.AddressHistory(ctx, []string{Board.Encode(r.prefixes)}, true)
	if err != nil {
		return nil, err
	}
	rows = newest(rows)
	left, err := r.leftChain(ctx, rows)
	if err != nil {
		return nil, err
	}
	if err := r.fetch(ctx, rows); err != nil {
		return nil, err
	}
	r.forget(rows)
	var all, back []Carried
	for _, row := range rows {
		c, known := r.said[row.TxID]
		c.TxID, c.State, c.Height = row.TxID, Pending, -1
		switch {
		case !known: // it left between two answers
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

// forget drops what older transactions said.
func (r *Reader) forget(rows []rpc.HistoryRow) {
	if len(r.said) <= maxRead {
		return
	}
	kept := make(map[block.Hash]Carried, len(rows))
	for i := range rows {
		if c, known := r.said[rows[i].TxID]; known {
			kept[rows[i].TxID] = c
		}
	}
	r.said = kept
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
	missing := slices.DeleteFunc(slices.Clone(rows), func(row rpc.HistoryRow) bool {
		_, known := r.said[row.TxID]
		return known
	})
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
			tx, err := block.ParseTx(raw)
			if err != nil {
				return fmt.Errorf("transaction %s: %w", row.TxID, err)
			}
			r.said[row.TxID] = read(tx)
		}
	}
	return nil
}
