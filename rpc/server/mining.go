package server

import (
	"encoding/hex"
	"errors"
	"math"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
	"toychain/rpc/answer"
)

const (
	// defaultTries is how many nonces generatetoaddress tries for a block (Core:
	// DEFAULT_MAX_TRIES).
	defaultTries = 1_000_000
	// defaultLookup is over how many blocks the network's hash rate is estimated.
	defaultLookup = 120
)

func generateToAddress(c *call, a rpc.GenerateToAddressArgs) ([]block.Hash, error) {
	script, err := c.payTo(a.Address, "Error: Invalid address")
	if err != nil {
		return nil, err
	}
	tries := or(a.MaxTries, defaultTries)
	if tries == 0 { // no limit for Generate
		return []block.Hash{}, nil
	}
	found, err := c.node.Generate(c.ctx, a.Blocks, script, tries)
	if errors.Is(err, node.ErrTries) {
		err = nil // as in Core, fewer than requested and no error
	}
	return append([]block.Hash{}, found...), err
}

func generateBlock(c *call, a rpc.GenerateBlockArgs) (rpc.GeneratedBlock, error) {
	script, err := c.payTo(a.Output, "Error: Invalid address or descriptor")
	if err != nil {
		return rpc.GeneratedBlock{}, err
	}
	txs := make([]*block.Tx, len(a.Txs))
	for i, s := range a.Txs {
		if txs[i], err = c.poolOrHex(s); err != nil {
			return rpc.GeneratedBlock{}, err
		}
	}
	now := c.node.Now()
	t, err := look(c, func(e *engine.Engine) (*engine.Template, error) {
		t, err := e.TemplateOf(txs, script, uint64(now.UnixNano()), c.node.Name(), now)
		if reason := answer.Reason(err); reason != "" {
			return nil, fail(rpc.CodeVerify, "TestBlockValidity failed: %s", reason)
		}
		return t, err
	})
	if err != nil {
		return rpc.GeneratedBlock{}, err
	}
	b, err := c.node.Solve(c.ctx, t)
	if err != nil {
		return rpc.GeneratedBlock{}, err
	}
	out := rpc.GeneratedBlock{Hash: b.Hash()}
	if !or(a.Submit, true) {
		out.Hex = hex.EncodeToString(b.Bytes())
		return out, nil
	}
	if err := c.node.SubmitBlock(c.ctx, b); err != nil {
		return rpc.GeneratedBlock{}, fail(rpc.CodeMisc, "ProcessNewBlock, block not accepted: %v", err)
	}
	return out, nil
}

// poolOrHex returns the transaction of the mempool with this txid, or one in hex.
func (c *call) poolOrHex(s string) (*block.Tx, error) {
	if id, err := block.ParseHash(s); err == nil {
		return look(c, func(e *engine.Engine) (*block.Tx, error) {
			entry, ok := e.Pool().Get(id)
			if !ok {
				return nil, fail(rpc.CodeInvalidAddress, "Transaction %s not in mempool.", id)
			}
			return entry.Tx, nil
		})
	}
	tx, err := decodeTx(s)
	if err != nil {
		return nil, fail(rpc.CodeDeserialization, "Transaction decode failed for %s. Make sure the tx has at least one input.", clip(s))
	}
	return tx, nil
}

func getMiningInfo(c *call, _ rpc.None) (rpc.MiningInfo, error) {
	info, err := look(c, func(e *engine.Engine) (rpc.MiningInfo, error) {
		tip := e.Tree().Tip()
		info := rpc.MiningInfo{Blocks: tip.Height, Difficulty: answer.Difficulty(tip.Header.Bits), PooledTx: e.Pool().Len(),
			NetworkHashPS: hashRate(e.Tree(), tip.Height, defaultLookup)}
		if a := e.Assembled(); a != nil {
			info.BlockWeight, info.BlockTx = new(4*a.Bytes), &a.Payments
		}
		return info, nil
	})
	m := c.node.Mining()
	info.Chain, info.Network, info.Warnings = chainName(c.node.Params()), c.node.Params().Name, []string{}
	info.Mining, info.Hashrate, info.HashrateCap, info.Found, info.Hashes = m.On, rpc.Float(m.Rate), m.Cap, m.Found, m.Hashes
	if m.Err != nil {
		info.Warnings = append(info.Warnings, "mining fails and is tried again: "+m.Err.Error())
	}
	if m.On {
		info.Address = c.addressOf(m.Script)
	}
	return info, err
}

