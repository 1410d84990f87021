package consensus_test

import (
	"bytes"
	"math"

	"toychain/block"
	"toychain/consensus"
)

// The numbers here are Bitcoin's, written out: were they the code's own constants,
// a wrong one would agree with itself.
const (
	maxMoney   = 21_000_000 * coin
	blockLimit = 1_000_000
	sigopLimit = 20_000
	finalSeq   = 0xffffffff
)

// table is one row for each way to break a rule; see row and scene.
var table = []row{
	// Headers.
	{rule: "high-hash", what: "the nonce does not meet the target", onHeader: true,
		spoil: func(_ *scene, b *block.Block) {
			for h := b.Hash(); h[31] < 0x80; h = b.Hash() {
				b.Header.Nonce++
			}
		}},
	{rule: "high-hash", what: "target zero", onHeader: true, header: bits(0x20000000)},
	{rule: "high-hash", what: "target negative", onHeader: true, header: bits(0x20ffffff)},
	{rule: "high-hash", what: "target overflows", onHeader: true, header: bits(0x23000001)},
	{rule: "high-hash", what: "target easier than allowed", onHeader: true, header: bits(0x2100ffff)},
	{rule: "bad-diffbits", what: "harder than the history demands", onHeader: true, header: bits(0x207ffffe)},
	{rule: "time-too-old", what: "at the median of the last eleven", onHeader: true, header: medianPlus(0)},
	{rule: "time-too-old", what: "before the median", onHeader: true, header: medianPlus(-1)},
	{rule: "bad-version", what: "3", onHeader: true, header: version(3)},
	{rule: "bad-version", what: "negative", onHeader: true, header: version(-1)},

	// The merkle tree. The header is innocent.
	{rule: "bad-txnmrklroot", what: "a transaction is missing", innocent: true,
		spoil: func(_ *scene, b *block.Block) { b.Txs = b.Txs[:3] }},
	{rule: "bad-txnmrklroot", what: "two transactions swapped", innocent: true,
		spoil: func(_ *scene, b *block.Block) { b.Txs[1], b.Txs[3] = b.Txs[3], b.Txs[1] }},
	{rule: "bad-txnmrklroot", what: "no transactions at all", innocent: true,
		spoil: func(_ *scene, b *block.Block) { b.Txs = nil }},
	{rule: "bad-txns-duplicate", what: "the tail twice (CVE-2012-2459)", innocent: true,
		edit:  func(_ *scene, b *block.Block) { b.Txs = b.Txs[:3] },
		spoil: func(_ *scene, b *block.Block) { b.Txs = append(b.Txs, b.Txs[2]) }},

	// The body alone.
	{rule: "bad-blk-length", what: "empty", tamper: func(_ *scene, b *block.Block) { b.Txs = nil }},
	{rule: "bad-blk-length", what: "1,000,001 bytes", tamper: fillTo(blockLimit + 1)},
	{rule: "bad-cb-missing", what: "a payment first", edit: func(_ *scene, b *block.Block) { b.Txs = b.Txs[1:] }},
	{rule: "bad-cb-multiple", what: "another one last",
		edit: func(s *scene, b *block.Block) { b.Txs = append(b.Txs, s.tip.Template("other").Txs[0]) }},
	{rule: "bad-cb-length", what: "1 byte", edit: coinbaseLength(1)},
	{rule: "bad-cb-length", what: "101 bytes", edit: coinbaseLength(101)},
	{rule: "bad-cb-height", what: "the height before", edit: coinbaseScript(0x5c, 0, 0)},
	{rule: "bad-cb-height", what: "as a push where one opcode is enough", edit: coinbaseScript(1, 13, 0)},
	{rule: "bad-cb-amount", what: "one too many", edit: func(_ *scene, b *block.Block) { b.Txs[0].Outputs[0].Value++ }},
	{rule: "bad-cb-amount", what: "fees of nobody", edit: func(_ *scene, b *block.Block) { b.Txs = b.Txs[:1] }},
	{rule: "bad-cb-amount", what: "the reward before the halving", params: func(p *consensus.Params) { p.Halving = 13 },
		edit: func(_ *scene, b *block.Block) { b.Txs[0].Outputs[0].Value += 25 * coin }},
	{rule: "bad-blk-sigops", what: "20,001 in one output", edit: sigops(sigopLimit+1, 0xac)},
	{rule: "bad-blk-sigops", what: "1,000 CHECKMULTISIG count 20 each, and one more", edit: sigops(sigopLimit+1, 0xae)},
	{rule: "bad-blk-sigops", what: "counted by another rule of spending", spend: counting{6667}},
	{rule: "bad-txns-BIP30", what: "the coinbase of block 12 again", params: beforeBIP34,
		edit: func(s *scene, b *block.Block) { b.Txs[0] = s.tip.Txs[0].Clone() }},
	{rule: "bad-txns-nonfinal", what: "lock time is this height", edit: lockTime(13)},
	{rule: "bad-txns-nonfinal", what: "lock time is the median", edit: lockMedian(0)},
	{rule: "bad-txns-nonfinal", what: "in the coinbase",
		edit: func(_ *scene, b *block.Block) { b.Txs[0].LockTime, b.Txs[0].Inputs[0].Sequence = 13, 0 }},
	{rule: "bad-txns-nonfinal", what: "relative: 12 blocks after block 2", edit: sequence(12)},

	// Coins.
	{rule: "bad-txns-inputs-missingorspent", what: "never existed",
		edit: func(_ *scene, b *block.Block) { b.Txs[1].Inputs[0].Prev.TxID[5]++ }},
	{rule: "bad-txns-inputs-missingorspent", what: "no such output",
		edit: func(_ *scene, b *block.Block) { b.Txs[1].Inputs[0].Prev.Index = 1 }},
	{rule: "bad-txns-inputs-missingorspent", what: "genesis' reward is no coin",
		edit: func(s *scene, b *block.Block) {
			b.Txs[1].Inputs[0].Prev.TxID = s.tip.Chain()[0].Txs[0].ID()
		}},
	{rule: "bad-txns-inputs-missingorspent", what: "spent twice in one block",
		edit: func(_ *scene, b *block.Block) { b.Txs[3].Inputs[0].Prev = b.Txs[1].Inputs[0].Prev }},
	{rule: "bad-txns-inputs-missingorspent", what: "made only later in the block",
		edit: func(_ *scene, b *block.Block) { b.Txs[1], b.Txs[2] = b.Txs[2], b.Txs[1] }},
	{rule: "bad-txns-inputs-missingorspent", what: "a data carrier's output is no coin",
		edit: func(_ *scene, b *block.Block) { b.Txs[1].Outputs[1].Script = []byte{0x6a, 1, 7} }},
	{rule: "bad-txns-premature-spend-of-coinbase", what: "two blocks deep, three wanted",
		edit: func(s *scene, b *block.Block) { b.Txs[1].Inputs[0].Prev = s.reward(11).Outpoint }},
	{rule: "bad-txns-premature-spend-of-coinbase", what: "the block's own",
		edit: func(_ *scene, b *block.Block) {
			b.Txs[1].Inputs[0].Prev = block.Outpoint{TxID: b.Txs[0].ID()}
		}},
	{rule: "bad-txns-in-belowout", what: "one too many",
		edit: func(_ *scene, b *block.Block) { b.Txs[3].Outputs[0].Value++ }},
	{rule: "bad-txns-fee-outofrange", what: "the fees of two payments, 42 million coins", params: rich,
		edit: func(_ *scene, b *block.Block) {
			b.Txs[0].Outputs[0].Value = 0
			b.Txs[3].Inputs = b.Txs[3].Inputs[:1]
			b.Txs = append(b.Txs[:2], b.Txs[3])
			b.Txs[1].Outputs = []block.Output{{Script: alice.Script()}}
			b.Txs[2].Outputs = b.Txs[1].Outputs
		}},
	{rule: "bad-txns-inputvalues-outofrange", what: "21 and 21 million coins", params: rich,
		edit: func(_ *scene, b *block.Block) {
			b.Txs = append(b.Txs[:1], b.Txs[3])
			b.Txs[0].Outputs[0].Value = 0
			b.Txs[1].Outputs = b.Txs[1].Outputs[:1]
		}},

	// Transactions alone.
	{rule: "bad-txns-vin-empty", what: "", edit: func(_ *scene, b *block.Block) { b.Txs[3].Inputs = nil }},
	{rule: "bad-txns-vout-empty", what: "", edit: func(_ *scene, b *block.Block) { b.Txs[3].Outputs = nil }},
	{rule: "bad-txns-vout-negative", what: "minus one", edit: value(-1)},
	{rule: "bad-txns-vout-negative", what: "the smallest number", edit: value(math.MinInt64)},
	{rule: "bad-txns-vout-toolarge", what: "one more than there is", edit: value(maxMoney + 1)},
	{rule: "bad-txns-vout-toolarge", what: "the largest number", edit: value(math.MaxInt64)},
	{rule: "bad-txns-vout-toolarge", what: "in the coinbase",
		edit: func(_ *scene, b *block.Block) { b.Txs[0].Outputs[0].Value = maxMoney + 1 }},
	{rule: "bad-txns-txouttotal-toolarge", what: "two outputs (CVE-2010-5139)",
		edit: func(_ *scene, b *block.Block) {
			b.Txs[3].Outputs[0].Value, b.Txs[3].Outputs[1].Value = maxMoney, 1
		}},
	{rule: "bad-txns-inputs-duplicate", what: "one coin twice (CVE-2018-17144)",
		edit: func(_ *scene, b *block.Block) { b.Txs[3].Inputs[1].Prev = b.Txs[3].Inputs[0].Prev }},
	{rule: "bad-txns-prevout-null", what: "beside a real input",
		edit: func(_ *scene, b *block.Block) { b.Txs[3].Inputs[1].Prev = block.Outpoint{Index: 0xffffffff} }},
	{rule: "mandatory-script-verify-flag-failed", what: "an output changed after signing",
		tamper: func(_ *scene, b *block.Block) { b.Txs[3].Outputs[0].Script = alice.Script() }},
	{rule: "mandatory-script-verify-flag-failed", what: "another key",
		tamper: func(_ *scene, b *block.Block) {
			b.Txs[3].Inputs[1].Script = alice.Sign(b.Txs[3], 1, miner.Script(), block.SigAll)
		}},
	{rule: "mandatory-script-verify-flag-failed", what: "no proof at all",
		tamper: func(_ *scene, b *block.Block) { b.Txs[3].Inputs[1].Script = nil }},
}

