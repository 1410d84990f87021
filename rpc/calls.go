package rpc

import (
	"context"
	"encoding/hex"
	"fmt"

	"toychain/block"
)

// This file has a method of Client for each call that toychain's own programs
// make; everything else goes through Client.Call. Their errors are Call's.

// ask calls a method for a value of type T.
func ask[T any](ctx context.Context, c *Client, method string, params ...any) (out T, err error) {
	err = c.Call(ctx, method, params, &out)
	return out, err
}

// BlockchainInfo asks for the state of the chain.
func (c *Client) BlockchainInfo(ctx context.Context) (BlockchainInfo, error) {
	return ask[BlockchainInfo](ctx, c, "getblockchaininfo")
}

// BestBlockHash asks for the tip.
func (c *Client) BestBlockHash(ctx context.Context) (block.Hash, error) {
	return ask[block.Hash](ctx, c, "getbestblockhash")
}

// BlockCount asks for the height of the tip.
func (c *Client) BlockCount(ctx context.Context) (block.Height, error) {
	return ask[block.Height](ctx, c, "getblockcount")
}

// BlockHash asks for the block at a height of the best chain.
func (c *Client) BlockHash(ctx context.Context, h block.Height) (block.Hash, error) {
	return ask[block.Hash](ctx, c, "getblockhash", h)
}

// Header asks for a header of any branch.
func (c *Client) Header(ctx context.Context, hash block.Hash) (Header, error) {
	return ask[Header](ctx, c, "getblockheader", hash)
}

// Block asks for a block of any branch, with its transactions taken apart.
func (c *Client) Block(ctx context.Context, hash block.Hash) (FullBlock, error) {
	return ask[FullBlock](ctx, c, "getblock", hash, 2)
}

// RawBlock asks for a block of any branch, as it is.
func (c *Client) RawBlock(ctx context.Context, hash block.Hash) (*block.Block, error) {
	raw, err := askHex(ctx, c, "getblock", hash, 0)
	if err != nil {
		return nil, err
	}
	return block.Parse(raw)
}

// askHex calls a method that answers with hex digits.
func askHex(ctx context.Context, c *Client, method string, params ...any) ([]byte, error) {
	text, err := ask[string](ctx, c, method, params...)
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: the node's answer: %w", method, err)
	}
	return raw, nil
}

// Tips asks for the ends of all branches.
func (c *Client) Tips(ctx context.Context) ([]Tip, error) {
	return ask[[]Tip](ctx, c, "getchaintips")
}

// Tree asks for all blocks of all branches from a height on.
func (c *Client) Tree(ctx context.Context, from block.Height) (Tree, error) {
	return ask[Tree](ctx, c, "getblocktree", from)
}

// Reorgs asks for the journal's last entries, the oldest first; 0: for all.
func (c *Client) Reorgs(ctx context.Context, limit int) ([]Reorg, error) {
	return ask[[]Reorg](ctx, c, "getreorgs", limit)
}

// StaleRate asks which part of the blocks from a height on is on dead branches.
func (c *Client) StaleRate(ctx context.Context, from, to block.Height) (StaleRate, error) {
	return ask[StaleRate](ctx, c, "getstalerate", from, to)
}

// CoinStats asks for the coin set's hash and sums.
func (c *Client) CoinStats(ctx context.Context) (CoinStats, error) {
	return ask[CoinStats](ctx, c, "gettxoutsetinfo")
}

// Verify asks the node to check its last blocks again; 0: all.
func (c *Client) Verify(ctx context.Context, blocks int) (bool, error) {
	return ask[bool](ctx, c, "verifychain", 3, blocks)
}

// WaitForHeight waits until the tip is at least at this height.
func (c *Client) WaitForHeight(ctx context.Context, h block.Height) (BlockRef, error) {
	return ask[BlockRef](ctx, c, "waitforblockheight", h)
}

// Invalidate says that a block is to be treated as if it broke a rule.
func (c *Client) Invalidate(ctx context.Context, hash block.Hash) error {
	return c.Call(ctx, "invalidateblock", []any{hash}, nil)
}

