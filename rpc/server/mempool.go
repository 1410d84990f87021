package server

import (
	"toychain/block"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

func mempoolMethods() []method {
	txid := need("txid", kindString, "a transaction in the pool")
	verbose := may("verbose", kindBool, "true: with details (default false)")
	return []method{
		{name: "getmempoolancestors", call: relatives(parents), example: exampleHash,
			params: []param{txid, verbose},
			about:  "Returns what a pending transaction depends on in the pool, directly or not.", returns: "[txid], or an object by txid"},
		{name: "getmempooldescendants", call: relatives(children), example: exampleHash,
			params: []param{txid, verbose},
			about:  "Returns what depends on a pending transaction in the pool, directly or not.", returns: "[txid], or an object by txid"},
		{name: "getmempoolentry", call: getMempoolEntry, example: exampleHash,
			params: []param{txid}, about: "Returns what the pool knows of a pending transaction.", returns: "object"},
		{name: "getmempoolinfo", call: getMempoolInfo,
			about: "Returns how full the pool is and what it demands.", returns: "object"},
		{name: "getrawmempool", call: getRawMempool, example: "true",
			params: []param{verbose, may("mempool_sequence", kindBool, "also a number that grows with each change of the pool (default false)")},
			about:  "Returns the transactions that wait for a block.", returns: "[txid], or an object by txid, or {txids, mempool_sequence}"},
	}
}

func parents(e *mempool.Entry) []block.Hash  { return e.Depends }
func children(e *mempool.Entry) []block.Hash { return e.SpentBy }

// usagePerTx is about how much memory a transaction in the pool takes beside its
// bytes: the entry, its places in three maps, its scripts' headers.
const usagePerTx = 700

func getMempoolInfo(c *call) (any, *rpc.Error) {
	return look(c, func(e *engine.Engine) (rpc.MempoolInfo, *rpc.Error) {
		p := e.Pool()
		policy := p.Policy()
		return rpc.MempoolInfo{Loaded: true, Size: p.Len(), Bytes: p.Bytes(), Usage: p.Bytes() + usagePerTx*p.Len(),
			TotalFee: p.Fees(), MaxMempool: policy.MaxBytes, MempoolMinFee: p.MinFee(), MinRelayTxFee: policy.MinRelay,
			IncrementalRelayFee: policy.Incremental, FullRBF: policy.FullRBF}, nil
	})
}

func getRawMempool(c *call) (any, *rpc.Error) {
	if c.flag(1, false) {
		if c.flag(0, false) {
			return nil, fail(rpc.CodeInvalidParam, "Verbose results cannot contain mempool sequence values.")
		}
		return look(c, func(e *engine.Engine) (rpc.PoolSequence, *rpc.Error) {
			return rpc.PoolSequence{TxIDs: e.Pool().IDs(), Sequence: e.Pool().Sequence()}, nil
		})
	}
	if !c.flag(0, false) {
		return look(c, func(e *engine.Engine) ([]block.Hash, *rpc.Error) { return e.Pool().IDs(), nil })
	}
	entries, err := look(c, func(e *engine.Engine) ([]*mempool.Entry, *rpc.Error) { return e.Pool().Entries(), nil })
	return showEntries(entries), err
}

func getMempoolEntry(c *call) (any, *rpc.Error) {
	id, err := c.hash(0)
	if err != nil {
		return nil, err
	}
	entry, err := look(c, func(e *engine.Engine) (*mempool.Entry, *rpc.Error) { return entryOf(e, id) })
	if err != nil {
		return nil, err
	}
	return showEntry(entry), nil
}

func entryOf(e *engine.Engine, id block.Hash) (*mempool.Entry, *rpc.Error) {
	entry, ok := e.Pool().Get(id)
	if !ok {
		return nil, fail(rpc.CodeInvalidAddress, "Transaction not in mempool")
	}
	return entry, nil
}

// relatives makes the method that lists all that can be reached by next.
func relatives(next func(*mempool.Entry) []block.Hash) func(*call) (any, *rpc.Error) {
	return func(c *call) (any, *rpc.Error) {
		id, err := c.hash(0)
		if err != nil {
			return nil, err
		}
		entries, err := look(c, func(e *engine.Engine) (out []*mempool.Entry, err *rpc.Error) {
			first, err := entryOf(e, id)
			if err != nil {
				return nil, err
			}
			seen := map[block.Hash]bool{id: true}
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
		if c.flag(1, false) {
			return showEntries(entries), nil
		}
		ids := make([]block.Hash, len(entries))
		for i, e := range entries {
			ids[i] = e.ID
		}
		return ids, nil
	}
}

func showEntries(entries []*mempool.Entry) map[block.Hash]rpc.MempoolEntry {
	out := make(map[block.Hash]rpc.MempoolEntry, len(entries))
	for _, e := range entries {
		out[e.ID] = showEntry(e)
	}
	return out
}

func showEntry(e *mempool.Entry) rpc.MempoolEntry {
	none := []block.Hash{}
	return rpc.MempoolEntry{
		VSize: e.Size, Weight: 4 * e.Size, Time: e.Time.Unix(), Height: e.Height,
		DescendantCount: e.Descendants.Count, DescendantSize: e.Descendants.Size,
		AncestorCount: e.Ancestors.Count, AncestorSize: e.Ancestors.Size, WTxID: e.ID,
		Fees:    rpc.MempoolFees{Base: e.Fee, Modified: e.Fee, Ancestor: e.Ancestors.Fee, Descendant: e.Descendants.Fee},
		Depends: append(none, e.Depends...), SpentBy: append(none, e.SpentBy...), Replaceable: e.Replaceable,
	}
}
