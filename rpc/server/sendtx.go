package server

import (
	"errors"

	"toychain/block"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

const (
	// maxFeeRate is the highest fee rate, per 1,000 bytes, that is not taken for a mistake
	// (Core: DEFAULT_MAX_RAW_TX_FEE_RATE). The caller may set it to less than
	// absurdFeeRate.
	maxFeeRate    = block.Coin / 10
	absurdFeeRate = block.Coin
	// maxTested is how many transactions testmempoolaccept accepts (Core:
	// MAX_PACKAGE_COUNT).
	maxTested = 25
)

// feeLimit returns the fee rate that must not be exceeded, given the caller's choice.
func feeLimit(asked *block.Amount) (block.Amount, error) {
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
		if found.Fee > feeAt(limit, found.Size) {
			return block.Hash{}, fail(rpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
		}
	}
	err = c.node.SubmitTx(c.ctx, tx)
	if errors.Is(err, mempool.ErrKnown) { // Core accepts it as well
		err = nil
	}
	return tx.ID(), rejection(err)
}
