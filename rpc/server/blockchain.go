package server

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/pow"
	"toychain/rpc"
	"toychain/rpc/answer"
)

func getBestBlockHash(c *call, _ rpc.None) (block.Hash, error) {
	tip, err := c.tip()
	return tip.Hash, err
}

func getBlockCount(c *call, _ rpc.None) (block.Height, error) {
	tip, err := c.tip()
	return tip.Height, err
}

func getDifficulty(c *call, _ rpc.None) (rpc.Float, error) {
	tip, err := c.tip()
	return answer.Difficulty(tip.Header.Bits), err
}

// tip returns the state at the tip of the best chain.
func (c *call) tip() (consensus.State, error) {
	return look(c, func(e *engine.Engine) (consensus.State, error) { return e.Tree().Tip(), nil })
}

func targetText(bits uint32) string {
	t, _ := pow.TargetFromBits(bits)
	return t.String()
}

func getBlockchainInfo(c *call, _ rpc.None) (rpc.BlockchainInfo, error) {
	var tip, best consensus.State
	var catchingUp bool
	err := c.node.Look(c.ctx, func(e *engine.Engine) {
		tip, best, catchingUp = e.Tree().Tip(), e.Tree().BestHeader(), e.CatchingUp()
	})
	if err != nil {
		return rpc.BlockchainInfo{}, err
	}
	p := c.node.Params()
	info := rpc.BlockchainInfo{
		Chain: chainName(p), Blocks: tip.Height, Headers: best.Height, BestBlockHash: tip.Hash,
		Difficulty: answer.Difficulty(tip.Header.Bits), Time: tip.Header.Time, MedianTime: tip.MedianTime(),
		VerificationProgress: 1, InitialBlockDownload: catchingUp, ChainWork: tip.Work,
		SizeOnDisk: c.node.Store().Size(), Warnings: []string{},
		Bits: answer.Bits(tip.Header.Bits), Target: targetText(tip.Header.Bits),
		Next: nextBlock(&tip), Network: answer.Network(p),
	}
	if work := best.Work.Float(); catchingUp && work > 0 {
		info.VerificationProgress = rpc.Float(tip.Work.Float() / work)
	}
	return info, nil
}

// chainName returns Core's word for a network, from which clients conclude its prefixes:
// "regtest" for all but Bitcoin's own.
func chainName(p *consensus.Params) string {
	if p.Name == "main" {
		return "main"
	}
	return "regtest"
}

func nextBlock(tip *consensus.State) rpc.Next {
	n := rpc.Next{Height: tip.Height + 1, Bits: answer.Bits(tip.NextBits()), Difficulty: answer.Difficulty(tip.NextBits()),
		Subsidy: tip.Params.SubsidyAt(tip.Height + 1)}
	if w := tip.Params.Window; w > 0 {
		n.Retarget = w - int(tip.Height)%w
	}
	return n
}

func getDeploymentInfo(c *call, a rpc.GetDeploymentInfoArgs) (rpc.DeploymentInfo, error) {
	tip, err := c.tip()
	if err != nil {
		return rpc.DeploymentInfo{}, err
	}
	info, err := c.info(or(a.Block, tip.Hash))
	height, p := info.State.Height, c.node.Params()
	at := func(from block.Height) rpc.Deployment {
		return rpc.Deployment{Type: "buried", Active: height+1 >= from, Height: from}
	}
	return rpc.DeploymentInfo{Hash: info.Hash, Height: height, Deployments: map[string]rpc.Deployment{
		"bip34": at(p.BIP34), "bip66": at(p.BIP66), "bip65": at(p.BIP65), "csv": at(p.CSV)}}, err
}

func getBlockHash(c *call, a rpc.HeightArg) (block.Hash, error) {
	return look(c, func(e *engine.Engine) (block.Hash, error) {
		if a.Height < 0 || a.Height > int64(e.Tree().Tip().Height) {
			return block.Hash{}, fail(rpc.CodeInvalidParam, "Block height out of range")
		}
		hash, _ := e.Tree().At(block.Height(a.Height))
		return hash, nil
	})
}

func getChainTips(c *call, _ rpc.None) ([]rpc.Tip, error) {
	tips, err := look(c, func(e *engine.Engine) ([]chain.Tip, error) { return e.Tree().Tips(), nil })
	out := []rpc.Tip{}
	for _, t := range tips {
		out = append(out, rpc.Tip{Height: t.Height, Hash: t.Hash, BranchLen: t.BranchLen, Status: t.Status})
	}
	return out, err
}

// override returns the handler of a method that overrides the validation of a block.
func override(how engine.Action) func(*call, rpc.BlockArg) (rpc.Null, error) {
	return func(c *call, a rpc.BlockArg) (rpc.Null, error) {
		err := c.node.Overrule(c.ctx, a.Block, how)
		switch {
		case errors.Is(err, chain.ErrUnknown):
			return nil, errBlock
		case errors.Is(err, chain.ErrGenesis):
			return nil, fail(rpc.CodeInvalidParam, "%v", err)
		}
		return nil, err
	}
}

func verifyChain(c *call, a rpc.VerifyChainArgs) (bool, error) {
	tip, err := c.tip()
	if err != nil {
		return false, err
	}
	count := or(a.Blocks, 6)
	if count <= 0 || count > int(tip.Height) {
		count = int(tip.Height)
	}
	var states []consensus.State // each before that of its parent
	err = c.walk(tip.Hash, count+1, func(i *chain.Info) bool {
		states = append(states, i.State)
		return true
	})
	for ; err == nil && len(states) > 1; states = states[1:] {
		if err := c.verify(states[0].Hash, states[1]); err != nil && c.ctx.Err() == nil {
			c.server.log.Error("verifychain: a stored block does not pass", "height", states[0].Height, "block", states[0].Hash, "err", err)
			return false, nil
		}
		err = c.ctx.Err()
	}
	return err == nil, err
}

// verify validates a stored block again, with the coins that it spent then.
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
	delta, err := consensus.DeltaOf(before, hashed, undo)
	if err != nil {
		return err
	}
	coins := make(consensus.Coins)
	for i := range delta.Spent {
		coins[delta.Spent[i].Outpoint] = &delta.Spent[i].Coin
	}
	for _, s := range delta.Created { // some are spent in the block itself
		delete(coins, s.Outpoint)
	}
	next, _, err := consensus.ApplyBlock(before, hashed, coins, c.node.Config().Verifier)
	if err == nil && next.Hash != hash {
		err = fmt.Errorf("stored under %s, its hash is %s", hash, next.Hash)
	}
	return err
}
