package mempool

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/consensus"
)

// Reject is the reason why the policy refuses a transaction that may break no rule. The
// strings are Bitcoin Core's reject reasons, verbatim. Errors wrap a Reject with details;
// compare with errors.Is, or extract it with Reason.
type Reject string

func (r Reject) Error() string { return string(r) }

// The transaction is known already.
const (
	// ErrKnown means that it is in the pool (Core: PreChecks).
	ErrKnown Reject = "txn-already-in-mempool"
	// ErrConfirmed means that it is in a block: some of its outputs are coins (Core: PreChecks).
	ErrConfirmed Reject = "txn-already-known"
)

// No node relays it, whatever it pays (Core: IsStandardTx, PreChecks).
const (
	// RejectCoinbase rejects a coinbase, which exists in blocks only. An honest sender
	// cannot send one: Core counts it as a broken rule, and so does toychain.
	RejectCoinbase Reject = "coinbase"
	// RejectVersion rejects a version that no software writes; it may get a meaning one day.
	RejectVersion Reject = "version"
	// RejectSize rejects more than 100,000 bytes, which are expensive to validate and to place.
	RejectSize Reject = "tx-size"
	// RejectSizeSmall rejects less than 65 bytes. A transaction of exactly 64 could pass for
	// two hashes of a merkle tree (CVE-2017-12842).
	RejectSizeSmall Reject = "tx-size-small"
	// RejectInputSize rejects an input script over 1650 bytes.
	RejectInputSize Reject = "scriptsig-size"
	// RejectInputNotPushes rejects an input script that contains anything but data pushes.
	RejectInputNotPushes Reject = "scriptsig-not-pushonly"
	// RejectOutput rejects an output of no known template: its value would be lost.
	RejectOutput Reject = "scriptpubkey"
	// RejectDataOutputs rejects more than one data carrier.
	RejectDataOutputs Reject = "multi-op-return"
	// RejectDust rejects an output that costs more to spend than it holds.
	RejectDust Reject = "dust"
	// RejectInputs rejects spending an output of no known template (Core: AreInputsStandard).
	RejectInputs Reject = "bad-txns-nonstandard-inputs"
	// RejectSigOps rejects more than 4,000 signature operations, a fifth of a block's.
	RejectSigOps Reject = "bad-txns-too-many-sigops"
)

// It may become valid later (Core: CheckFinalTxAtTip, CheckSequenceLocksAtTip).
const (
	// RejectNonFinal means that the lock time excludes it from the next block.
	RejectNonFinal Reject = "non-final"
	// RejectNonBIP68Final means that a relative lock time does.
	RejectNonBIP68Final Reject = "non-BIP68-final"
)

// It does not pay for the space it takes.
const (
	// RejectMinRelay rejects a fee rate below Policy.MinRelay.
	RejectMinRelay Reject = "min relay fee not met"
	// RejectMinPool rejects a fee rate below that of transactions evicted from a full pool
	// recently (Core: CheckFeeRate).
	RejectMinPool Reject = "mempool min fee not met"
	// RejectFull means that the pool is full of transactions that pay more.
	RejectFull Reject = "mempool full"
	// RejectChain rejects too many unconfirmed ancestors, or an ancestor with too many
	// descendants (Core: CalculateMemPoolAncestors).
	RejectChain Reject = "too-long-mempool-chain"
)

// It spends a coin that a transaction of the pool spends (BIP125).
const (
	// RejectConflict means that the transaction in the pool does not signal replaceability:
	// the first seen stays.
	RejectConflict Reject = "txn-mempool-conflict"
	// RejectSpendsConflict rejects spending an output of the very transaction that it would
	// replace, which is impossible in any chain: a broken rule.
	RejectSpendsConflict Reject = "bad-txns-spends-conflicting-tx"
	// RejectReplaceFee rejects a replacement that pays no better (rules 3, 4, 6).
	RejectReplaceFee Reject = "insufficient fee"
	// RejectReplaceMany rejects replacing more than a hundred transactions (rule 5).
	RejectReplaceMany Reject = "too many potential replacements"
	// RejectReplaceNew rejects a replacement that depends on an unconfirmed transaction on
	// which the replaced one does not depend (rule 2).
	RejectReplaceNew Reject = "replacement-adds-unconfirmed"
)

// Encodings of an input script that the rules allow, but that a relaying node could have
// changed to give the transaction another ID (BIP62, BIP146; Core:
// STANDARD_SCRIPT_VERIFY_FLAGS).
const (
	// RejectHighS rejects the higher of S and its negative, both of which are valid.
	RejectHighS Reject = "non-mandatory-script-verify-flag (Non-canonical signature: S value is unnecessarily high)"
	// RejectHashType rejects a hash type without a name.
	RejectHashType Reject = "non-mandatory-script-verify-flag (Signature hash type missing or not understood)"
	// RejectPush rejects a push that is longer than needed.
	RejectPush Reject = "non-mandatory-script-verify-flag (Data push larger than necessary)"
	// RejectKeyForm rejects a key in the hybrid form, 06 or 07.
	RejectKeyForm Reject = "non-mandatory-script-verify-flag (Public key is neither compressed or uncompressed)"
)

// Rejects lists every Reject above; a test demands a case for each.
var Rejects = []Reject{
	ErrKnown, ErrConfirmed,
	RejectCoinbase, RejectVersion, RejectSize, RejectSizeSmall, RejectInputSize, RejectInputNotPushes,
	RejectOutput, RejectDataOutputs, RejectDust, RejectInputs, RejectSigOps,
	RejectNonFinal, RejectNonBIP68Final,
	RejectMinRelay, RejectMinPool, RejectFull, RejectChain,
	RejectConflict, RejectSpendsConflict, RejectReplaceFee, RejectReplaceMany, RejectReplaceNew,
	RejectHighS, RejectHashType, RejectPush, RejectKeyForm,
}

// ErrOrphan means that coins which it spends are unknown: its parents may not have arrived, or
// the coins are spent, which cannot be distinguished. Every such error is an *OrphanError,
// which names the parents.
var ErrOrphan = errors.New("parents missing")

// OrphanError is the error for a transaction with missing parents.
type OrphanError struct {
	Missing []block.Hash // unknown parents, in the order of the inputs
}

// Error begins with Core's reason.
func (o *OrphanError) Error() string {
	return fmt.Sprintf("%s: %d unknown or spent, the first of %s", consensus.BadMissingOrSpent, len(o.Missing), o.Missing[0])
}

// Is makes errors.Is(err, ErrOrphan) true.
func (o *OrphanError) Is(target error) bool { return target == ErrOrphan }

// Condemns reports whether err, returned by Add or Test, is a fault of the transaction itself,
// permanent and independent of tip and policy, so that its sender should have known. Whether a
// coinbase is mature depends on the tip, so that rule condemns no sender.
func Condemns(err error) bool {
	switch rule := consensus.RuleOf(err); rule {
	case "":
		return errors.Is(err, RejectCoinbase) || errors.Is(err, RejectSpendsConflict)
	case consensus.BadPremature, consensus.BadNonFinal:
		return false
	}
	return true
}

// Reason returns Core's reject reason without details: the answer of testmempoolaccept. It is ""
// for no error and for an internal error.
func Reason(err error) string {
	var reject Reject
	switch rule := consensus.RuleOf(err); {
	case errors.Is(err, ErrOrphan):
		return string(consensus.BadMissingOrSpent)
	case rule != "":
		return string(rule)
	case errors.As(err, &reject):
		return string(reject)
	}
	return ""
}
