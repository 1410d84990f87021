package server

import (
	"encoding/hex"
	"errors"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/node"
	"toychain/pow"
	"toychain/rpc"
	"toychain/wallet"
)

func miningMethods() []method {
	return []method{
		{name: "generateblock", call: generateBlock, long: true, example: exampleAddress + " '[]'",
			params: []param{need("output", kindString, "address to pay"),
				need("transactions", kindArray, "txids of the pool, or transactions in hex, in the block's order"),
				may("submit", kindBool, "false: return the block instead (default true)")},
			about: "Mines one block with exactly these transactions.", returns: `{"hash", "hex"}`},
		{name: "generatetoaddress", call: generateToAddress, long: true, example: "3 " + exampleAddress,
			params: []param{need("nblocks", kindNumber, "how many"), need("address", kindString, "whom to pay"),
				may("maxtries", kindNumber, "nonces to try for each (default 1000000)")},
			about: "Mines blocks on top of the tip, by real proof of work on all cores.", returns: "[hash]"},
		{name: "getmininginfo", call: getMiningInfo,
			about: "Returns what the miner does and how much is mined on the network.", returns: "object"},
		{name: "getnetworkhashps", call: getNetworkHashPS,
			params: []param{may("nblocks", kindNumber, "over how many blocks; -1: since the target changed (default 120)"),
				may("height", kindNumber, "at this height; -1: at the tip (default -1)")},
			about: "Estimates how many hashes per second all miners do together.", returns: "number"},
		{name: "submitblock", call: submitBlock, example: `"blockhex"`,
			params: []param{need("hexdata", kindString, "the block"), may("dummy", kindOther, "ignored")},
			about:  "Hands in a block. The result is null if it is on the best chain now, else why not.", returns: "null or string (BIP22)"},
		{name: "submitheader", call: submitHeader, example: `"headerhex"`,
			params: []param{need("hexdata", kindString, "the header")},
			about:  "Hands in a header.", returns: "null"},
	}
}

const exampleAddress = `"mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt"`

const (
	// defaultTries is how many nonces generatetoaddress tries for a block (Core:
	// DEFAULT_MAX_TRIES).
	defaultTries = 1_000_000
	// defaultLookup is over how many blocks the network's hashes are estimated.
	defaultLookup = 120
)

func generateToAddress(c *call) (any, *rpc.Error) {
	count, err := number(c, 0, 0)
	if err != nil {
		return nil, err
	}
	script, err := c.payTo(c.str(1), "Error: Invalid address")
	if err != nil {
		return nil, err
	}
	tries, err := number(c, 2, uint64(defaultTries))
	if err != nil {
		return nil, err
	}
	hashes := []block.Hash{}
	for len(hashes) < count && tries > 0 {
		found, e := c.node.Generate(c.ctx, 1, script, tries)
		if hashes = append(hashes, found...); errors.Is(e, node.ErrTries) {
			break // as in Core, fewer than wanted and no error
		}
		if e != nil {
			return nil, trouble(e)
		}
	}
	return hashes, nil
}

// GeneratedBlock is the result of generateblock.
type GeneratedBlock struct {
	Hash block.Hash `json:"hash"`
	Hex  string     `json:"hex,omitempty"` // if it was not submitted
}

