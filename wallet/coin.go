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

// TooLittle is the error of Choose when the coins do not suffice. It counts each coin once.
type TooLittle struct {
	Spendable   block.Amount // the sum of the coins that the request named, if it did
	Immature    block.Amount // new coins, not mature yet
	Unconfirmed block.Amount // not in a block yet
	Reserved    block.Amount // not spendable for another reason, such as a pending transaction
	Uneconomic  block.Amount // spendable coins whose fee exceeds their value
	Need        block.Amount // the payments and Fee
	Fee         block.Amount // for spending every spendable coin
	Chosen      bool         // the request named its coins
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
