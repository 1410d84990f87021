package mempool

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/consensus"
)

// Reject says why a transaction that may break no rule is not taken into the
// pool. The strings are Bitcoin Core's reject reasons, verbatim. A Reject comes
// wrapped in what was found; compare with errors.Is, or take the string out with
// Reason.
type Reject string

func (r Reject) Error() string { return string(r) }

// What is here already.
const (
	// ErrKnown: it is in the pool (Core: PreChecks).
	ErrKnown Reject = "txn-already-in-mempool"
	// ErrConfirmed: it is in a block, some of its outputs are unspent coins (Core: PreChecks).
	ErrConfirmed Reject = "txn-already-known"
)

// What no node passes on, whatever it pays (Core: IsStandardTx, PreChecks).
const (
	// RejectCoinbase: new money is made in a block, not sent around. The sender
	// cannot mean it honestly: Core counts it as a broken rule, and so do we.
	RejectCoinbase Reject = "coinbase"
	// RejectVersion: a version that no software writes; it may get a meaning one day.
	RejectVersion Reject = "version"
	// RejectSize: over 100,000 bytes. It would be dear to judge and to place.
	RejectSize Reject = "tx-size"
	// RejectSizeSmall: under 65 bytes. One of exactly 64 could pass for two hashes
	// of a merkle tree (CVE-2017-12842).
	RejectSizeSmall Reject = "tx-size-small"
	// RejectInputSize: an input script over 1650 bytes.
	RejectInputSize Reject = "scriptsig-size"
	// RejectInputNotPushes: an input script with anything in it but data.
	RejectInputNotPushes Reject = "scriptsig-not-pushonly"
	// RejectOutput: an output of no known template: the money would be lost.
	RejectOutput Reject = "scriptpubkey"
	// RejectDataOutputs: more than one data carrier.
	RejectDataOutputs Reject = "multi-op-return"
	// RejectDust: an output that costs more to spend than it holds.
	RejectDust Reject = "dust"
	// RejectInputs: it spends an output of no known template (Core: AreInputsStandard).
	RejectInputs Reject = "bad-txns-nonstandard-inputs"
	// RejectSigOps: more than 4,000 signature operations, a fifth of a block's.
	RejectSigOps Reject = "bad-txns-too-many-sigops"
)

// What may be right later (Core: CheckFinalTxAtTip, CheckSequenceLocksAtTip).
const (
	// RejectNonFinal: the lock time does not let it into the next block.
	RejectNonFinal Reject = "non-final"
	// RejectNonBIP68Final: a relative lock time does not.
	RejectNonBIP68Final Reject = "non-BIP68-final"
)

// What does not pay for the place it takes.
const (
	// RejectMinRelay: less than Policy.MinRelay.
	RejectMinRelay Reject = "min relay fee not met"
	// RejectMinPool: less than those that were pushed out of a full pool lately
	// (Core: CheckFeeRate).
	RejectMinPool Reject = "mempool min fee not met"
	// RejectFull: the pool is full of transactions that pay more.
	RejectFull Reject = "mempool full"
	// RejectChain: too many unconfirmed ancestors, or an ancestor with too many
	// descendants (Core: CalculateMemPoolAncestors).
	RejectChain Reject = "too-long-mempool-chain"
)

// What spends the coin of one that is here (BIP125).
const (
	// RejectConflict: the one that is here did not announce that it may be
	// replaced. First seen, first served.
	RejectConflict Reject = "txn-mempool-conflict"
	// RejectSpendsConflict: it spends an output of the very transaction that it
	// would replace, which no history can hold: a broken rule.
	RejectSpendsConflict Reject = "bad-txns-spends-conflicting-tx"
	// RejectReplaceFee: it pays no better than what it replaces (rules 3, 4, 6).
	RejectReplaceFee Reject = "insufficient fee"
	// RejectReplaceMany: it would push out more than a hundred (rule 5).
	RejectReplaceMany Reject = "too many potential replacements"
	// RejectReplaceNew: it depends on an unconfirmed transaction that the one it
	// replaces did not depend on (rule 2).
	RejectReplaceNew Reject = "replacement-adds-unconfirmed"
)

// Ways to write the proof of an input that the rules allow and that somebody on
// the way could have changed, giving the payment another id (BIP62, BIP146; Core:
// STANDARD_SCRIPT_VERIFY_FLAGS).
const (
	// RejectHighS: S and its negative are both good; only the lower is passed on.
	RejectHighS Reject = "non-mandatory-script-verify-flag (Non-canonical signature: S value is unnecessarily high)"
	// RejectHashType: a hash type without a name.
	RejectHashType Reject = "non-mandatory-script-verify-flag (Signature hash type missing or not understood)"
	// RejectPush: a push written longer than needed.
	RejectPush Reject = "non-mandatory-script-verify-flag (Data push larger than necessary)"
	// RejectKeyForm: a key in the hybrid form, 06 or 07.
	RejectKeyForm Reject = "non-mandatory-script-verify-flag (Public key is neither compressed or uncompressed)"
)

// Rejects lists every Reject above, for tests that demand a case for each.
var Rejects = []Reject{
	ErrKnown, ErrConfirmed,
	RejectCoinbase, RejectVersion, RejectSize, RejectSizeSmall, RejectInputSize, RejectInputNotPushes,
	RejectOutput, RejectDataOutputs, RejectDust, RejectInputs, RejectSigOps,
	RejectNonFinal, RejectNonBIP68Final,
	RejectMinRelay, RejectMinPool, RejectFull, RejectChain,
	RejectConflict, RejectSpendsConflict, RejectReplaceFee, RejectReplaceMany, RejectReplaceNew,
	RejectHighS, RejectHashType, RejectPush, RejectKeyForm,
}

// ErrOrphan: some coins that it spends are unknown. Perhaps its parents are on
// their way; or the coins are spent, which nobody can tell apart. Every such error
// is an *OrphanError, which names the parents.
var ErrOrphan = errors.New("parents missing")

// OrphanError is the error for a transaction whose parents are not here.
type OrphanError struct {
	Missing []block.Hash // parents that we know nothing of, in the order of the inputs
}

// Error opens with Core's reason.
func (o *OrphanError) Error() string {
	return fmt.Sprintf("%s: %d unknown or spent, the first of %s", consensus.BadMissingOrSpent, len(o.Missing), o.Missing[0])
}

// Is makes errors.Is(err, ErrOrphan) true.
func (o *OrphanError) Is(target error) bool { return target == ErrOrphan }

// Condemns reports whether err, found by Add or Test, is the transaction's own fault
// and for ever, whatever the tip and the policy: whoever sent it should have known.
// A coinbase that is not mature depends on the tip, so that rule blames nobody.
func Condemns(err error) bool {
	switch rule := consensus.RuleOf(err); rule {
	case "":
		return errors.Is(err, RejectCoinbase) || errors.Is(err, RejectSpendsConflict)
	case consensus.BadPremature, consensus.BadNonFinal:
		return false
	}
	return true
}

// refused reports whether err is about the transaction, not about our own disk.
func refused(err error) bool { return Reason(err) != "" }

// Reason returns Core's reject reason alone, without what was found: what
// testmempoolaccept answers. It is "" for no error, and for our own trouble.
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
