package wallet

import (
	"fmt"
	"strings"

	"toychain/block"
)

// Coin is an unspent output of the wallet, as a node reported it.
type Coin struct {
	Outpoint block.Outpoint
	Value    block.Amount
	Script   []byte       // pay to public key hash
	Path     Path         // of the key that the script requires
	Height   block.Height // of its block; negative if it is unconfirmed
	Coinbase bool         // new coins, which have to mature
	// Spendable is decided by the caller, who knows the tip: mature, confirmed, and not
	// spent by a pending transaction.
	Spendable bool
}

// Balance is the sum of coins by status. Each coin is counted once.
type Balance struct {
	Spendable   block.Amount `json:"spendable"`
	Immature    block.Amount `json:"immature"`    // new coins, not mature yet
	Unconfirmed block.Amount `json:"unconfirmed"` // not in a block yet
	Reserved    block.Amount `json:"reserved"`    // not spendable for another reason, such as a pending transaction
}

// BalanceOf returns the sum of coins.
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
	Uneconomic block.Amount // spendable coins whose fee exceeds their value; not in Balance.Spendable
	Need       block.Amount // the payments and Fee
	Fee        block.Amount // for spending every spendable coin
	Chosen     bool         // the request named its coins; Spendable is their sum
}

// Error returns what is spendable, what is not and why, and what is needed.
func (e *TooLittle) Error() string {
	have := fmt.Sprintf("have %s spendable", e.Spendable.Short())
	if e.Chosen {
		have = fmt.Sprintf("the chosen coins contain %s", e.Spendable.Short())
	}
	var more []string
	for _, m := range []struct {
		amount block.Amount
		why    string
	}{
		{e.Immature, "not mature yet"},
		{e.Unconfirmed, "unconfirmed"},
		{e.Reserved, "reserved by a pending payment"},
		{e.Uneconomic, "in coins that cost more to spend than they contain"},
	} {
		if m.amount > 0 {
			more = append(more, fmt.Sprintf("%s more %s", m.amount.Short(), m.why))
		}
	}
	if len(more) > 0 {
		have += " (" + strings.Join(more, ", ") + ")"
	}
	return fmt.Sprintf("not enough money: %s, need %s including a fee of %s", have, e.Need.Short(), e.Fee.Short())
}
