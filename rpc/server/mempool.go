package server

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/node"
	"toychain/rpc"
	"toychain/rpc/answer"
)

func parents(e *mempool.Entry) []block.Hash  { return e.Depends }
func children(e *mempool.Entry) []block.Hash { return e.SpentBy }

func getMempoolInfo(c *call, _ rpc.None) (rpc.MempoolInfo, error) {
	return look(c, func(e *engine.Engine) (rpc.MempoolInfo, error) {
		return answer.Mempool(e.Pool(), c.node.MempoolLoaded()), nil
	})
}

func getRawMempool(c *call, a rpc.GetRawMempoolArgs) (any, error) {
	if a.Sequence {
		if a.Verbose {
			return nil, fail(rpc.CodeInvalidParam, "Verbose results cannot contain mempool sequence values.")
		}
		return look(c, func(e *engine.Engine) (rpc.PoolSequence, error) {
			return rpc.PoolSequence{TxIDs: e.Pool().IDs(), Sequence: e.Pool().Sequence()}, nil
		})
	}
	if !a.Verbose {
		return look(c, func(e *engine.Engine) ([]block.Hash, error) { return e.Pool().IDs(), nil })
	}
	entries, err := look(c, func(e *engine.Engine) ([]*mempool.Entry, error) { return e.Pool().Entries(), nil })
	return showEntries(entries), err
}

func getMempoolEntry(c *call, a rpc.TxArg) (rpc.MempoolEntry, error) {
	return look(c, func(e *engine.Engine) (rpc.MempoolEntry, error) {
		entry, err := entryOf(e, a.TxID)
		if err != nil {
			return rpc.MempoolEntry{}, err
		}
		return showEntry(entry), nil
	})
}

func entryOf(e *engine.Engine, id block.Hash) (*mempool.Entry, error) {
	entry, ok := e.Pool().Get(id)
	if !ok {
		return nil, fail(rpc.CodeInvalidAddress, "Transaction not in mempool")
	}
	return entry, nil
}

func saveMempool(c *call, _ rpc.None) (map[string]string, error) {
	path, err := c.node.SaveMempool(c.ctx)
	switch {
	case errors.Is(err, node.ErrRestoring):
		return nil, fail(rpc.CodeMisc, "The mempool was not loaded yet")
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.LinkError)):
		return nil, fail(rpc.CodeMisc, "Unable to dump mempool to disk (%v)", err)
	}
	return map[string]string{"filename": path}, err
}

func getTxSpendingPrevout(c *call, a rpc.GetTxSpendingPrevoutArgs) ([]rpc.PrevoutSpend, error) {
	if len(a.Outputs) == 0 {
		return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, outputs are missing")
	}
	if slices.ContainsFunc(a.Outputs, func(o rpc.OutpointArg) bool { return o.Vout < 0 }) {
		return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
	}
	return look(c, func(e *engine.Engine) (out []rpc.PrevoutSpend, err error) {
		for _, o := range a.Outputs {
			by, _ := e.Pool().SpentBy(block.Outpoint{TxID: o.TxID, Index: uint32(o.Vout)})
			out = append(out, rpc.PrevoutSpend{OutpointArg: o, Spend: by})
		}
		return out, nil
	})
}

