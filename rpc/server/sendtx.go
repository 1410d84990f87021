package server

import (
	"errors"
	"slices"
	"strings"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/rpc/answer"
)

const (
	// absurdFeeRate is the lowest fee rate, per 1,000 bytes, that a caller may not set as the
	// highest.
	absurdFeeRate = block.Coin
	// maxTested is how many transactions testmempoolaccept accepts (Core:
	// MAX_PACKAGE_COUNT).
	maxTested = 25
)

// feeLimit returns the fee rate that must not be exceeded, given the caller's choice.
func feeLimit(asked *block.Amount) (block.Amount, error) {
	rate := or(asked, answer.MaxFeeRate)
	if rate >= absurdFeeRate {
		return 0, fail(rpc.CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return rate, nil
}

func sendRawTransaction(c *call, a rpc.SendRawTransactionArgs) (block.Hash, error) {
	tx, err := decodeTx(a.Tx)
	if err != nil {
		return block.Hash{}, err
	}
	limit, err := feeLimit(a.MaxFeeRate)
	if err != nil {
		return block.Hash{}, err
	}
	for i := range tx.Outputs {
		if block.Unspendable(tx.Outputs[i].Script) && tx.Outputs[i].Value > a.MaxBurn {
			return block.Hash{}, fail(rpc.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")
		}
	}
	if limit > 0 {
		// Test it before: what is in the mempool is relayed at once.
		var found mempool.TestResult
		err := c.node.Look(c.ctx, func(e *engine.Engine) { found, _ = e.Pool().Test(e.Tree(), tx, c.node.Now()) })
		if err != nil {
			return block.Hash{}, err
		}
		if err := answer.CheckFee(found, limit); err != nil {
			return block.Hash{}, err
		}
	}
	err = c.node.SubmitTx(c.ctx, tx)
	if errors.Is(err, mempool.ErrKnown) { // Core accepts it as well
		err = nil
	}
	return tx.ID(), answer.Rejection(err)
}

func testMempoolAccept(c *call, a rpc.TestMempoolAcceptArgs) ([]rpc.TestAccept, error) {
	if n := len(a.Txs); n < 1 || n > maxTested {
		return nil, fail(rpc.CodeInvalidParam, "Array must contain between 1 and %d transactions.", maxTested)
	}
	limit, err := feeLimit(a.MaxFeeRate)
	if err != nil {
		return nil, err
	}
	txs := make([]*block.Tx, len(a.Txs))
	for i, s := range a.Txs {
		if txs[i], err = decodeTx(s); err != nil {
			return nil, fail(rpc.CodeDeserialization, "TX decode failed: %s Make sure the tx has at least one input.", clip(s))
		}
	}
	out := make([]rpc.TestAccept, len(txs))
	for i, tx := range txs {
		out[i].TxID = tx.ID()
		out[i].WTxID = out[i].TxID
	}
	if fault := packageFault(txs, out); fault != "" {
		for i := range out {
			out[i].PackageError = fault
		}
		return out, nil
	}
	return look(c, func(e *engine.Engine) ([]rpc.TestAccept, error) {
		return out, c.judge(e, txs, out, limit)
	})
}

// judge writes the mempool's verdicts into the rows. Core checks the scripts of all transactions
// after everything else (AcceptMultipleTransactions): one that fails before leaves all others
// without a verdict, one whose scripts or fee rate fail only those behind it.
func (c *call) judge(e *engine.Engine, txs []*block.Tx, rows []rpc.TestAccept, limit block.Amount) error {
	v := &packageView{View: e.Tree(), made: make(consensus.Coins), spent: make(map[block.Outpoint]bool)}
	refused := -1
	for i, tx := range txs {
		found, err := e.Pool().Test(v, tx, c.node.Now())
		if err != nil && mempool.Reason(err) == "" {
			return err
		}
		answer.FillTest(&rows[i], found, err, limit)
		conflicts := len(txs) > 1 && !e.Pool().Has(found.ID) && slices.ContainsFunc(tx.Inputs, func(in block.Input) bool {
			_, spent := e.Pool().SpentBy(in.Prev)
			return spent
		})
		if conflicts { // Core lets no package replace any transaction
			rows[i] = rpc.TestAccept{Allowed: new(false), RejectReason: "bip125-replacement-disallowed"}
		}
		if conflicts || err != nil && !strings.Contains(mempool.Reason(err), "script-verify-flag") {
			clear(rows[:i])
			refused = i
			break
		}
		if !*rows[i].Allowed && refused < 0 {
			refused = i
		}
		v.add(tx, found.ID)
	}
	if refused >= 0 {
		clear(rows[refused+1:])
	}
	for i, tx := range txs {
		rows[i].TxID = tx.ID()
		rows[i].WTxID = rows[i].TxID
	}
	return nil
}

// packageFault returns why transactions can never be accepted together (Core:
// IsWellFormedPackage), "" if they may be.
func packageFault(txs []*block.Tx, rows []rpc.TestAccept) string {
	for i, tx := range txs {
		if slices.ContainsFunc(rows[:i], func(r rpc.TestAccept) bool { return r.TxID == rows[i].TxID }) {
			return "package-contains-duplicates"
		}
		for j := range tx.Inputs {
			o := tx.Inputs[j].Prev
			if slices.ContainsFunc(rows[i:], func(r rpc.TestAccept) bool { return r.TxID == o.TxID }) {
				return "package-not-sorted"
			}
		}
	}
	spender := make(map[block.Outpoint]*block.Tx)
	for _, tx := range txs {
		for j := range tx.Inputs {
			by := spender[tx.Inputs[j].Prev]
			if by != nil && by != tx { // the same coin twice in one transaction breaks another rule
				return "conflict-in-package"
			}
			spender[tx.Inputs[j].Prev] = tx
		}
	}
	return ""
}

// packageView is the chain as if some transactions had been confirmed.
type packageView struct {
	mempool.View
	made  consensus.Coins
	spent map[block.Outpoint]bool
}

func (v *packageView) add(tx *block.Tx, id block.Hash) {
	tip := v.Tip()
	for i := range tx.Inputs {
		v.spent[tx.Inputs[i].Prev] = true
	}
	for i := range tx.Outputs {
		if !block.Unspendable(tx.Outputs[i].Script) {
			v.made[block.Outpoint{TxID: id, Index: uint32(i)}] = &consensus.Coin{Output: tx.Outputs[i], Height: tip.Height + 1, MedianTime: tip.MedianTime()}
		}
	}
}

// Coins implements mempool.View.
func (v *packageView) Coins(of []block.Outpoint) (consensus.Coins, error) {
	coins, err := v.View.Coins(of)
	if err != nil {
		return nil, err
	}
	for _, o := range of {
		if coin, ok := v.made[o]; ok {
			coins[o] = coin
		}
		if v.spent[o] {
			delete(coins, o)
		}
	}
	return coins, nil
}
