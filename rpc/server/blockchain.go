package server

import (
	"errors"
	"fmt"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/pow"
	"toychain/rpc"
)

func blockchainMethods() []method {
	return []method{
		{name: "getbestblockhash", call: getBestBlockHash,
			about: "Returns the hash of the best block: the tip of the chain with the most work.", returns: "hash"},
		{name: "getblockchaininfo", call: getBlockchainInfo,
			about: "Returns the state of the chain: height, difficulty, work, and what comes next.", returns: "object"},
		{name: "getblockcount", call: getBlockCount,
			about: "Returns the height of the best chain. Genesis has height 0.", returns: "number"},
		{name: "getblockhash", call: getBlockHash, example: "1000",
			params: []param{need("height", kindNumber, "height on the best chain")},
			about:  "Returns the hash of the block at a height of the best chain.", returns: "hash"},
		{name: "getchaintips", call: getChainTips,
			about: "Returns the ends of all branches of the block tree, that of the best chain included. " +
				"status is active; valid-fork: was or could be the best chain; valid-headers: its transactions were never " +
				"judged; headers-only: some of them are missing; invalid: it breaks a rule, or a user said so.",
			returns: `[{"height", "hash", "branchlen", "status"}]`},
		{name: "getdifficulty", call: getDifficulty,
			about: "Returns how many times harder than Bitcoin's easiest target the tip's target is.", returns: "number"},
		{name: "invalidateblock", call: overrule(engine.Invalidate), example: exampleHash,
			params: []param{need("blockhash", kindString, "the block")},
			about:  "Treats a block and all that is built on it as if it broke a rule.", returns: "null"},
		{name: "reconsiderblock", call: overrule(engine.Reconsider), example: exampleHash,
			params: []param{need("blockhash", kindString, "the block")},
			about:  "Takes invalidateblock back, for the block, its ancestors and its descendants.", returns: "null"},
		{name: "preciousblock", call: overrule(engine.Precious), example: exampleHash,
			params: []param{need("blockhash", kindString, "the block")},
			about:  "Treats a block as if it had been seen before all others with the same work.", returns: "null"},
		{name: "verifychain", call: verifyChain, long: true, example: "3 100",
			params: []param{may("checklevel", kindNumber, "0 to 4, as in Core; everything is checked in any case (default 3)"),
				may("nblocks", kindNumber, "how many blocks; 0: all (default 6)")},
			about: "Judges the last blocks of the best chain again, with the coins that they spent.", returns: "boolean"},
	}
}

const exampleHash = `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`

func getBestBlockHash(c *call) (any, *rpc.Error) {
	tip, err := c.tip()
	return tip.Hash, err
}

func getBlockCount(c *call) (any, *rpc.Error) {
	tip, err := c.tip()
	return tip.Height, err
}

func getDifficulty(c *call) (any, *rpc.Error) {
	tip, err := c.tip()
	return difficulty(tip.Header.Bits), err
}

// tip returns the state at the end of the best chain.
func (c *call) tip() (consensus.State, *rpc.Error) {
	return look(c, func(e *engine.Engine) (consensus.State, *rpc.Error) { return e.Tree().Tip(), nil })
}

// difficulty returns what bits in a judged header stand for.
func difficulty(bits uint32) rpc.Float {
	t, err := pow.TargetFromBits(bits)
	if err != nil {
		return 0
	}
	return rpc.Float(t.Difficulty())
}

func targetText(bits uint32) string {
	t, err := pow.TargetFromBits(bits)
	if err != nil {
		return ""
	}
	return t.String()
}

func bitsText(bits uint32) string { return fmt.Sprintf("%08x", bits) }

func getBlockchainInfo(c *call) (any, *rpc.Error) {
	type now struct {
		tip, best  consensus.State
		catchingUp bool
	}
	v, err := look(c, func(e *engine.Engine) (now, *rpc.Error) {
		return now{e.Tree().Tip(), e.Tree().BestHeader(), e.CatchingUp()}, nil
	})
	if err != nil {
		return nil, err
	}
	tip, p := &v.tip, c.node.Params()
	info := rpc.BlockchainInfo{
		Chain: p.Name, Blocks: tip.Height, Headers: v.best.Height, BestBlockHash: tip.Hash,
		Difficulty: difficulty(tip.Header.Bits), Time: tip.Header.Time, MedianTime: tip.MedianTime(),
		VerificationProgress: 1, InitialBlockDownload: v.catchingUp, ChainWork: tip.Work,
		SizeOnDisk: c.node.Store().Size(), Warnings: []string{},
		Bits: bitsText(tip.Header.Bits), Target: targetText(tip.Header.Bits),
		Next: nextBlock(tip), Network: networkOf(p),
	}
	if work := v.best.Work.Float(); v.catchingUp && work > 0 {
		info.VerificationProgress = rpc.Float(tip.Work.Float() / work)
	}
	return info, nil
}

