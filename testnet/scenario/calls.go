package scenario

import (
	"context"
	"errors"

	"toychain/block"
	"toychain/rpc"
)

// refusal returns the message of a node that refused a call.
func refusal(err error) (string, bool) {
	var no *rpc.Error
	if errors.As(err, &no) {
		return no.Message, true
	}
	return "", false
}

// blockOf returns the block of a node's best chain that holds a transaction, or zeros.
func (p *player) blockOf(ctx context.Context, node string, id block.Hash) (block.Hash, error) {
	n, err := p.world.Node(node)
	if err != nil {
		return block.Hash{}, err
	}
	tx, err := n.Tx(ctx, id)
	if _, unknown := refusal(err); unknown {
		return block.Hash{}, nil
	}
	if err != nil || tx.Confirmations == nil || *tx.Confirmations < 1 {
		return block.Hash{}, err
	}
	return tx.BlockHash, nil
}

// refuses returns why a node's mempool would not accept a transaction, or "".
func (p *player) refuses(ctx context.Context, node string, tx *block.Tx) (string, error) {
	n, err := p.world.Node(node)
	if err != nil {
		return "", err
	}
	answer, err := n.TestAccept(ctx, tx)
	if err != nil || answer.Allowed == nil || *answer.Allowed {
		return "", err
	}
	return answer.RejectReason, nil
}

// submit hands a node a block, and returns why it rejects it, or "". That it knows the
// block already, or stores it on a side branch, is no rejection.
func (p *player) submit(ctx context.Context, node string, b *block.Block) (string, error) {
	n, err := p.world.Node(node)
	if err != nil {
		return "", err
	}
	reason, err := n.SubmitBlock(ctx, b)
	if reason == "duplicate" || reason == "inconclusive" {
		reason = ""
	}
	return reason, err
}
