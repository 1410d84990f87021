package server

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
)

// getBlockTree collects the blocks from the tips of the branches downwards, each once.
func getBlockTree(c *call, a rpc.GetBlockTreeArgs) (rpc.Tree, error) {
	var out rpc.Tree
	tips, err := look(c, func(e *engine.Engine) ([]chain.Tip, error) {
		tip := e.Tree().Tip()
		out.Tip, out.Height = tip.Hash, tip.Height
		return e.Tree().Tips(), nil
	})
	if err != nil {
		return rpc.Tree{}, err
	}
	infos, err := c.branches(tips, func(chain.Tip) int64 { return a.From })
	if err != nil {
		return rpc.Tree{}, err
	}
	slices.SortFunc(infos, byArrival)
	out.Blocks = make([]rpc.TreeBlock, len(infos))
	for i := range infos {
		if out.Blocks[i], err = c.treeBlock(&infos[i]); err != nil {
			return rpc.Tree{}, err
		}
	}
	return out, nil
}

// byArrival orders blocks by the arrival of their headers.
func byArrival(a, b chain.Info) int {
	return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.State.Height, b.State.Height), slices.Compare(a.Hash[:], b.Hash[:]))
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
	out := showBlock(i)
	if i.Status&chain.HasBody == 0 {
		return out, nil
	}
	known, ok := c.server.coinbases.Load(i.Hash)
	if !ok {
		b, err := c.body(i.Hash)
		if err != nil {
			return out, err
		}
		known = coinbaseTextOf(b, c.node.Params())
		c.server.coinbases.Store(i.Hash, known)
	}
	text := known.(coinbaseText)
	out.Message, out.Address = text.message, text.address
	return out, nil
}

// showBlock returns what the tree knows about a block.
func showBlock(i *chain.Info) rpc.TreeBlock {
	h := &i.State.Header
	out := rpc.TreeBlock{Hash: i.Hash, Prev: h.Prev, Height: i.State.Height, Time: h.Time, ReceivedMS: i.Received.UnixMilli(), Order: i.Seq,
		Bits: bitsText(h.Bits), Difficulty: difficulty(h.Bits), ChainWork: i.Work, Txs: i.Txs, Size: i.Size, Status: statusOf(i)}
	if !i.Complete.IsZero() {
		out.CompleteMS = i.Complete.UnixMilli()
	}
	return out
}

// statusOf returns the status of a block, with the names of getchaintips.
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

// coinbaseMessage returns the text that a miner wrote into a coinbase: the last push
// after height and extra nonce, if it is printable.
func coinbaseMessage(tx *block.Tx) string {
	script := tx.Inputs[0].Script
	var last []byte
	pushes := 0
	for len(script) > 0 {
		if script[0] > opPushData4 {
			last, script = nil, script[1:]
		} else {
			var ok bool
			if last, script, _, ok = block.CutPush(script); !ok {
				return ""
			}
		}
		pushes++
	}
	text := string(last)
	if pushes < 3 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return text
}

// coinbaseText is the miner's message and the address that it is paid to; "" if there is
// none.
type coinbaseText struct{ message, address string }

func coinbaseTextOf(b *block.Block, p *consensus.Params) (t coinbaseText) {
	t.message = coinbaseMessage(b.Txs[0])
	if len(b.Txs[0].Outputs) > 0 {
		t.address = addressIn(p, b.Txs[0].Outputs[0].Script)
	}
	return t
}