func bits(n uint32) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Header.Bits = n }
}

func version(v int32) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Header.Version = v }
}

// medianPlus sets the block's time. Twelve blocks ten minutes apart precede it:
// the median of the last eleven is the time of block 7.
func medianPlus(seconds int) func(*scene, *block.Block) {
	return func(s *scene, b *block.Block) {
		b.Header.Time = uint32(int(s.tip.Chain()[7].Header.Time) + seconds)
	}
}

func coinbaseScript(script ...byte) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Txs[0].Inputs[0].Script = script }
}

// coinbaseLength makes the coinbase's input script n bytes long: 13 is one opcode.
func coinbaseLength(n int) func(*scene, *block.Block) {
	return coinbaseScript(append([]byte{0x5d}, make([]byte, n-1)...)...)
}

func lockTime(n uint32) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Txs[3].LockTime, b.Txs[3].Inputs[1].Sequence = n, finalSeq-1 }
}

// lockMedian sets a lock time that many seconds after the median (BIP113).
func lockMedian(seconds int) func(*scene, *block.Block) {
	return func(s *scene, b *block.Block) {
		lockTime(uint32(int(s.tip.Chain()[7].Header.Time)+seconds))(s, b)
	}
}

// sequence sets the relative lock of the input that spends the reward of block 2.
func sequence(n uint32) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Txs[3].Inputs[0].Sequence = n }
}

