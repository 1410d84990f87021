package server

import (
	"errors"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/rpc"
)

// maxSubmit is how many blocks submitblocks accepts at a time: BatchBytes of them keep
// the node busy for a few tenths of a second. Ours.
const maxSubmit = rpc.BatchBlocks

func submitBlock(c *call, a rpc.SubmitBlockArgs) (*string, error) {
	b, err := decodeBlock(a.Block)
	if err != nil {
		return nil, err
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() { // as in Core; otherwise it would be bad-cb-missing
		return nil, fail(rpc.CodeDeserialization, "Block does not start with a coinbase")
	}
	return c.submitResult(b, c.node.SubmitBlock(c.ctx, b))
}

func submitBlocks(c *call, a rpc.SubmitBlocksArgs) ([]*string, error) {
	n := len(a.Blocks)
	if n > maxSubmit {
		return nil, fail(rpc.CodeInvalidParam, "%d blocks, at most %d", n, maxSubmit)
	}
	blocks := make([]*block.Block, n)
	var err error
	for i, text := range a.Blocks {
		if blocks[i], err = decodeBlock(text); err != nil {
			return nil, fail(rpc.CodeDeserialization, "block %d of %d: %s", i+1, n, rpcError(err).Message)
		}
	}
	answers, err := c.node.SubmitBlocks(c.ctx, blocks)
	if err != nil {
		return nil, err
	}
	out := make([]*string, n)
	for i, b := range blocks {
		if out[i], err = c.submitResult(b, answers[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// submitResult returns BIP22's word for the fate of a block that was submitted: nil if it
// is on the best chain.
func (c *call) submitResult(b *block.Block, answer error) (*string, error) {
	switch {
	case errors.Is(answer, chain.ErrKnown):
		return new("duplicate"), nil
	case errors.Is(answer, consensus.ErrNoParent):
		return new("prev-blk-not-found"), nil
	case reasonOf(answer) != "":
		return new(reasonOf(answer)), nil
	case answer != nil:
		return nil, answer
	}
	info, err := c.info(b.Hash())
	if err == nil && !info.Active {
		return new("inconclusive"), nil
	}
	return nil, err
}
