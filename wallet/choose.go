package wallet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"toychain/block"
)

// Sizes of the parts of a signed payment in bytes, each the largest possible, so that the
// fee rate is met whatever size the signatures have.
const (
	// inputSize: outpoint 36, script length 1, sequence 4, and the script: a push of a
	// signature of 72 (two DER integers of 33 and, low S, 32 bytes, 6 of framing, 1 of
	// hash type), a push of a compressed key of 33.
	inputSize = 36 + 1 + (1 + 72) + (1 + 33) + 4
	// outputSize: value 8, script length 1, pay-to-public-key-hash script 25.
	outputSize = 8 + 1 + 25
	// frameSize: version 4, lock time 4.
	frameSize = 4 + 4
)

const (
	// MaxTxSize is the largest transaction that nodes relay (Core:
	// MAX_STANDARD_TX_WEIGHT, 400,000, of which a byte without witness weighs 4).
	MaxTxSize = 100_000
	// MaxFeeRate is the highest fee rate that Choose accepts, one coin for 1000 bytes: a
	// higher one is a typing error (ten times Core's DEFAULT_MAX_RAW_TX_FEE_RATE).
	MaxFeeRate = block.Coin
	// ReplaceableSequence signals that the payment may be replaced by one with a higher fee
	// (BIP125; Core: MAX_BIP125_RBF_SEQUENCE).
	ReplaceableSequence = 0xfffffffd
)

// Payment is one output to create.
type Payment struct {
	To    Address
	Value block.Amount
}

// Request is the input of Choose.
type Request struct {
	Coins   []Coin       // of the wallet; among equal values the first is chosen first
	Pay     []Payment    // outputs in this order
	Change  Address      // for the rest
	FeeRate block.Amount // per 1000 bytes, at most MaxFeeRate
	Dust    block.Amount // no output below this is created, because nodes would reject it

	All         bool             // pay everything (or all of From), less the fee, to the only payment, whose Value must be 0
	Data        []byte           // if not nil, a data carrier with these bytes, at most block.MaxData
	From        []block.Outpoint // if not nil, spend exactly these of Coins, for example to spend one coin twice on purpose
	Replaceable bool             // signal that a higher fee may replace the payment (BIP125)
}

// Selection is a payment that can be signed.
type Selection struct {
	Coins    []Coin         // spent, in the order of the inputs
	Outputs  []block.Output // the payments, the data carrier, the change
	Change   int            // index of the change in Outputs, or -1
	Fee      block.Amount   // Coins less Outputs
	Size     int            // in bytes, the most that it can have when signed
	Sequence uint32         // of every input
}

// Tx returns the transaction, unsigned: version 2, no lock time.
func (s Selection) Tx() *block.Tx {
	tx := &block.Tx{Version: 2, Outputs: s.Outputs}
	for _, c := range s.Coins {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: c.Outpoint, Sequence: s.Sequence})
	}
	return tx
}

// Spent returns the outputs that the inputs of Tx spend, for Sign.
func (s Selection) Spent() []block.Output {
	out := make([]block.Output, len(s.Coins))
	for i, c := range s.Coins {
		out[i] = block.Output{Value: c.Value, Script: c.Script}
	}
	return out
}

// Choose returns coins for a payment. It depends on its argument only: the same request
// gives the same bytes. It tries, in this order:
//
//  1. coins that match payment and fee so closely that there is no change (see exact),
//  2. the smallest single coin that is enough,
//  3. the largest coins, one after the other, which needs the fewest inputs.
//
// The rest goes to Request.Change, or to the fee if it would be dust. The error is a
// *TooLittle if the money does not suffice.
func Choose(r Request) (Selection, error) {
	p, err := r.plan()
	if err != nil {
		return Selection{}, err
	}
	var coins []Coin
	switch {
	case r.From != nil:
		coins, err = p.named()
	case r.All:
		coins = p.usable
	default:
		coins = p.pick()
	}
	if err != nil {
		return Selection{}, err
	}
	return p.build(coins)
}

