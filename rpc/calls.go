package rpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"toychain/block"
)

// This file has a method of Client for each call that toychain's programs make often.
// The others are made with Method.Call, or by name with Client.Call, whose errors all
// of them return.

// BlockchainInfo returns the state of the chain.
func (c *Client) BlockchainInfo(ctx context.Context) (BlockchainInfo, error) {
	return GetBlockchainInfo.Call(ctx, c, None{})
}

// BestBlockHash returns the hash of the tip.
func (c *Client) BestBlockHash(ctx context.Context) (block.Hash, error) {
	return GetBestBlockHash.Call(ctx, c, None{})
}

// BlockCount returns the height of the tip.
func (c *Client) BlockCount(ctx context.Context) (block.Height, error) {
	return GetBlockCount.Call(ctx, c, None{})
}

// Header returns a header of any branch.
func (c *Client) Header(ctx context.Context, hash block.Hash) (Header, error) {
	return As[Header](GetBlockHeader).Call(ctx, c, GetBlockHeaderArgs{Block: hash})
}

// RawBlock returns a block of any branch.
func (c *Client) RawBlock(ctx context.Context, hash block.Hash) (*block.Block, error) {
	text, err := As[string](GetBlock).Call(ctx, c, GetBlockArgs{hash, new(Verbosity(0))})
	if err != nil {
		return nil, err
	}
	return parseBlock(text)
}

func parseBlock(text string) (*block.Block, error) {
	raw, err := hex.DecodeString(text)
	var b *block.Block
	if err == nil {
		b, err = block.Parse(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("getblock: the node's answer: %w", err)
	}
	return b, nil
}

// Tree returns all blocks of all branches from a height on.
func (c *Client) Tree(ctx context.Context, from block.Height) (Tree, error) {
	return GetBlockTree.Call(ctx, c, GetBlockTreeArgs{From: int64(from)})
}

// Outline returns the blocks from a height on that are near tips and forks, at these other
// heights (ascending), and at the same heights as these on other branches.
func (c *Client) Outline(ctx context.Context, from block.Height, heights []block.Height) (Tree, error) {
	args := GetBlockTreeArgs{From: int64(from), Folded: true}
	for _, h := range heights {
		if n := len(args.Heights); n > 0 && args.Heights[n-1] == h-1 {
			args.Heights[n-1] = h
			continue
		}
		args.Heights = append(args.Heights, h, h)
	}
	return GetBlockTree.Call(ctx, c, args)
}

// TreeSince returns the blocks that changed after an earlier answer with this sequence
// number, if the node still knows which (Tree.Changes), or an outline.
func (c *Client) TreeSince(ctx context.Context, since int64) (Tree, error) {
	return GetBlockTree.Call(ctx, c, GetBlockTreeArgs{Folded: true, Since: &since})
}

// Reorgs returns the last entries of the journal, the oldest first; limit 0: all.
func (c *Client) Reorgs(ctx context.Context, limit int) ([]Reorg, error) {
	return GetReorgs.Call(ctx, c, GetReorgsArgs{&limit})
}

// Invalidate has the node treat a block as if it broke a rule.
func (c *Client) Invalidate(ctx context.Context, hash block.Hash) error {
	return InvalidateBlock.Do(ctx, c, BlockArg{hash})
}

// Reconsider undoes Invalidate.
func (c *Client) Reconsider(ctx context.Context, hash block.Hash) error {
	return ReconsiderBlock.Do(ctx, c, BlockArg{hash})
}

// AddressUTXOs returns the coins of some addresses, including those of the mempool if
// pending is true.
func (c *Client) AddressUTXOs(ctx context.Context, addresses []string, pending bool) ([]UTXO, error) {
	return GetAddressUTXOs.Call(ctx, c, GetAddressUTXOsArgs{addresses, pending})
}

// AddressHistory returns what some addresses received and sent, the oldest first; with
// details also what reorganisations took, and who was on the other side.
func (c *Client) AddressHistory(ctx context.Context, addresses []string, details bool) ([]HistoryRow, error) {
	return GetAddressHistory.Call(ctx, c, GetAddressHistoryArgs{addresses, details})
}

// SendRaw submits a transaction to the node's mempool, from which it is relayed.
func (c *Client) SendRaw(ctx context.Context, tx *block.Tx) (block.Hash, error) {
	return SendRawTransaction.Call(ctx, c, SendRawTransactionArgs{Tx: hex.EncodeToString(tx.Bytes())})
}

// TestAccept returns whether the mempool would accept a transaction.
func (c *Client) TestAccept(ctx context.Context, tx *block.Tx) (TestAccept, error) {
	rows, err := TestMempoolAccept.Call(ctx, c, TestMempoolAcceptArgs{Txs: []string{hex.EncodeToString(tx.Bytes())}})
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("testmempoolaccept: %d rows for one transaction", len(rows))
	}
	if err != nil {
		return TestAccept{}, err
	}
	return rows[0], nil
}

