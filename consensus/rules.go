package consensus

import "errors"

// Rule names a rule that a block or a transaction breaks. The strings are Bitcoin Core's
// reject reasons, verbatim, so that they can be looked up anywhere. A Rule is returned
// wrapped in its place and its values ("tx 3: input 1: bad-txns-in-belowout: spends 5, has
// 4"); compare with errors.Is, or extract it with [RuleOf].
type Rule string

func (r Rule) Error() string { return string(r) }

// RuleOf returns the rule that err says is broken, or "" if it is about none.
func RuleOf(err error) Rule {
	var r Rule
	errors.As(err, &r)
	return r
}

// Rules of a header (Core: CheckBlockHeader, ContextualCheckBlockHeader).
const (
	// HighHash: the hash is above the target that the header claims, or the claimed
	// target is no target or easier than the network allows (Core: CheckProofOfWork).
	HighHash Rule = "high-hash"
	// BadDiffBits: the claimed target is not the one that the history demands
	// (Core: GetNextWorkRequired).
	BadDiffBits Rule = "bad-diffbits"
	// TimeTooOld: not later than the median of the eleven blocks before.
	TimeTooOld Rule = "time-too-old"
	// TimeTooNew: too far ahead of our clock ([Params.Future]). It may be right later,
	// so it condemns no block and no peer (Core: MAX_FUTURE_BLOCK_TIME).
	TimeTooNew Rule = "time-too-new"
	// BadVersion: a version that miners had given up at this height (BIP34, 65, 66).
	BadVersion Rule = "bad-version"
	// BadPrevBlk: the parent is known and invalid.
	BadPrevBlk Rule = "bad-prevblk"
	// DuplicateInvalid: this very block was found invalid before (BIP22).
	DuplicateInvalid Rule = "duplicate-invalid"
)

// Rules of a block's body (Core: CheckBlock, ContextualCheckBlock, ConnectBlock).
const (
	// BadMerkleRoot: the transactions are not those that the header commits to.
	// The body is wrong; the header may still be good.
	BadMerkleRoot Rule = "bad-txnmrklroot"
	// BadDuplicate: the merkle tree repeats a pair, so another body has the same
	// root (CVE-2012-2459). The header may still be good.
	BadDuplicate Rule = "bad-txns-duplicate"
	// BadLength: no transactions, or more than 1,000,000 bytes.
	BadLength Rule = "bad-blk-length"
	// BadCoinbaseMissing: the first transaction is not a coinbase.
	BadCoinbaseMissing Rule = "bad-cb-missing"
	// BadCoinbaseMultiple: another transaction is a coinbase too.
	BadCoinbaseMultiple Rule = "bad-cb-multiple"
	// BadCoinbaseLength: a coinbase's input script is not 2 to 100 bytes.
	BadCoinbaseLength Rule = "bad-cb-length"
	// BadCoinbaseHeight: the coinbase does not start with the block's height (BIP34).
	BadCoinbaseHeight Rule = "bad-cb-height"
	// BadCoinbaseAmount: the coinbase pays more than reward and fees.
	BadCoinbaseAmount Rule = "bad-cb-amount"
	// BadSigOps: more than 20,000 signature operations in the block.
	BadSigOps Rule = "bad-blk-sigops"
	// BadBIP30: a transaction would overwrite an unspent one with the same id (BIP30).
	BadBIP30 Rule = "bad-txns-BIP30"
	// BadNonFinal: a lock time, absolute or relative (BIP68), has not come.
	BadNonFinal Rule = "bad-txns-nonfinal"
)

// Rules of a transaction (Core: CheckTransaction, Consensus::CheckTxInputs).
const (
	// BadMissingOrSpent: an input names a coin that is not there.
	BadMissingOrSpent Rule = "bad-txns-inputs-missingorspent"
	// BadPremature: an input spends a coinbase that is not mature.
	BadPremature Rule = "bad-txns-premature-spend-of-coinbase"
	// BadInBelowOut: the outputs hold more than the inputs do.
	BadInBelowOut Rule = "bad-txns-in-belowout"
	// BadFeeRange: the fee, or the block's sum of fees, is not an amount of money.
	BadFeeRange Rule = "bad-txns-fee-outofrange"
	// BadInputValues: the inputs, one or together, are not an amount of money.
	BadInputValues Rule = "bad-txns-inputvalues-outofrange"
	// BadVinEmpty: no inputs.
	BadVinEmpty Rule = "bad-txns-vin-empty"
	// BadVoutEmpty: no outputs.
	BadVoutEmpty Rule = "bad-txns-vout-empty"
	// BadOversize: larger than a block may be.
	BadOversize Rule = "bad-txns-oversize"
	// BadVoutNegative: an output holds less than nothing.
	BadVoutNegative Rule = "bad-txns-vout-negative"
	// BadVoutTooLarge: an output holds more than all the money there is.
	BadVoutTooLarge Rule = "bad-txns-vout-toolarge"
	// BadVoutTotal: the outputs together hold more than that (CVE-2010-5139).
	BadVoutTotal Rule = "bad-txns-txouttotal-toolarge"
	// BadInputsDuplicate: two inputs spend the same coin (CVE-2018-17144).
	BadInputsDuplicate Rule = "bad-txns-inputs-duplicate"
	// BadPrevoutNull: a transaction that is no coinbase has the null input of one.
	BadPrevoutNull Rule = "bad-txns-prevout-null"
	// BadScript: an input does not prove the right to spend its coin.
	BadScript Rule = "mandatory-script-verify-flag-failed"
)

// Rules lists every rule above, for tests that demand a case for each.
var Rules = []Rule{
	HighHash, BadDiffBits, TimeTooOld, TimeTooNew, BadVersion, BadPrevBlk, DuplicateInvalid,
	BadMerkleRoot, BadDuplicate, BadLength, BadCoinbaseMissing, BadCoinbaseMultiple,
	BadCoinbaseLength, BadCoinbaseHeight, BadCoinbaseAmount, BadSigOps, BadBIP30, BadNonFinal,
	BadMissingOrSpent, BadPremature, BadInBelowOut, BadFeeRange, BadInputValues, BadVinEmpty,
	BadVoutEmpty, BadOversize, BadVoutNegative, BadVoutTooLarge, BadVoutTotal,
	BadInputsDuplicate, BadPrevoutNull, BadScript,
}

// ErrNoParent: the header's parent is unknown. It breaks no rule: ask for what lies
// between.
var ErrNoParent = errors.New("parent unknown")

// Condemns reports whether err, found in a block, is final: no block with this hash can
// ever be valid. A body that does not match its header does not condemn the hash, because
// another body may match (CVE-2012-2459: otherwise a peer could make us refuse an honest
// block), and neither does a time that is still in the future.
func Condemns(err error) bool {
	switch RuleOf(err) {
	case "", BadMerkleRoot, BadDuplicate, TimeTooNew:
		return false
	}
	return true
}