// plan is a valid request and what follows from it.
type plan struct {
	Request
	outputs  []block.Output // without change
	outBytes int            // their size
	pay      block.Amount   // their sum
	usable   []Coin         // spendable and worth more than their fee, the largest first
}

// plan checks the request and returns its plan.
func (r Request) plan() (*plan, error) {
	if r.FeeRate < 0 || r.FeeRate > MaxFeeRate {
		return nil, fmt.Errorf("fee rate %s for 1000 bytes: want 0 to %s", r.FeeRate.Short(), MaxFeeRate.Short())
	}
	if r.Dust < 0 || r.Dust > block.Coin {
		return nil, fmt.Errorf("dust limit %s: want 0 to %s", r.Dust.Short(), block.Coin.Short())
	}
	p := &plan{Request: r}
	if err := p.addOutputs(); err != nil {
		return nil, err
	}
	seen := make(map[block.Outpoint]bool, len(r.Coins))
	var total block.Amount
	for _, c := range r.Coins {
		if seen[c.Outpoint] {
			return nil, fmt.Errorf("coin %s: listed twice", c.Outpoint)
		}
		seen[c.Outpoint] = true
		if block.KindOf(c.Script) != block.KindPubKeyHash {
			return nil, fmt.Errorf("coin %s: a %s output cannot be signed here", c.Outpoint, block.KindOf(c.Script))
		}
		if !c.Value.Valid() || !(total + c.Value).Valid() {
			return nil, fmt.Errorf("coin %s: its value %s, or the sum with it, is out of range", c.Outpoint, c.Value.Short())
		}
		total += c.Value
		if c.Spendable && p.gain(c) > 0 {
			p.usable = append(p.usable, c)
		}
	}
	slices.SortStableFunc(p.usable, func(a, b Coin) int { return cmp.Compare(b.Value, a.Value) })
	return p, nil
}

// addOutputs adds the outputs that the request names.
func (p *plan) addOutputs() error {
	if p.All && (len(p.Pay) != 1 || p.Pay[0].Value != 0) {
		return errors.New("to send all, name one address and no amount")
	}
	if len(p.Pay) == 0 && p.Data == nil {
		return errors.New("nothing to pay")
	}
	for i, pay := range p.Pay {
		if !p.All && (pay.Value <= 0 || !pay.Value.Valid()) {
			return fmt.Errorf("payment %d: cannot pay %s", i, pay.Value.Short())
		}
		if !p.All && pay.Value < p.Dust {
			return fmt.Errorf("payment %d: %s is dust: nodes relay no output below %s", i, pay.Value.Short(), p.Dust.Short())
		}
		if p.pay += pay.Value; !p.pay.Valid() {
			return fmt.Errorf("payment %d: the sum is out of range", i)
		}
		p.outputs = append(p.outputs, block.Output{Value: pay.Value, Script: pay.To.Script()})
		p.outBytes += outputSize
	}
	if p.Data != nil {
		script, err := block.DataScript(p.Data)
		if err != nil {
			return err
		}
		p.outputs = append(p.outputs, block.Output{Script: script})
		p.outBytes += 8 + block.CompactSizeLen(uint64(len(script))) + len(script)
	}
	return nil
}

// size returns the size of the signed transaction with that many inputs.
func (p *plan) size(inputs int, change bool) int {
	outputs, outBytes := len(p.outputs), p.outBytes
	if change {
		outputs, outBytes = outputs+1, outBytes+outputSize
	}
	return frameSize + block.CompactSizeLen(uint64(inputs)) + inputs*inputSize +
		block.CompactSizeLen(uint64(outputs)) + outBytes
}

// fee returns the fee rate times the size, rounded up (Core: CFeeRate::GetFee).
func (p *plan) fee(inputs int, change bool) block.Amount {
	return (p.FeeRate*block.Amount(p.size(inputs, change)) + 999) / 1000
}

