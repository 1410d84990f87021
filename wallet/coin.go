package wallet

import (
	"fmt"
	"strings"

	"toychain/block"
)

// Coin is an unspent output of ours, as a node reported it.
type Coin struct {
	Outpoint block.Outpoint
	Value    block.Amount
	Script   []byte       // pay to public key hash
	Path     Path         // which of our keys the script asks for
	Height   block.Height // of the block it is in; negative if it is in none yet
	Coinbase bool         // new money, which has to mature
	// Spendable is the caller's judgement, who knows the tip: mature, confirmed, and
	// not spent by a payment that is still waiting.
	Spendable bool
}

// Balance is the sum of coins, each counted once, by what can be done with it.
type Balance struct {
	Spendable   block.Amount `json:"spendable"`
	Immature    block.Amount `json:"immature"`    // new money, too young
	Unconfirmed block.Amount `json:"unconfirmed"` // in no block yet
	Reserved    block.Amount `json:"reserved"`    // not spendable for another reason, such as a payment under way
}

// BalanceOf adds up coins.
func BalanceOf(coins []Coin) (b Balance) {
	for _, c := range coins {
		switch {
		case c.Spendable:
			b.Spendable += c.Value
		case c.Height < 0:
			b.Unconfirmed += c.Value
		case c.Coinbase:
			b.Immature += c.Value
		default:
			b.Reserved += c.Value
		}
	}
	return b
}

// TooLittle is the error of Choose when the coins do not suffice.
type TooLittle struct {
	Balance
	Uneconomic block.Amount // spendable, but in coins that cost more to spend than they hold; not in Balance.Spendable
	Need       block.Amount // what is to be paid, with Fee
	Fee        block.Amount // for spending every coin that may be spent
	Chosen     bool         // the request named its coins; Spendable is what they hold
}

// Error says what there is, what is not usable yet and why, and what is needed.
func (e *TooLittle) Error() string {
	have := fmt.Sprintf("have %s spendable", e.Spendable.Short())
	if e.Chosen {
		have = fmt.Sprintf("the chosen coins hold %s", e.Spendable.Short())
	}
	var more []string
	for _, m := range []struct {
		amount block.Amount
		why    string
	}{
		{e.Immature, "not mature yet"},
		{e.Unconfirmed, "unconfirmed"},
		{e.Reserved, "reserved by a payment under way"},
		{e.Uneconomic, "in coins that cost more to spend than they hold"},
	} {
		if m.amount > 0 {
			more = append(more, fmt.Sprintf("%s more %s", m.amount.Short(), m.why))
		}
	}
	if len(more) > 0 {
		have += " (" + strings.Join(more, ", ") + ")"
	}
	return fmt.Sprintf("too little money: %s, need %s with a fee of %s", have, e.Need.Short(), e.Fee.Short())
}
