package rpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"toychain/block"
)

// Ask is one call of a batch.
type Ask struct {
	Method string
	Params []any // may be nil
	Result any   // the result is read into this; may be nil
	Err    error // set by Batch: an *Error if the node refused the call
}

// Batch makes several calls in one request, at most 10,000, which the node answers one
// after the other. Each Ask gets the error of its call; the error that is returned is
// that of the whole request, as Call's.
func (c *Client) Batch(ctx context.Context, asks []Ask) error {
	if len(asks) == 0 {
		return nil
	}
	calls := make([]map[string]any, len(asks))
	for i, a := range asks {
		if a.Params == nil {
			a.Params = []any{}
		}
		calls[i] = map[string]any{"jsonrpc": "2.0", "id": i, "method": a.Method, "params": a.Params}
	}
	var answers []struct {
		ID     *int            `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  *Error          `json:"error"`
	}
	what := fmt.Sprintf("batch of %d calls", len(asks))
	if err := c.post(ctx, what, calls, &answers); err != nil {
		return err
	}
	if len(answers) != len(asks) {
		return fmt.Errorf("%s: %s sends %d answers: is it a toychain node?", what, c.url, len(answers))
	}
	for i, a := range answers {
		switch ask := &asks[i]; {
		case a.ID == nil || *a.ID != i:
			return fmt.Errorf("%s: answer %d is not to that call", what, i)
		case a.Error != nil:
			ask.Err = a.Error
		default:
			ask.Err = storeResult(ask.Method, a.Result, ask.Result)
		}
	}
	return nil
}

const (
	// BatchBlocks and BatchBytes are how many blocks, and of how many bytes, fit into
	// one call of SubmitBlocks; a single one always does.
	BatchBlocks = 500
	BatchBytes  = 2 << 20
	// BlocksPerAnswer is how many blocks of the greatest size fit into the answer to a
	// batch, which the server bounds.
	BlocksPerAnswer = 30
)

// SubmitBlocks submits several blocks, each after its parent. The reasons are those of
// SubmitBlock, one for each block.
func (c *Client) SubmitBlocks(ctx context.Context, blocks []*block.Block) (reasons []string, err error) {
	texts := make([]string, len(blocks))
	for i, b := range blocks {
		texts[i] = hex.EncodeToString(b.Bytes())
	}
	results, err := SubmitBlocks.Call(ctx, c, SubmitBlocksArgs{texts})
	if err == nil && len(results) != len(blocks) {
		err = fmt.Errorf("submitblocks: %d results for %d blocks", len(results), len(blocks))
	}
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if r == nil {
			r = new(string)
		}
		reasons = append(reasons, *r)
	}
	return reasons, nil
}

// BlocksFrom returns blocks of the best chain from a height on: at most count of them,
// and fewer if the chain ends or an answer would be too long.
func (c *Client) BlocksFrom(ctx context.Context, first block.Height, count int) ([]*block.Block, error) {
	count = min(count, BlocksPerAnswer)
	asks, hashes := make([]Ask, count), make([]block.Hash, count)
	for i := range asks {
		asks[i] = GetBlockHash.Ask(HeightArg{int64(first) + int64(i)}, &hashes[i])
	}
	if err := c.Batch(ctx, asks); err != nil {
		return nil, err
	}
	if count > 0 && asks[0].Err != nil {
		return nil, asks[0].Err
	}
	texts := make([]string, count)
	var bodies []Ask
	for i := range asks {
		if asks[i].Err != nil {
			break // the chain ends here
		}
		bodies = append(bodies, As[string](GetBlock).Ask(GetBlockArgs{hashes[i], new(Verbosity(0))}, &texts[i]))
	}
	if err := c.Batch(ctx, bodies); err != nil {
		return nil, err
	}
	out := make([]*block.Block, len(bodies))
	for i := range bodies {
		if bodies[i].Err != nil {
			return nil, bodies[i].Err
		}
		var err error
		if out[i], err = parseBlock(texts[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