func prioritiseTransaction(c *call, a rpc.PrioritiseTransactionArgs) (bool, error) {
	if or(a.Dummy, 0) != 0 {
		return false, fail(rpc.CodeInvalidParam, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.")
	}
	return true, c.node.Prioritise(c.ctx, a.TxID, block.Amount(a.Delta))
}

func getPrioritisedTransactions(c *call, _ rpc.None) (map[block.Hash]rpc.Prioritised, error) {
	deltas, err := look(c, func(e *engine.Engine) ([]mempool.Delta, error) { return e.Pool().Deltas(), nil })
	out := make(map[block.Hash]rpc.Prioritised, len(deltas))
	for _, d := range deltas {
		p := rpc.Prioritised{FeeDelta: int64(d.Fee), InMempool: d.Pending}
		if d.Pending {
			p.ModifiedFee = new(int64(d.Modified))
		}
		out[d.ID] = p
	}
	return out, err
}

// relatives returns the handler of a method that lists all entries reachable by next.
func relatives(next func(*mempool.Entry) []block.Hash) func(*call, rpc.RelativesArgs) (any, error) {
	return func(c *call, a rpc.RelativesArgs) (any, error) {
		entries, err := look(c, func(e *engine.Engine) (out []*mempool.Entry, err error) {
			first, err := entryOf(e, a.TxID)
			if err != nil {
				return nil, err
			}
			seen := map[block.Hash]bool{a.TxID: true}
			for queue := next(first); len(queue) > 0; queue = queue[1:] {
				entry, ok := e.Pool().Get(queue[0])
				if !ok || seen[queue[0]] {
					continue
				}
				seen[queue[0]] = true
				out = append(out, entry)
				queue = append(queue, next(entry)...)
			}
			return out, nil
		})
		if err != nil {
			return nil, err
		}
		if a.Verbose {
			return showEntries(entries), nil
		}
		ids := make([]block.Hash, len(entries))
		for i, e := range entries {
			ids[i] = e.ID
		}
		return ids, nil
	}
}

// showEntries returns what mempool entries are as an object, by txid.
func showEntries(entries []*mempool.Entry) stream {
	order := slices.Clone(entries) // as an object's names are sorted
	slices.SortFunc(order, func(a, b *mempool.Entry) int { return compareShown(&a.ID, &b.ID) })
	return stream{made: true, write: func(to *reply) error {
		return to.table(func(yield func(string, any) bool) {
			for _, e := range order {
				if !yield(e.ID.String(), showEntry(e)) {
					return
				}
			}
		})
	}}
}

// compareShown compares hashes as they are shown, the last byte first.
func compareShown(a, b *block.Hash) int {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}
	return 0
}

func showEntry(e *mempool.Entry) rpc.MempoolEntry {
	none := []block.Hash{}
	return rpc.MempoolEntry{
		VSize: e.Size, Weight: 4 * e.Size, Time: e.Time.Unix(), Height: e.Height,
		DescendantCount: e.Descendants.Count, DescendantSize: e.Descendants.Size,
		AncestorCount: e.Ancestors.Count, AncestorSize: e.Ancestors.Size, WTxID: e.ID,
		Fees:    rpc.MempoolFees{Base: e.Fee, Modified: e.Modified(), Ancestor: e.Ancestors.Fee, Descendant: e.Descendants.Fee},
		Depends: append(none, e.Depends...), SpentBy: append(none, e.SpentBy...), Replaceable: e.Replaceable,
	}
}

// maxTarget is the most blocks that estimatesmartfee looks ahead (Core: 1008).
const maxTarget = 1008

func estimateSmartFee(c *call, a rpc.EstimateSmartFeeArgs) (rpc.SmartFee, error) {
	if a.Target < 1 || a.Target > maxTarget {
		return rpc.SmartFee{}, fail(rpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and %d", maxTarget)
	}
	if !slices.Contains([]string{"", "unset", "economical", "conservative"}, strings.ToLower(a.Mode)) {
		return rpc.SmartFee{}, fail(rpc.CodeInvalidParam, "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"")
	}
	var entries []*mempool.Entry
	least, err := look(c, func(e *engine.Engine) (block.Amount, error) {
		entries = e.Pool().Entries()
		return e.Pool().MinFee(), nil
	})
	fee := max(least, feeToBeIn(entries, a.Target*consensus.MaxBlockSize))
	return rpc.SmartFee{FeeRate: &fee, Blocks: a.Target}, err
}

// feeToBeIn returns the fee rate, per 1,000 bytes, that a transaction needs to be among
// those of the mempool that fill so many bytes first: one unit more than the first
// transaction that does not fit.
func feeToBeIn(entries []*mempool.Entry, bytes int) block.Amount {
	rate := func(e *mempool.Entry) block.Amount { return e.Ancestors.Fee * 1000 / block.Amount(e.Ancestors.Size) }
	slices.SortStableFunc(entries, func(a, b *mempool.Entry) int { return cmp.Compare(rate(b), rate(a)) })
	for _, e := range entries {
		if bytes -= e.Size; bytes < 0 {
			return rate(e) + 1
		}
	}
	return 0
}