// Tx returns a transaction of the mempool or of a block.
func (c *Client) Tx(ctx context.Context, txid block.Hash) (Tx, error) {
	return As[Tx](GetRawTransaction).Call(ctx, c, GetRawTransactionArgs{TxID: txid, Verbosity: 1})
}

// RawMempool returns the txids of the pending transactions.
func (c *Client) RawMempool(ctx context.Context) ([]block.Hash, error) {
	return As[[]block.Hash](GetRawMempool).Call(ctx, c, GetRawMempoolArgs{})
}

// MempoolInfo returns the size of the mempool and the fees that it demands.
func (c *Client) MempoolInfo(ctx context.Context) (MempoolInfo, error) {
	return GetMempoolInfo.Call(ctx, c, None{})
}

// generateTries is how many nonces Generate lets the node try: in effect without a
// limit, the caller's context is one.
const generateTries = 1 << 53

// Generate mines n blocks on top of the tip, paid to address, and returns them.
func (c *Client) Generate(ctx context.Context, n int, address string) ([]block.Hash, error) {
	return GenerateToAddress.Call(ctx, c, GenerateToAddressArgs{n, address, new(uint64(generateTries))})
}

// SubmitBlock submits a block. The reason is "" if it was accepted, otherwise BIP22's:
// "duplicate", "inconclusive" or the rule that it breaks.
func (c *Client) SubmitBlock(ctx context.Context, b *block.Block) (reason string, err error) {
	return As[string](SubmitBlock).Call(ctx, c, SubmitBlockArgs{Block: hex.EncodeToString(b.Bytes())}) // null is ""
}

// SetMining lets the node mine for address, at most hashrate hashes per second (0:
// no cap); an empty address stops it.
func (c *Client) SetMining(ctx context.Context, address string, hashrate float64) (MiningInfo, error) {
	return SetMining.Call(ctx, c, SetMiningArgs{address, hashrate})
}

// AddPeer has the node stay connected with a peer. multiaddr ends in /p2p/ and the
// peer's ID.
func (c *Client) AddPeer(ctx context.Context, multiaddr string) error {
	return AddNode.Do(ctx, c, AddNodeArgs{Node: multiaddr, Command: "add"})
}

// ForgetPeer undoes AddPeer.
func (c *Client) ForgetPeer(ctx context.Context, peer string) error {
	return AddNode.Do(ctx, c, AddNodeArgs{Node: peer, Command: "remove"})
}

// Bans returns the banned peers.
func (c *Client) Bans(ctx context.Context) ([]Ban, error) {
	return ListBanned.Call(ctx, c, None{})
}

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
	reasons, err = As[[]string](SubmitBlocks).Call(ctx, c, SubmitBlocksArgs{texts})
	if err == nil && len(reasons) != len(blocks) {
		err = fmt.Errorf("submitblocks: %d results for %d blocks", len(reasons), len(blocks))
	}
	return reasons, err
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
		err := bodies[i].Err
		if err == nil {
			out[i], err = parseBlock(texts[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
