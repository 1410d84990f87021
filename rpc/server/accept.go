package server

import (
	"errors"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

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
		v := &packageView{View: e.Tree(), made: make(consensus.Coins), spent: make(map[block.Outpoint]bool)}
		for i, tx := range txs {
			found, err := e.Pool().Test(v, tx, c.node.Now())
			if err != nil && mempool.Reason(err) == "" {
				return nil, err
			}
			fillRow(&out[i], found, err, limit)
			if !*out[i].Allowed {
				break // the others may depend on it: they are not tested
			}
			v.add(tx, out[i].TxID)
		}
		return out, nil
	})
}

// fillRow writes the mempool's verdict on a transaction into its row of the result.
func fillRow(row *rpc.TestAccept, found mempool.TestResult, err error, limit block.Amount) {
	row.Allowed = new(false)
	switch {
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		row.RejectReason = "missing-inputs"
	case err != nil:
		row.RejectReason = reasonOf(err)
	case limit > 0 && found.Fee > feeAt(limit, found.Size):
		row.RejectReason = "max-fee-exceeded"
	default:
		row.Allowed = new(true)
		row.VSize = found.Size
		row.Fees = &rpc.AcceptFees{Base: found.Fee, FeeRate: found.Fee * 1000 / block.Amount(found.Size), Includes: []block.Hash{row.TxID}}
	}
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
			v.made[block.Outpoint{TxID: id, Index: uint32(i)}] = consensus.Coin{Output: tx.Outputs[i], Height: tip.Height + 1, MedianTime: tip.MedianTime()}
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