func generateBlock(c *call) (any, *rpc.Error) {
	script, err := c.payTo(c.str(0), "Error: Invalid address or descriptor")
	if err != nil {
		return nil, err
	}
	texts, err := c.strings(1)
	if err != nil {
		return nil, err
	}
	txs := make([]*block.Tx, len(texts))
	for i, s := range texts {
		if txs[i], err = c.poolOrHex(s); err != nil {
			return nil, err
		}
	}
	now := c.node.Now()
	t, err := look(c, func(e *engine.Engine) (*engine.Template, *rpc.Error) {
		t, err := e.TemplateOf(txs, script, uint64(now.UnixNano()), c.node.Name(), now)
		switch {
		case err == nil:
		case reasonOf(err) != "":
			return nil, fail(rpc.CodeVerify, "TestBlockValidity failed: %s", reasonOf(err))
		default:
			return nil, trouble(err)
		}
		return t, nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.mine(t, uint64(now.UnixNano())); err != nil {
		return nil, err
	}
	out := GeneratedBlock{Hash: t.Block.Hash()}
	if !c.flag(2, true) {
		out.Hex = hex.EncodeToString(t.Block.Bytes())
		return out, nil
	}
	if e := c.node.SubmitBlock(c.ctx, t.Block); e != nil {
		return nil, fail(rpc.CodeMisc, "ProcessNewBlock, block not accepted: %v", e)
	}
	return out, nil
}

// poolOrHex returns a transaction of the pool, or one in hex.
func (c *call) poolOrHex(s string) (*block.Tx, *rpc.Error) {
	if id, err := block.ParseHash(s); err == nil {
		return look(c, func(e *engine.Engine) (*block.Tx, *rpc.Error) {
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

// chunk is how many nonces are tried between looks at whether the caller is gone:
// some milliseconds' work.
const chunk = 1 << 15

// mine searches a nonce for a template, on one core.
func (c *call) mine(t *engine.Template, extra uint64) *rpc.Error {
	target, err := pow.TargetFromBits(t.Block.Header.Bits)
	if err != nil {
		return trouble(err)
	}
	for from := uint64(0); ; {
		if err := c.ctx.Err(); err != nil {
			return trouble(err)
		}
		tried, found := pow.Search(&t.Block.Header, target, uint32(from), chunk)
		if found {
			return nil
		}
		if from += tried; from > 0xffffffff {
			from = 0
			extra++
			t.Vary(extra, c.node.Name())
		}
	}
}

func getMiningInfo(c *call) (any, *rpc.Error) {
	return c.miningInfo()
}

func (c *call) miningInfo() (rpc.MiningInfo, *rpc.Error) {
	info, err := look(c, func(e *engine.Engine) (rpc.MiningInfo, *rpc.Error) {
		tip := e.Tree().Tip()
		info := rpc.MiningInfo{Blocks: tip.Height, Difficulty: difficulty(tip.Header.Bits), PooledTx: e.Pool().Len(),
			NetworkHashPS: hashRate(e.Tree(), tip.Height, defaultLookup)}
		if a, ok := e.Assembled(); ok {
			weight := 4 * a.Bytes
			info.BlockWeight, info.BlockTx = &weight, &a.Payments
		}
		return info, nil
	})
	m := c.node.Mining()
	info.Chain, info.Warnings = c.node.Params().Name, []string{}
	info.Mining, info.Hashrate, info.HashrateCap, info.Found, info.Hashes = m.On, rpc.Float(m.Rate), m.Cap, m.Found, m.Hashes
	if a, ok := wallet.AddressOf(m.Script); ok && m.On {
		info.Address = a.Encode(c.node.Params().Prefixes)
	}
	return info, err
}

func getNetworkHashPS(c *call) (any, *rpc.Error) {
	lookup, err := number(c, 0, defaultLookup)
	if err == nil && (lookup < -1 || lookup == 0) {
		err = fail(rpc.CodeInvalidParam, "Invalid nblocks. Must be a positive number or -1.")
	}
	if err != nil {
		return nil, err
	}
	height, err := number(c, 1, -1)
	if err != nil {
		return nil, err
	}
	return look(c, func(e *engine.Engine) (rpc.Float, *rpc.Error) {
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

func submitHeader(c *call) (any, *rpc.Error) {
	raw, e := hex.DecodeString(c.str(0))
	var h block.Header
	if e == nil {
		h, e = block.ParseHeader(raw)
	}
	if e != nil {
		return nil, fail(rpc.CodeDeserialization, "Block header decode failed")
	}
	e = c.node.SubmitHeaders(c.ctx, []block.Header{h})
	switch {
	case errors.Is(e, consensus.ErrNoParent):
		return nil, fail(rpc.CodeVerify, "Must submit previous header (%s) first", h.Prev)
	case reasonOf(e) != "":
		return nil, fail(rpc.CodeVerify, "%s", reasonOf(e))
	case e != nil && !errors.Is(e, chain.ErrKnown):
		return nil, trouble(e)
	}
	return nil, nil
}
