package answer

import (
	"errors"
	"fmt"
	"strings"
	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/rpc"
)

// refuse returns the error that a caller gets.
func refuse(code rpc.Code, format string, args ...any) *rpc.Error {
	return &rpc.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// MaxFeeRate is the highest fee rate, per 1,000 bytes, that is not taken for a mistake
// (Core: DEFAULT_MAX_RAW_TX_FEE_RATE). The caller of a method may set another.
const MaxFeeRate = block.Coin / 10

// CheckFee refuses a transaction, as the mempool found it, that pays more than a rate; 0: no limit.
func CheckFee(found mempool.TestResult, rate block.Amount) error {
	if rate > 0 && found.Fee > FeeAt(rate, found.Size) {
		return refuse(rpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
	}
	return nil
}

// Rejection returns the error for a transaction that the mempool rejects, nil if err is nil.
func Rejection(err error) error {
	reason := mempool.Reason(err)
	switch {
	case errors.Is(err, mempool.ErrConfirmed):
		return refuse(rpc.CodeAlreadyInChain, "Transaction outputs already in utxo set")
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		return refuse(rpc.CodeVerify, "%s", consensus.BadMissingOrSpent)
	case reason == "":
		return err
	}
	exact, more := SplitReason(err, reason)
	if more != "" {
		exact += ", " + more
	}
	return refuse(rpc.CodeVerifyRejected, "%s", exact)
}

// SplitReason splits the text of an error: Core's reason with the brackets right after
// it, and the details that we add.
func SplitReason(err error, reason string) (exact, more string) {
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

// Reason returns the reason why a block or transaction is rejected, "" if err is an
// internal error.
func Reason(err error) string {
	reason := mempool.Reason(err)
	if reason == "" {
		return ""
	}
	exact, _ := SplitReason(err, reason)
	return exact
}

// FillTest writes the mempool's verdict on a transaction into its row of the result.
func FillTest(row *rpc.TestAccept, found mempool.TestResult, err error, limit block.Amount) {
	row.Allowed = new(false)
	switch {
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		row.RejectReason = "missing-inputs"
	case err != nil:
		row.RejectReason = Reason(err)
	case limit > 0 && found.Fee > FeeAt(limit, found.Size):
		row.RejectReason = "max-fee-exceeded"
	default:
		row.Allowed = new(true)
		row.VSize = found.Size
		row.Fees = &rpc.AcceptFees{Base: found.Fee, FeeRate: found.Modified * 1000 / block.Amount(found.Size), Includes: []block.Hash{row.TxID}}
	}
}

// FeeAt returns the fee of size bytes at a rate per 1,000, rounded up.
func FeeAt(rate block.Amount, size int) block.Amount {
	return (rate*block.Amount(size) + 999) / 1000
}

// Submitted returns BIP22's word for the fate of a block that was submitted, of which err is the
// engine's verdict: "" if it is on the best chain. The error is err if it is an internal one.
func Submitted(err error, active func() (bool, error)) (string, error) {
	switch {
	case errors.Is(err, chain.ErrKnown):
		return "duplicate", nil
	case errors.Is(err, consensus.ErrNoParent):
		return "prev-blk-not-found", nil
	case Reason(err) != "":
		return Reason(err), nil
	case err != nil:
		return "", err
	}
	is, err := active()
	if err == nil && !is {
		return "inconclusive", nil
	}
	return "", err
}