// Reconsider takes Invalidate back.
func (c *Client) Reconsider(ctx context.Context, hash block.Hash) error {
	return c.Call(ctx, "reconsiderblock", []any{hash}, nil)
}

// AddressUTXOs asks for the coins of an address, with those that the pool makes if
// pending is true.
func (c *Client) AddressUTXOs(ctx context.Context, address string, pending bool) ([]UTXO, error) {
	return ask[[]UTXO](ctx, c, "getaddressutxos", address, pending)
}

// AddressHistory asks for what an address received and sent, the oldest first.
func (c *Client) AddressHistory(ctx context.Context, address string) ([]HistoryRow, error) {
	return ask[[]HistoryRow](ctx, c, "getaddresshistory", address)
}

// ValidateAddress asks whether the node's network has such an address.
func (c *Client) ValidateAddress(ctx context.Context, address string) (AddressInfo, error) {
	return ask[AddressInfo](ctx, c, "validateaddress", address)
}

// SendRaw hands a payment to the node's pool, which passes it on.
func (c *Client) SendRaw(ctx context.Context, tx *block.Tx) (block.Hash, error) {
	return ask[block.Hash](ctx, c, "sendrawtransaction", hex.EncodeToString(tx.Bytes()))
}

// TestAccept asks whether the pool would take a payment.
func (c *Client) TestAccept(ctx context.Context, tx *block.Tx) (TestAccept, error) {
	rows, err := ask[[]TestAccept](ctx, c, "testmempoolaccept", []string{hex.EncodeToString(tx.Bytes())})
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("testmempoolaccept: %d rows for one transaction", len(rows))
	}
	if err != nil {
		return TestAccept{}, err
	}
	return rows[0], nil
}

// Tx asks for a transaction of the pool or of a block.
func (c *Client) Tx(ctx context.Context, txid block.Hash) (Tx, error) {
	return ask[Tx](ctx, c, "getrawtransaction", txid, 1)
}

// TxHistory follows a transaction through every branch.
func (c *Client) TxHistory(ctx context.Context, txid block.Hash) (TxHistory, error) {
	return ask[TxHistory](ctx, c, "gettxhistory", txid)
}

// RawTx asks for a transaction as it is.
func (c *Client) RawTx(ctx context.Context, txid block.Hash) (*block.Tx, error) {
	raw, err := askHex(ctx, c, "getrawtransaction", txid)
	if err != nil {
		return nil, err
	}
	return block.ParseTx(raw)
}

// RawMempool asks for the payments that are pending.
func (c *Client) RawMempool(ctx context.Context) ([]block.Hash, error) {
	return ask[[]block.Hash](ctx, c, "getrawmempool")
}

// MempoolInfo asks how full the pool is.
func (c *Client) MempoolInfo(ctx context.Context) (MempoolInfo, error) {
	return ask[MempoolInfo](ctx, c, "getmempoolinfo")
}

// Generate mines n blocks on top of the tip, paid to address, and returns them.
func (c *Client) Generate(ctx context.Context, n int, address string) ([]block.Hash, error) {
	return ask[[]block.Hash](ctx, c, "generatetoaddress", n, address, generateTries)
}

// generateTries is how many nonces Generate lets the node try: as good as no limit,
// the caller's context is one.
const generateTries = 1 << 53

// SubmitBlock hands a block to the node. The reason is "" if it was accepted, else
// BIP22's: "duplicate", "inconclusive" or the rule that it breaks.
func (c *Client) SubmitBlock(ctx context.Context, b *block.Block) (reason string, err error) {
	r, err := ask[*string](ctx, c, "submitblock", hex.EncodeToString(b.Bytes()))
	if r != nil {
		reason = *r
	}
	return reason, err
}

// MiningInfo asks about the miner and the pool.
func (c *Client) MiningInfo(ctx context.Context) (MiningInfo, error) {
	return ask[MiningInfo](ctx, c, "getmininginfo")
}

// SetMining lets the node mine for address, at most hashrate hashes per second (0:
// no cap); an empty address stops it.
func (c *Client) SetMining(ctx context.Context, address string, hashrate float64) (MiningInfo, error) {
	return ask[MiningInfo](ctx, c, "setmining", address, hashrate)
}
