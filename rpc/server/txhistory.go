package server

import (
	"bytes"
	"cmp"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/store"
)

// traced is what is known about a transaction at one moment.
type traced struct {
	txid   block.Hash
	tx     *block.Tx
	entry  *mempool.Entry // nil: not in the mempool
	pool   []*mempool.Entry
	places []store.TxPlace // of every branch, the lowest first
	infos  []chain.Info    // of places
	reorgs []chain.Reorg
	tips   []chain.Tip
}

func getTxHistory(c *call, a rpc.TxArg) (rpc.TxHistory, error) {
	t, err := c.trace(a.TxID)
	if err != nil {
		return rpc.TxHistory{}, err
	}
	out := rpc.TxHistory{TxID: a.TxID, Blocks: []rpc.TxBlock{}}
	for i := range t.infos {
		b, err := c.treeBlock(&t.infos[i])
		if err != nil {
			return rpc.TxHistory{}, err
		}
		out.Blocks = append(out.Blocks, rpc.TxBlock{TreeBlock: b, Index: t.places[i].Index})
	}
	if t.entry != nil {
		out.PendingSinceMS = t.entry.Time.UnixMilli()
	}
	if out.Events, err = c.txEvents(t); err != nil {
		return rpc.TxHistory{}, err
	}
	if err := c.followCoins(t, &out); err != nil {
		return rpc.TxHistory{}, err
	}
	out.Fate = fate(&out)
	return out, nil
}

// trace gathers what is known about a transaction.
func (c *call) trace(txid block.Hash) (*traced, error) {
	var t traced
	err := c.consistent(func() (e error) {
		t = traced{txid: txid}
		if t.places, e = c.node.Store().TxPlaces(txid); e == nil {
			t.reorgs, e = c.node.Store().Reorgs(0)
		}
		return e
	}, t.look)
	if err != nil {
		return nil, err
	}
	f, err := c.find(txid)
	t.tx = f.tx
	return &t, err
}

// look reads what only the engine knows.
func (t *traced) look(e *engine.Engine) error {
	t.pool, t.tips = e.Pool().Entries(), e.Tree().Tips()
	for _, entry := range t.pool {
		if entry.ID == t.txid {
			t.entry = entry
		}
	}
	at := make(map[block.Hash]chain.Info, len(t.places))
	for _, p := range t.places {
		info, ok := e.Tree().Info(p.Block)
		if !ok {
			return errBlock
		}
		at[p.Block] = info
	}
	slices.SortFunc(t.places, func(a, b store.TxPlace) int {
		x, y := at[a.Block], at[b.Block]
		return cmp.Or(cmp.Compare(x.Entry.Height, y.Entry.Height), x.Received.Compare(y.Received), bytes.Compare(a.Block[:], b.Block[:]))
	})
	for _, p := range t.places {
		t.infos = append(t.infos, at[p.Block])
	}
	return nil
}

// txEvents returns what happened to the transaction on this node, the oldest first: the
// best chain grew by a block that holds it, or a reorganisation affected it.
func (c *call) txEvents(t *traced) ([]rpc.TxEvent, error) {
	out := []rpc.TxEvent{}
	for i := range t.infos {
		if info := &t.infos[i]; info.Status&chain.Connected != 0 && !t.cameByReorg(info.Hash) {
			at := rpc.BlockRef{Hash: info.Hash, Height: info.Entry.Height}
			out = append(out, rpc.TxEvent{TimeMS: info.Received.UnixMilli(), Event: rpc.TxConfirmed, Block: &at})
		}
	}
	for i := range t.reorgs {
		e, err := c.txReorg(t, &t.reorgs[i])
		if err != nil {
			return nil, err
		}
		if e != nil {
			out = append(out, *e)
		}
	}
	slices.SortStableFunc(out, func(a, b rpc.TxEvent) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
	return out, nil
}

// cameByReorg reports whether a block joined the best chain in a reorganisation before
// it ever left it in one.
func (t *traced) cameByReorg(hash block.Hash) bool {
	is := func(p chain.Point) bool { return p.Hash == hash }
	for i := range t.reorgs {
		switch r := &t.reorgs[i]; {
		case slices.ContainsFunc(r.Left, is):
			return false
		case slices.ContainsFunc(r.Joined, is):
			return true
		}
	}
	return false
}

// txReorg returns what one reorganisation did to the transaction, nil if nothing.
func (c *call) txReorg(t *traced, r *chain.Reorg) (*rpc.TxEvent, error) {
	left, joined := t.among(r.Left), t.among(r.Joined)
	if left == nil && joined == nil {
		return nil, nil
	}
	e := &rpc.TxEvent{TimeMS: r.Time.UnixMilli(), Reorg: &rpc.ReorgRef{From: answer.Ref(r.From), To: answer.Ref(r.To), Fork: answer.Ref(r.Fork), Depth: r.Depth()}}
	switch {
	case left == nil:
		e.Event, e.Block = rpc.TxConfirmed, joined
	case joined != nil:
		e.Event, e.Block = rpc.TxReconfirmed, joined
	case slices.Contains(r.Returned, t.txid):
		e.Event, e.Block = rpc.TxReturned, left
	default:
		e.Event, e.Block = rpc.TxLeft, left // a coinbase, which the journal does not list
	}
	for _, x := range r.Conflicted {
		if x.TxID != t.txid {
			continue
		}
		e.Event = rpc.TxConflicted
		if x.By.IsZero() {
			break
		}
		var err error
		if e.ByBlock, err = placeIn(c.node.Store())(x.By, r.Joined); err != nil {
			return nil, err
		}
		e.By = x.By.String()
	}
	return e, nil
}

// among returns which of these blocks holds the transaction, nil if none.
func (t *traced) among(blocks []chain.Point) *rpc.BlockRef {
	for _, p := range blocks {
		if slices.ContainsFunc(t.places, func(at store.TxPlace) bool { return at.Block == p.Hash }) {
			return new(answer.Ref(p))
		}
	}
	return nil
}

// placeIn returns the function that returns which of some blocks holds a transaction, nil if none.
func placeIn(db *store.DB) func(txid block.Hash, blocks []chain.Point) (*rpc.BlockRef, error) {
	return func(txid block.Hash, blocks []chain.Point) (*rpc.BlockRef, error) {
		places, err := db.TxPlaces(txid)
		return (&traced{places: places}).among(blocks), err
	}
}

// fate returns where the transaction is now, in a word.
func fate(h *rpc.TxHistory) string {
	for _, b := range h.Blocks {
		if b.Status == "active" {
			return rpc.TxConfirmed
		}
	}
	if h.PendingSinceMS != 0 {
		return rpc.TxPending
	}
	if n := len(h.Events); n > 0 && h.Events[n-1].Event == rpc.TxConflicted {
		return rpc.TxConflicted
	}
	for _, s := range h.Spends {
		if slices.ContainsFunc(s.Rivals, func(r rpc.TxSpend) bool { return r.Active }) {
			return rpc.TxConflicted
		}
	}
	return rpc.TxStale
}
