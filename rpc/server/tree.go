package server

import (
	"cmp"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/store"
)

// getBlockTree collects the blocks from the ends of the branches down, each once.
func getBlockTree(c *call, a rpc.GetBlockTreeArgs) (rpc.Tree, *rpc.Error) {
	var out rpc.Tree
	tips, err := look(c, func(e *engine.Engine) ([]chain.Tip, *rpc.Error) {
		tip := e.Tree().Tip()
		out.Tip, out.Height = tip.Hash, tip.Height
		return e.Tree().Tips(), nil
	})
	if err != nil {
		return rpc.Tree{}, err
	}
	infos, err := c.branches(tips, a.From)
	if err != nil {
		return rpc.Tree{}, err
	}
	slices.SortFunc(infos, asTheyCame)
	out.Blocks = make([]rpc.TreeBlock, len(infos))
	for i := range infos {
		if out.Blocks[i], err = c.treeBlock(&infos[i]); err != nil {
			return rpc.Tree{}, err
		}
	}
	return out, nil
}

// asTheyCame puts blocks in the order in which their headers came.
func asTheyCame(a, b chain.Info) int {
	return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.State.Height, b.State.Height), slices.Compare(a.Hash[:], b.Hash[:]))
}

// branches returns every block that is on the way from a tip down to a height.
func (c *call) branches(tips []chain.Tip, from int64) ([]chain.Info, *rpc.Error) {
	var out []chain.Info
	seen := make(map[block.Hash]bool)
	for _, t := range tips {
		hash, count := t.Hash, int64(t.Height)-from+1
		for count > 0 && !seen[hash] {
			// In steps, so that the engine is not kept from its work.
			step := min(count, walkStep)
			err := c.walk(hash, int(step), func(i *chain.Info) {
				if seen[i.Hash] {
					count = 0
					return
				}
				seen[i.Hash] = true
				out = append(out, *i)
				hash = i.State.Header.Prev
			})
			if err != nil {
				return nil, err
			}
			count -= step
		}
	}
	return out, nil
}

func (c *call) treeBlock(i *chain.Info) (rpc.TreeBlock, *rpc.Error) {
	out := showBlock(i)
	if i.Status&chain.HasBody == 0 {
		return out, nil
	}
	f, ok := c.server.facts.get(i.Hash)
	if !ok {
		b, err := c.body(i.Hash)
		if err != nil {
			return out, err
		}
		f = factOf(b, c.node.Params())
		c.server.facts.put(i.Hash, f)
	}
	out.Message, out.Address = f.message, f.address
	return out, nil
}

// showBlock shows what the tree knows of a block.
func showBlock(i *chain.Info) rpc.TreeBlock {
	h := &i.State.Header
	out := rpc.TreeBlock{Hash: i.Hash, Prev: h.Prev, Height: i.State.Height, Time: h.Time, ReceivedMS: i.Received.UnixMilli(), Order: i.Seq,
		Bits: bitsText(h.Bits), Difficulty: difficulty(h.Bits), ChainWork: i.Work, Txs: i.Txs, Size: i.Size, Status: statusOf(i)}
	if !i.Complete.IsZero() {
		out.CompleteMS = i.Complete.UnixMilli()
	}
	return out
}

// statusOf returns a block's status by the names of getchaintips.
func statusOf(i *chain.Info) string {
	switch {
	case i.Active:
		return "active"
	case i.Status.Invalid():
		return "invalid"
	case i.Seq == 0:
		return "headers-only"
	case i.Status&chain.Connected != 0:
		return "valid-fork"
	}
	return "valid-headers"
}

// coinbaseMessage returns what a miner wrote into a coinbase: after height and extra
// nonce, the last push, if it is text.
func coinbaseMessage(tx *block.Tx) string {
	script := tx.Inputs[0].Script
	var last []byte
	pushes := 0
	for len(script) > 0 {
		if script[0] > opPushData4 {
			last, script = nil, script[1:]
		} else {
			var ok bool
			if last, script, ok = push(script); !ok {
				return ""
			}
		}
		pushes++
	}
	text := string(last)
	if pushes < 3 || !utf8.ValidString(text) {
		return ""
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return text
}

// facts remembers what getblocktree tells of a block's coinbase, so that it need not
// read every body again.
type facts struct {
	mu sync.Mutex
	of map[block.Hash]fact
}

type fact struct{ message, address string }

func factOf(b *block.Block, p *consensus.Params) (f fact) {
	f.message = coinbaseMessage(b.Txs[0])
	if len(b.Txs[0].Outputs) > 0 {
		f.address = addressIn(p, b.Txs[0].Outputs[0].Script)
	}
	return f
}

// maxFacts is how many blocks are remembered: about 20 MB.
const maxFacts = 100_000

func newFacts() *facts { return &facts{of: make(map[block.Hash]fact)} }

func (f *facts) get(h block.Hash) (fact, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.of[h]
	return v, ok
}

func (f *facts) put(h block.Hash, v fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.of) >= maxFacts {
		clear(f.of)
	}
	f.of[h] = v
}

func getReorgs(c *call, a rpc.GetReorgsArgs) ([]rpc.Reorg, *rpc.Error) {
	if a.Limit < 0 {
		return nil, fail(rpc.CodeInvalidParam, "limit must not be negative")
	}
	journal, e := c.node.Store().Reorgs(a.Limit)
	if e != nil {
		return nil, trouble(e)
	}
	out := make([]rpc.Reorg, len(journal))
	for i := range journal {
		if out[i], e = showReorg(c.node.Store(), &journal[i]); e != nil {
			return nil, trouble(e)
		}
		if out[i].Since, e = confirmedNow(c.node.Store().TxPlaces, out[i].Returned, c.infoOf); e != nil {
			return nil, trouble(e)
		}
	}
	return out, nil
}

// infoOf is info for those who know only plain errors.
func (c *call) infoOf(hash block.Hash) (chain.Info, error) {
	info, err := c.info(hash)
	if err != nil {
		return info, err
	}
	return info, nil
}

// confirmedNow returns where the best chain holds these payments, of those that it
// does. placesOf says which blocks hold a payment, and infoOf what the tree knows of a
// block.
func confirmedNow(placesOf func(block.Hash) ([]store.TxPlace, error), payments []block.Hash, infoOf func(block.Hash) (chain.Info, error)) ([]rpc.Reconfirmed, error) {
	out := []rpc.Reconfirmed{}
	for _, id := range payments {
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

// showReorg shows an entry of the journal. The store is asked where the payments are
// that made others impossible.
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