func nextBlock(tip *consensus.State) rpc.Next {
	n := rpc.Next{Height: tip.Height + 1, Bits: bitsText(tip.NextBits()), Difficulty: difficulty(tip.NextBits()),
		Subsidy: tip.Params.SubsidyAt(tip.Height + 1)}
	if w := tip.Params.Window; w > 0 {
		n.Retarget = w - int(tip.Height)%w
	}
	return n
}

func networkOf(p *consensus.Params) rpc.Network {
	return rpc.Network{Name: p.Name, Digest: p.Digest(), Genesis: p.Genesis.Hash(), Limit: bitsText(p.Limit),
		Window: p.Window, Spacing: int(p.Spacing / time.Second), Subsidy: p.Subsidy, Halving: p.Halving, Maturity: p.Maturity}
}

func getBlockHash(c *call) (any, *rpc.Error) {
	height, err := number(c, 0, int64(0))
	if err != nil {
		return nil, err
	}
	return look(c, func(e *engine.Engine) (block.Hash, *rpc.Error) {
		if height < 0 || height > int64(e.Tree().Tip().Height) {
			return block.Hash{}, fail(rpc.CodeInvalidParam, "Block height out of range")
		}
		hash, _ := e.Tree().At(block.Height(height))
		return hash, nil
	})
}

func getChainTips(c *call) (any, *rpc.Error) {
	tips, err := look(c, func(e *engine.Engine) ([]chain.Tip, *rpc.Error) { return e.Tree().Tips(), nil })
	out := []rpc.Tip{}
	for _, t := range tips {
		out = append(out, rpc.Tip{Height: t.Height, Hash: t.Hash, BranchLen: t.BranchLen, Status: t.Status})
	}
	return out, err
}

// overrule makes the method that gives the user's word on a block.
func overrule(how engine.Action) func(*call) (any, *rpc.Error) {
	return func(c *call) (any, *rpc.Error) {
		hash, err := c.hash(0)
		if err != nil {
			return nil, err
		}
		e := c.node.Overrule(c.ctx, hash, how)
		switch {
		case errors.Is(e, chain.ErrUnknown):
			return nil, fail(rpc.CodeInvalidAddress, "Block not found")
		case errors.Is(e, chain.ErrGenesis):
			return nil, fail(rpc.CodeInvalidParam, "%v", e)
		case e != nil:
			return nil, trouble(e)
		}
		return nil, nil
	}
}

func verifyChain(c *call) (any, *rpc.Error) {
	if _, err := number(c, 0, 3); err != nil { // out of range it counts as the nearest that is, as in Core
		return nil, err
	}
	count, err := number(c, 1, 6)
	if err != nil {
		return nil, err
	}
	tip, err := c.tip()
	if err != nil {
		return nil, err
	}
	if count <= 0 || count > int(tip.Height) {
		count = int(tip.Height)
	}
	for hash := tip.Hash; count > 0; count-- {
		info, err := c.info(hash)
		if err != nil {
			return nil, err
		}
		before, err := c.info(info.Entry.Header.Prev)
		if err != nil {
			return nil, err
		}
		if e := c.verify(hash, before.State); e != nil {
			if c.ctx.Err() != nil {
				return nil, trouble(c.ctx.Err())
			}
			c.server.log.Error("verifychain: a stored block does not pass", "height", info.State.Height, "block", hash, "err", e)
			return false, nil
		}
		hash = before.Hash
	}
	return true, nil
}

// verify judges a stored block again, with the coins that it spent then.
func (c *call) verify(hash block.Hash, before consensus.State) error {
	b, err := c.body(hash)
	if err != nil {
		return err
	}
	undo, err := c.undo(hash)
	if err != nil {
		return err
	}
	hashed := consensus.NewBlock(b)
	delta, e := consensus.DeltaOf(before, hashed, undo)
	if e != nil {
		return e
	}
	spent := make(consensus.Coins)
	for _, s := range delta.Spent {
		spent[s.Outpoint] = s.Coin
	}
	coins := make(consensus.Coins)
	for _, o := range consensus.Needs(before, hashed) {
		if coin, ok := spent[o]; ok {
			coins[o] = coin
		}
	}
	next, _, e := consensus.ApplyBlock(before, hashed, coins)
	if e == nil && next.Hash != hash {
		e = fmt.Errorf("stored under %s, its hash is %s", hash, next.Hash)
	}
	return e
}