func setMining(c *call, a rpc.SetMiningArgs) (rpc.MiningInfo, error) {
	var script []byte
	if a.Address != "" {
		var err error
		if script, err = c.payTo(a.Address, "Error: Invalid address"); err != nil {
			return rpc.MiningInfo{}, err
		}
	}
	if a.Hashrate < 0 || math.IsInf(a.Hashrate, 0) {
		return rpc.MiningInfo{}, fail(rpc.CodeInvalidParam, "hashrate must be a number, 0 or more")
	}
	c.node.SetMining(script, a.Hashrate)
	return getMiningInfo(c, rpc.None{})
}

func getNetworkHashPS(c *call, a rpc.GetNetworkHashPSArgs) (rpc.Float, error) {
	lookup, height := or(a.Blocks, defaultLookup), or(a.Height, -1)
	if lookup < -1 || lookup == 0 {
		return 0, fail(rpc.CodeInvalidParam, "Invalid nblocks. Must be a positive number or -1.")
	}
	return look(c, func(e *engine.Engine) (rpc.Float, error) {
		tip := e.Tree().Tip()
		if height < -1 || height > int(tip.Height) {
			return 0, fail(rpc.CodeInvalidParam, "Block does not exist at specified height")
		}
		if height == -1 {
			height = int(tip.Height)
		}
		return hashRate(e.Tree(), block.Height(height), lookup), nil
	})
}

// hashRate estimates hashes per second from the work of the lookup blocks up to a
// height and the span of their times (Core: GetNetworkHashPS).
func hashRate(t *chain.Tree, top block.Height, lookup int) rpc.Float {
	if lookup == -1 {
		lookup = int(top)
		if w := t.Params().Window; w > 0 {
			lookup = int(top)%w + 1
		}
	}
	lookup = min(lookup, int(top))
	if lookup <= 0 {
		return 0
	}
	at := func(h block.Height) chain.Info {
		hash, _ := t.At(h)
		info, _ := t.Info(hash)
		return info
	}
	last, first := at(top), at(top-block.Height(lookup))
	low, high := first.State.Header.Time, first.State.Header.Time
	for h := first.State.Height + 1; h <= top; h++ {
		time := at(h).State.Header.Time
		low, high = min(low, time), max(high, time)
	}
	if low == high {
		return 0
	}
	return rpc.Float(last.Work.Sub(first.Work).Float() / float64(high-low))
}

func submitHeader(c *call, a rpc.SubmitHeaderArgs) (rpc.Null, error) {
	h, err := decode(a.Header, block.ParseHeader, "Block header decode failed")
	if err != nil {
		return nil, err
	}
	err = c.node.SubmitHeaders(c.ctx, []block.Header{h})
	switch {
	case errors.Is(err, chain.ErrKnown):
		return nil, nil
	case errors.Is(err, consensus.ErrNoParent):
		return nil, fail(rpc.CodeVerify, "Must submit previous header (%s) first", h.Prev)
	case answer.Reason(err) != "":
		return nil, fail(rpc.CodeVerify, "%s", answer.Reason(err))
	}
	return nil, err
}

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
func (c *call) submitResult(b *block.Block, verdict error) (*string, error) {
	said, err := answer.Submitted(verdict, func() (bool, error) {
		info, err := c.info(b.Hash())
		return info.Active, err
	})
	if said == "" {
		return nil, err
	}
	return &said, nil
}
