package server

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

const (
	// maxFeeRate is what nobody pays on purpose, per 1,000 bytes (Core:
	// DEFAULT_MAX_RAW_TX_FEE_RATE), and absurdFeeRate the highest that can be asked
	// for instead.
	maxFeeRate    = block.Coin / 10
	absurdFeeRate = block.Coin
	// maxTested is how many transactions testmempoolaccept takes (Core:
	// MAX_PACKAGE_COUNT).
	maxTested = 25
)

const decodeFailed = "TX decode failed. Make sure the tx has at least one input."

// decodeTx reads a transaction in hex.
func decodeTx(s string) (*block.Tx, *rpc.Error) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, fail(rpc.CodeDeserialization, decodeFailed)
	}
	tx, err := block.ParseTx(raw)
	if err != nil {
		return nil, fail(rpc.CodeDeserialization, decodeFailed)
	}
	return tx, nil
}

// feeLimit returns the fee rate that must not be exceeded, given what the caller asks for.
func feeLimit(asked *block.Amount) (block.Amount, *rpc.Error) {
	rate := or(asked, maxFeeRate)
	if rate >= absurdFeeRate {
		return 0, fail(rpc.CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return rate, nil
}

// feeAt returns the fee of size bytes at a rate per 1,000, rounded up.
func feeAt(rate block.Amount, size int) block.Amount {
	return (rate*block.Amount(size) + 999) / 1000
}

func sendRawTransaction(c *call, a rpc.SendRawTransactionArgs) (block.Hash, *rpc.Error) {
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
		// Ask first: once it is in the pool it is on its way.
		found, err := look(c, func(e *engine.Engine) (mempool.TestResult, *rpc.Error) {
			found, _ := e.Pool().Test(e.Tree(), tx, c.node.Now())
			return found, nil
		})
		if err != nil {
			return block.Hash{}, err
		}
		if found.Fee > feeAt(limit, found.Size) {
			return block.Hash{}, fail(rpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
		}
	}
	e := c.node.SubmitTx(c.ctx, tx)
	if errors.Is(e, mempool.ErrKnown) { // Core says yes as well
		e = nil
	}
	if e != nil {
		return block.Hash{}, refusal(e)
	}
	return tx.ID(), nil
}

// refusal makes the error of a transaction that the pool does not take.
func refusal(err error) *rpc.Error {
	reason := mempool.Reason(err)
	switch {
	case errors.Is(err, mempool.ErrConfirmed):
		return fail(rpc.CodeAlreadyInChain, "Transaction outputs already in utxo set")
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		return fail(rpc.CodeVerify, "%s", consensus.BadMissingOrSpent)
	case reason == "":
		return trouble(err)
	}
	exact, more := explain(err, reason)
	if more != "" {
		exact += ", " + more
	}
	return fail(rpc.CodeVerifyRejected, "%s", exact)
}

// explain takes the text of an error apart: Core's reason, with what stands in
// brackets right after it, and whatever else was found.
func explain(err error, reason string) (exact, more string) {
	text := err.Error()
	at := strings.Index(text, reason)
	if at < 0 {
		return reason, text
	}
	before, after := text[:at], text[at+len(reason):]
	end := -1
	switch consensus.Rule(reason) {
	case consensus.BadVersion: // bad-version(0x00000001)
		end = strings.IndexByte(after, ')')
	case consensus.BadScript: // mandatory-script-verify-flag-failed (why)
		end = strings.LastIndexByte(after, ')')
	}
	exact, after = reason+after[:end+1], after[end+1:]
	before, after = strings.TrimSuffix(before, ": "), strings.TrimLeft(after, ": ")
	if before != "" && after != "" {
		before += ": "
	}
	return exact, before + after
}

// reasonOf returns the reject reason of a block or transaction, "" if err is our own
// trouble.
func reasonOf(err error) string {
	reason := mempool.Reason(err)
	if reason == "" {
		return ""
	}
	exact, _ := explain(err, reason)
	return exact
}

func testMempoolAccept(c *call, a rpc.TestMempoolAcceptArgs) ([]rpc.TestAccept, *rpc.Error) {
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
	return look(c, func(e *engine.Engine) ([]rpc.TestAccept, *rpc.Error) {
		v := &packageView{View: e.Tree(), made: make(consensus.Coins), spent: make(map[block.Outpoint]bool)}
		for i, tx := range txs {
			found, err := e.Pool().Test(v, tx, c.node.Now())
			if err != nil && mempool.Reason(err) == "" {
				return nil, trouble(err)
			}
			judge(&out[i], found, err, limit)
			if !*out[i].Allowed {
				break // the others may depend on it: they are not judged
			}
			v.add(tx, out[i].TxID)
		}
		return out, nil
	})
}

// judge fills in what the pool found.
func judge(row *rpc.TestAccept, found mempool.TestResult, err error, limit block.Amount) {
	allowed := false
	row.Allowed = &allowed
	switch {
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		row.RejectReason = "missing-inputs"
	case err != nil:
		row.RejectReason = reasonOf(err)
	case limit > 0 && found.Fee > feeAt(limit, found.Size):
		row.RejectReason = "max-fee-exceeded"
	default:
		allowed = true
		row.VSize = found.Size
		row.Fees = &rpc.AcceptFees{Base: found.Fee, FeeRate: found.Fee * 1000 / block.Amount(found.Size), Includes: []block.Hash{row.TxID}}
	}
}

// packageFault says why transactions can never be taken together (Core:
// IsWellFormedPackage), "" if they might.
func packageFault(txs []*block.Tx, rows []rpc.TestAccept) string {
	spent := make(map[block.Outpoint]bool)
	for i, tx := range txs {
		for j := range rows[:i] {
			if rows[j].TxID == rows[i].TxID {
				return "package-contains-duplicates"
			}
		}
		for j := range tx.Inputs {
			o := tx.Inputs[j].Prev
			if slices.ContainsFunc(rows[i:], func(r rpc.TestAccept) bool { return r.TxID == o.TxID }) {
				return "package-not-sorted"
			}
		}
	}
	for _, tx := range txs {
		own := make(map[block.Outpoint]bool) // the same coin twice in one transaction is its own fault
		for j := range tx.Inputs {
			if spent[tx.Inputs[j].Prev] {
				return "conflict-in-package"
			}
			own[tx.Inputs[j].Prev] = true
		}
		for o := range own {
			spent[o] = true
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
