package server

import (
	"encoding/hex"
	"errors"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/rpc"
)

// maxSubmit is how many blocks submitblocks takes at a time: with BatchBytes of them
// the node is busy for a few tenths of a second. Ours.
const maxSubmit = rpc.BatchBlocks

func submitBlock(c *call) (any, *rpc.Error) {
	b, err := decodeBlock(c.str(0))
	if err != nil {
		return nil, err
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() { // as Core says it; else it is bad-cb-missing
		return nil, fail(rpc.CodeDeserialization, "Block does not start with a coinbase")
	}
	return c.became(b, c.node.SubmitBlock(c.ctx, b))
}

func submitBlocks(c *call) (any, *rpc.Error) {
	texts, err := c.strings(0)
	if err != nil {
		return nil, err
	}
	if len(texts) > maxSubmit {
		return nil, fail(rpc.CodeInvalidParam, "%d blocks, at most %d", len(texts), maxSubmit)
	}
	blocks := make([]*block.Block, len(texts))
	for i, text := range texts {
		if blocks[i], err = decodeBlock(text); err != nil {
			return nil, fail(err.Code, "block %d of %d: %s", i+1, len(texts), err.Message)
		}
	}
	answers, e := c.node.SubmitBlocks(c.ctx, blocks)
	if e != nil {
		return nil, trouble(e)
	}
	out := make([]any, len(blocks))
	for i, b := range blocks {
		if out[i], err = c.became(b, answers[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decodeBlock(text string) (*block.Block, *rpc.Error) {
	raw, err := hex.DecodeString(text)
	var b *block.Block
	if err == nil {
		b, err = block.Parse(raw)
	}
	if err != nil {
		return nil, fail(rpc.CodeDeserialization, "Block decode failed")
	}
	return b, nil
}

// became says by BIP22's words what became of a block that was handed in: nil if it is
// on the best chain.
func (c *call) became(b *block.Block, answer error) (any, *rpc.Error) {
	switch {
	case errors.Is(answer, chain.ErrKnown):
		return "duplicate", nil
	case errors.Is(answer, consensus.ErrNoParent):
		return "prev-blk-not-found", nil
	case reasonOf(answer) != "":
		return reasonOf(answer), nil
	case answer != nil:
		return nil, trouble(answer)
	}
	info, err := c.info(b.Hash())
	if err != nil {
		return nil, err
	}
	if !info.Active {
		return "inconclusive", nil
	}
	return nil, nil
}
