package server

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
)

// longPoll is how long getblocktemplate waits for a change of the tip before a change of
// the mempool is enough (Core: one minute).
const longPoll = time.Minute

func getBlockTemplate(c *call, a rpc.GetBlockTemplateArgs) (any, error) {
	var members map[string]json.RawMessage // others than these are ignored
	if a.Request != nil {
		members = object(json.RawMessage(a.Request))
	}
	switch mode := members["mode"]; {
	case text(mode) == "template", kindOf(mode) == rpc.KindNull:
	case text(mode) == "proposal" && kindOf(members["data"]) != rpc.KindString:
		return nil, fail(rpc.CodeType, "Missing data String key for proposal")
	case text(mode) == "proposal":
		return c.propose(text(members["data"]))
	default:
		return nil, fail(rpc.CodeInvalidParam, "Invalid mode")
	}
	if id := members["longpollid"]; kindOf(id) != rpc.KindNull {
		if err := c.waitForTemplate(text(id)); err != nil {
			return nil, err
		}
	}
	// The miner replaces the coinbase's output: this one pays a hash without a key.
	unowned := block.PubKeyHashScript([20]byte{})
	var tip consensus.State
	var pollID string
	t, err := look(c, func(e *engine.Engine) (*engine.Template, error) {
		tip, pollID = e.Tree().Tip(), pollIDOf(e)
		return e.Template(unowned, 0, "", c.node.Now())
	})
	if err != nil {
		return nil, err
	}
	return showTemplate(t, &tip, pollID), nil
}

// pollIDOf returns an identifier of the state of tip and mempool.
func pollIDOf(e *engine.Engine) string {
	tip := e.Tree().Tip()
	return fmt.Sprintf("%s%d", tip.Hash, e.Pool().Fees())
}

// waitForTemplate waits until the tip differs from that of id or, after some time, the
// mempool does.
func (c *call) waitForTemplate(id string) error {
	if len(id) < 64 {
		return fail(rpc.CodeInvalidParam, "longpollid: want what getblocktemplate returned before")
	}
	return c.await(time.After(longPoll), func(e *engine.Engine, late bool) bool {
		now := pollIDOf(e)
		return now[:64] != id[:64] || late && now != id
	})
}

func showTemplate(t *engine.Template, tip *consensus.State, pollID string) rpc.Template {
	h := &t.Block.Header
	out := rpc.Template{
		Capabilities: []string{"proposal"}, Version: h.Version, Rules: []string{"csv"}, VBAvailable: map[string]int{},
		PreviousBlockHash: h.Prev, Transactions: []rpc.TemplateTx{}, CoinbaseAux: map[string]string{},
		CoinbaseValue: int64(t.Block.Txs[0].Outputs[0].Value), LongPollID: pollID, Target: targetText(h.Bits),
		MinTime: tip.MedianTime() + 1, Mutable: []string{"time", "transactions", "prevblock"}, NonceRange: "00000000ffffffff",
		SigOpLimit: consensus.MaxSigOps, SizeLimit: consensus.MaxBlockSize, CurTime: h.Time, Bits: answer.Bits(h.Bits), Height: t.Height,
	}
	place := make(map[block.Hash]int)
	for i, e := range t.Entries {
		place[e.ID] = i + 1
		tx := rpc.TemplateTx{Data: hex.EncodeToString(e.Tx.Bytes()), TxID: e.ID, Hash: e.ID, Depends: []int{},
			Fee: int64(e.Fee), SigOps: e.SigOps, Weight: 4 * e.Size}
		for _, id := range e.Depends {
			tx.Depends = append(tx.Depends, place[id])
		}
		out.Transactions = append(out.Transactions, tx)
	}
	return out
}

// propose validates a block that has no proof of work yet.
func (c *call) propose(data string) (any, error) {
	b, err := decodeBlock(data)
	if err != nil {
		return nil, err
	}
	hashed := consensus.NewBlock(b)
	var tip consensus.State
	var known string
	coins, err := look(c, func(e *engine.Engine) (consensus.Coins, error) {
		tip = e.Tree().Tip()
		if info, ok := e.Tree().Info(b.Hash()); ok {
			known = proposalStatus(&info)
			return nil, nil
		}
		return e.Tree().Coins(consensus.Needs(tip, hashed))
	})
	switch {
	case err != nil:
		return nil, err
	case known != "":
		return known, nil
	case b.Header.Prev != tip.Hash:
		return "inconclusive-not-best-prevblk", nil
	}
	_, _, err = consensus.ApplyUnmined(tip, hashed, coins, c.node.Config().Verifier)
	if err == nil {
		err = consensus.CheckTime(c.node.Params(), &b.Header, c.node.Now().Unix())
	}
	if reason := answer.Reason(err); reason != "" {
		return reason, nil
	}
	return nil, err
}

// proposalStatus returns BIP23's word for a proposed block that is known already.
func proposalStatus(info *chain.Info) string {
	switch {
	case info.Status.Invalid():
		return "duplicate-invalid"
	case info.Status&chain.Connected != 0:
		return "duplicate"
	}
	return "duplicate-inconclusive"
}
