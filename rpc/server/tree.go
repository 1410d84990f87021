package server

import (
	"cmp"
	"math"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
)

// getBlockTree answers with all blocks, or folded, or with what changed.
func getBlockTree(c *call, a rpc.GetBlockTreeArgs) (any, error) {
	if a.Folded {
		return c.outline(a)
	}
	if a.Heights != nil || a.Since != nil {
		return rpc.Tree{}, fail(rpc.CodeInvalidParam, "heights and since are for a folded tree: set folded to true")
	}
	out := rpc.Tree{From: block.Height(a.From)}
	tips, err := look(c, func(e *engine.Engine) ([]chain.Tip, error) {
		c.treeHead(e, &out)
		return e.Tree().Tips(), nil
	})
	if err != nil {
		return rpc.Tree{}, err
	}
	infos, err := c.branches(tips, func(chain.Tip) int64 { return a.From })
	if err != nil {
		return rpc.Tree{}, err
	}
	slices.SortFunc(infos, answer.ByArrival)
	head := struct {
		Tip     block.Hash   `json:"tip"`
		Height  block.Height `json:"height"`
		From    block.Height `json:"from"`
		Seq     int64        `json:"seq"`
		Changes bool         `json:"changes"`
	}{out.Tip, out.Height, out.From, out.Seq, out.Changes}
	return stream{made: true, write: func(to *reply) error {
		return to.object(head, "blocks", eachOf(len(infos), func(i int) (any, error) { return c.treeBlock(&infos[i]) }))
	}}, nil
}

// treeHead sets what a tree says besides its blocks.
func (c *call) treeHead(e *engine.Engine, out *rpc.Tree) {
	tip := e.Tree().Tip()
	out.Tip, out.Height, out.Seq = tip.Hash, tip.Height, c.server.treeSeq+e.Tree().Changes()
}

// maxHeights is how many other heights an outline may be asked for. Ours: a reader of many
// nodes asks each for those that the others answered.
const maxHeights = 200_000

// outline answers with what changed, or with the folded tree.
func (c *call) outline(a rpc.GetBlockTreeArgs) (rpc.Tree, error) {
	from := block.Height(min(max(a.From, 0), math.MaxInt32))
	heights, err := listHeights(a.Heights)
	if err != nil {
		return rpc.Tree{}, err
	}
	out := rpc.Tree{From: from}
	var under []chain.Point
	infos, err := look(c, func(e *engine.Engine) (infos []chain.Info, err error) {
		c.treeHead(e, &out)
		if a.Since != nil {
			if infos, out.Changes = e.Tree().ChangedSince(*a.Since - c.server.treeSeq); out.Changes {
				return infos, nil
			}
		}
		all, lowest := e.Tree().Outline(from, heights)
		out.From = lowest
		for _, o := range all {
			infos, under = append(infos, o.Info), append(under, o.Under)
		}
		return infos, nil
	})
	if err != nil {
		return rpc.Tree{}, err
	}
	if out.Blocks, err = c.treeBlocks(infos); err != nil {
		return rpc.Tree{}, err
	}
	for i, u := range under {
		fold(&out.Blocks[i], u)
	}
	slices.SortStableFunc(out.Blocks, func(a, b rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.ReceivedMS, b.ReceivedMS), cmp.Compare(a.Height, b.Height))
	})
	return out, nil
}

// fold notes what is left out of an outline before b.
func fold(b *rpc.TreeBlock, under chain.Point) {
	if !under.Hash.IsZero() && b.Prev != under.Hash {
		b.Folded, b.Under = int(b.Height-under.Height-1), under.Hash
	}
}

// listHeights returns the heights in ranges.
func listHeights(ends []block.Height) (out []block.Height, err error) {
	if len(ends)%2 != 0 {
		return nil, fail(rpc.CodeInvalidParam, "heights: want pairs, each from and to")
	}
	for r := range slices.Chunk(ends, 2) {
		if r[0] < 0 || r[1] < r[0] {
			return nil, fail(rpc.CodeInvalidParam, "heights from %d to %d: want 0 or more, and the lower one first", r[0], r[1])
		}
		if len(out)+int(r[1]-r[0]) >= maxHeights {
			return nil, fail(rpc.CodeInvalidParam, "more than %d heights: want fewer, or the whole tree", maxHeights)
		}
		for h := r[0]; h <= r[1]; h++ {
			out = append(out, h)
		}
	}
	return out, nil
}

func (c *call) treeBlocks(infos []chain.Info) ([]rpc.TreeBlock, error) {
	out := make([]rpc.TreeBlock, len(infos))
	for i := range infos {
		var err error
		if out[i], err = c.treeBlock(&infos[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// branches returns all blocks on the paths from the tips down, each to its height from.
func (c *call) branches(tips []chain.Tip, from func(chain.Tip) int64) (out []chain.Info, err error) {
	seen := make(map[block.Hash]bool)
	for _, t := range tips {
		err := c.walk(t.Hash, int(int64(t.Height)-from(t)+1), func(i *chain.Info) bool {
			if seen[i.Hash] {
				return false
			}
			seen[i.Hash] = true
			out = append(out, *i)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *call) treeBlock(i *chain.Info) (rpc.TreeBlock, error) {
	out := answer.Block(i)
	if i.Status&chain.HasBody == 0 {
		return out, nil
	}
	known, ok := c.server.coinbases.Load(i.Hash)
	if !ok {
		b, err := c.body(i.Hash)
		if err != nil {
			return out, err
		}
		known = answer.CoinbaseOf(b, c.node.Params())
		c.server.coinbases.Store(i.Hash, known)
	}
	text := known.(answer.Coinbase)
	out.Message, out.Address = text.Message, text.Address
	return out, nil
}