// cost returns the least sum of that many coins that suffices.
func (p *plan) cost(inputs int) block.Amount { return p.pay + p.fee(inputs, false) }

// change returns the change of coins with this sum, and whether it is enough for an
// output. Otherwise it goes to the fee.
func (p *plan) change(inputs int, sum block.Amount) (block.Amount, bool) {
	rest := sum - p.pay - p.fee(inputs, true)
	return rest, rest >= max(p.Dust, 1)
}

// gain returns the value of c less the fee for its own input, in thousandths of the
// smallest unit (Core: the effective value).
func (p *plan) gain(c Coin) int64 { return 1000*int64(c.Value) - inputSize*int64(p.FeeRate) }

// named returns the coins of Request.From.
func (p *plan) named() ([]Coin, error) {
	if len(p.From) == 0 {
		return nil, errors.New("no coin chosen to spend")
	}
	var coins []Coin
	for _, o := range p.From {
		same := func(c Coin) bool { return c.Outpoint == o }
		i := slices.IndexFunc(p.Coins, same)
		switch {
		case i < 0:
			return nil, fmt.Errorf("coin %s: not a coin of this wallet, or spent", o)
		case !p.Coins[i].Spendable:
			return nil, fmt.Errorf("coin %s: cannot be spent yet: not mature, not confirmed, or reserved", o)
		case slices.ContainsFunc(coins, same):
			return nil, fmt.Errorf("coin %s: chosen twice", o)
		}
		coins = append(coins, p.Coins[i])
	}
	return coins, nil
}

// build returns the payment that spends exactly these coins.
func (p *plan) build(coins []Coin) (Selection, error) {
	n, sum := len(coins), sumOf(coins)
	s := Selection{Coins: coins, Outputs: p.outputs, Change: -1, Sequence: block.SequenceFinal}
	if p.Replaceable {
		s.Sequence = ReplaceableSequence
	}
	least := p.cost(max(n, 1))
	if p.All {
		least += max(p.Dust, 1)
	}
	if n == 0 || sum < least {
		return Selection{}, p.tooLittle(coins)
	}
	change, worthwhile := p.change(n, sum)
	switch {
	case p.All:
		s.Outputs[0].Value = sum - p.fee(n, false)
	case worthwhile:
		s.Change = len(s.Outputs)
		s.Outputs = append(s.Outputs, block.Output{Value: change, Script: p.Change.Script()})
	}
	s.Fee = sum
	for _, out := range s.Outputs {
		s.Fee -= out.Value
	}
	if s.Size = p.size(n, s.Change >= 0); s.Size > MaxTxSize {
		fit := max(0, n-(s.Size-MaxTxSize+inputSize-1)/inputSize)
		return Selection{}, fmt.Errorf("%d coins make a transaction of %d bytes, more than the %d that nodes relay: pay in parts; the first %d coins contain %s",
			n, s.Size, MaxTxSize, fit, sumOf(coins[:fit]).Short())
	}
	return s, nil
}

// tooLittle returns the error for coins that do not suffice.
func (p *plan) tooLittle(coins []Coin) error {
	e := &TooLittle{Chosen: p.From != nil}
	if !e.Chosen {
		coins = p.usable
		for _, c := range p.Coins {
			switch {
			case c.Spendable && p.gain(c) > 0: // usable
			case c.Spendable:
				e.Uneconomic += c.Value
			case c.Height < 0:
				e.Unconfirmed += c.Value
			case c.Coinbase:
				e.Immature += c.Value
			default:
				e.Reserved += c.Value
			}
		}
	}
	e.Spendable = sumOf(coins)
	e.Fee = p.fee(max(len(coins), 1), false)
	e.Need = p.pay + e.Fee
	if p.All {
		e.Need += max(p.Dust, 1)
	}
	return e
}

func sumOf(coins []Coin) (sum block.Amount) {
	for _, c := range coins {
		sum += c.Value
	}
	return sum
}
