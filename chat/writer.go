package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/payer"
	"toychain/wallet"
)

// fare is what a carrier pays to the board: the least that nodes relay.
const fare = payer.Dust

// purse is how much the author's address is given when it has too little, and how many messages'
// parts that pays for at the usual fee.
const (
	purse      = 200 * (fare + 2_000)
	partBudget = fare + 2_000
)

// identity is where in a wallet the author's address is. It is a change address, so that the
// change of one part can be spent by the next before a block has it.
var identity = wallet.Path{Branch: wallet.Change}

// Writer says messages for a wallet.
type Writer struct {
	Payer    *payer.Payer
	Keys     *wallet.Keychain
	Prefixes block.Prefixes
}

// Author returns the address that the wallet's messages are from.
func (w *Writer) Author() (wallet.Address, error) {
	return w.Payer.Wallet().Account().Address(identity)
}

// Sent is what Say sent.
type Sent struct {
	ID     block.Hash   `json:"id"` // the message's
	TxIDs  []block.Hash `json:"txids"`
	Fees   block.Amount `json:"fees"`
	TimeMS int64        `json:"time_ms"` // as signed
}

// Say sends a message that is written at a time, and says under which name the wallet is to be known
// from now on, "" for none.
func (w *Writer) Say(ctx context.Context, text, name string, at time.Time) (out Sent, err error) {
	parts, err := Split(text, at)
	if err != nil {
		return out, err
	}
	data := parts
	if name != "" {
		claimed, err := w.claim(name)
		if err != nil {
			return out, err
		}
		data = append([][]byte{claimed}, parts...)
	}
	from, err := w.coin(ctx, block.Amount(len(data))*partBudget, &out)
	if err != nil {
		return out, err
	}
	for i, d := range data {
		r, err := w.carry(ctx, d, from)
		if err != nil {
			return out, w.halfSent(err, i, len(data))
		}
		out.TxIDs, out.Fees = append(out.TxIDs, r.TxID), out.Fees+r.Fee
		from = changeOf(r)
	}
	out.ID, out.TimeMS = out.TxIDs[len(out.TxIDs)-len(parts)], at.UnixMilli()
	return out, nil
}

// halfSent says how much of a message was sent before an error.
func (w *Writer) halfSent(err error, sent, all int) error {
	if sent == 0 {
		return err
	}
	return fmt.Errorf("%d of %d transactions were sent, and then: %w", sent, all, err)
}

// claim returns the data carrier for a name.
func (w *Writer) claim(name string) ([]byte, error) {
	address, err := w.Author()
	if err != nil {
		return nil, err
	}
	key, err := w.Keys.Key(identity)
	if err != nil {
		return nil, err
	}
	return NameData(name, wallet.SignMessage(key, claim(address.Encode(w.Prefixes), name)))
}

// carry sends a transaction that spends a coin of the author's and carries data.
func (w *Writer) carry(ctx context.Context, data []byte, coin block.Outpoint) (payer.Result, error) {
	author, err := w.Author()
	if err != nil {
		return payer.Result{}, err
	}
	return w.Payer.Pay(ctx, w.Keys, payer.Request{
		Pay: []wallet.Payment{{To: Board, Value: fare}}, Data: data, From: []block.Outpoint{coin}, Change: author,
	})
}

// changeOf returns the coin that is the change of a carrier or purse: its last output.
func changeOf(r payer.Result) block.Outpoint {
	return block.Outpoint{TxID: r.TxID, Index: uint32(len(r.Tx.Outputs) - 1)}
}

// coin returns a coin of the author's address that is worth enough: the largest that it has, or a
// new one, which the wallet's other coins pay.
func (w *Writer) coin(ctx context.Context, enough block.Amount, out *Sent) (block.Outpoint, error) {
	coins, err := w.Payer.Coins(ctx)
	if err != nil {
		return block.Outpoint{}, err
	}
	own := slices.DeleteFunc(coins, func(c payer.Coin) bool {
		return c.Path != identity || !c.Spendable || c.SpentBy != "" || c.Value < enough
	})
	if len(own) > 0 {
		return slices.MaxFunc(own, func(a, b payer.Coin) int { return int(a.Value - b.Value) }).Outpoint, nil
	}
	author, err := w.Author()
	if err != nil {
		return block.Outpoint{}, err
	}
	r, err := w.Payer.Pay(ctx, w.Keys, payer.To(author, max(purse, enough)))
	var little *wallet.TooLittle
	if errors.As(err, &little) {
		r, err = w.Payer.Pay(ctx, w.Keys, payer.To(author, enough))
	}
	if err != nil {
		return block.Outpoint{}, fmt.Errorf("a message costs a fee: %w", err)
	}
	out.TxIDs, out.Fees = append(out.TxIDs, r.TxID), r.Fee
	return block.Outpoint{TxID: r.TxID, Index: 0}, nil
}