func value(v block.Amount) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) { b.Txs[3].Outputs[1].Value = v }
}

// sigops gives a payment an output, so that the block holds n signature
// operations: opcode ac counts one, ae counts twenty.
func sigops(n int, opcode byte) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) {
		b.Txs = append(b.Txs[:1], b.Txs[3]) // outputs to coinbase, carol, carol: 3
		b.Txs[0].Outputs[0].Value = 50 * coin
		n -= 3
		each := 1
		if opcode == 0xae {
			each = 20
		}
		script := append(bytes.Repeat([]byte{opcode}, n/each), bytes.Repeat([]byte{0xac}, n%each)...)
		b.Txs[1].Outputs = append(b.Txs[1].Outputs, block.Output{Script: script})
	}
}

// fillTo brings the block to this many bytes by one long script in the coinbase.
func fillTo(size int) func(*scene, *block.Block) {
	return func(_ *scene, b *block.Block) {
		missing := size - len(b.Bytes()) - 8 - 5 // a value and the script's length
		b.Txs[0].Outputs = append(b.Txs[0].Outputs, block.Output{Script: make([]byte, missing)})
	}
}

// counting is a rule of spending by whose count each transaction, the coinbase too, has
// this many signature operations.
type counting struct{ each int }

func (counting) Check(*block.Tx, int, block.Output) error { return nil }

func (c counting) SigOps(*block.Tx, []block.Output) int { return c.each }

// rich makes every coinbase as large as all the money there may be.
func rich(p *consensus.Params) { p.Subsidy = maxMoney }

func beforeBIP34(p *consensus.Params) { p.BIP34 = 1000 }
