package payer

import (
	"context"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/wallet"
)

// Dust is the smallest output that a payer makes: spending less would cost a third of it in
// fees (Core: GetDustThreshold for pay to public key hash, at DUST_RELAY_TX_FEE).
const Dust block.Amount = 546

// Request is what to pay, and how. Make sets Coins and Dust, a FeeRate that is 0 to twice the node's
// minimum, and a Change that is zero to the wallet's next change address. Coins in From may be spent
// by a pending transaction already.
type Request = wallet.Request

// To returns a request for a single payment.
func To(a wallet.Address, value block.Amount) Request {
	return Request{Pay: []wallet.Payment{{To: a, Value: value}}}
}

// Result is a signed transaction.
type Result struct {
	TxID   block.Hash
	Tx     *block.Tx
	Fee    block.Amount
	Change block.Amount  // back to the wallet; 0: none
	Spent  []wallet.Coin // in the order of the inputs

	named bool // the request says where the change goes
}

// Pay makes a transaction and sends it to the node, which relays it. If the node rejects it,
// nothing has changed and the error is its *rpc.Error.
func (p *Payer) Pay(ctx context.Context, keys *wallet.Keychain, o Request) (Result, error) {
	r, err := p.Make(ctx, keys, o)
	if err != nil {
		return Result{}, err
	}
	return r, p.Send(ctx, r)
}

// Make chooses coins and signs, and sends nothing: for a preview, a dry run, or a transaction
// that reaches a node in another way.
func (p *Payer) Make(ctx context.Context, keys *wallet.Keychain, o Request) (Result, error) {
	named := o.Change != wallet.Address{}
	if err := p.complete(ctx, &o); err != nil {
		return Result{}, err
	}
	chosen, err := wallet.Choose(o)
	if err != nil {
		return Result{}, err
	}
	signers, err := keys.Keys(chosen.Coins)
	if err != nil {
		return Result{}, err
	}
	tx := chosen.Tx()
	if err := wallet.Sign(tx, chosen.Spent(), signers); err != nil {
		return Result{}, err
	}
	r := Result{TxID: tx.ID(), Tx: tx, Fee: chosen.Fee, Spent: chosen.Coins, named: named}
	if chosen.Change >= 0 {
		r.Change = chosen.Outputs[chosen.Change].Value
	}
	return r, nil
}

// Send sends the transaction of Make to the node, and records that its change address is
// in use.
func (p *Payer) Send(ctx context.Context, r Result) error {
	id, err := p.node.SendRaw(ctx, r.Tx)
	if err != nil {
		return err
	}
	if id != r.TxID {
		return fmt.Errorf("the node returned the ID of another transaction: %s instead of %s", id, r.TxID)
	}
	if r.Change == 0 || r.named {
		return nil
	}
	if _, _, err := p.wallet.Take(wallet.Change); err != nil {
		return fmt.Errorf("payment %s was sent, but the wallet file could not be updated: %w", r.TxID, err)
	}
	return nil
}

// complete sets what the wallet alone does not know.
func (p *Payer) complete(ctx context.Context, o *Request) error {
	coins, err := p.Coins(ctx)
	if err != nil {
		return err
	}
	if (o.Change == wallet.Address{}) {
		if o.Change, _, err = p.wallet.Next(wallet.Change); err != nil {
			return err
		}
	}
	if o.FeeRate == 0 {
		info, err := p.node.MempoolInfo(ctx)
		if err != nil {
			return err
		}
		o.FeeRate = FeeRate(info)
	}
	o.Coins, o.Dust = nil, Dust
	for _, c := range coins {
		named := slices.Contains(o.From, c.Outpoint)
		if c.SpentBy != "" && !named {
			continue // as good as spent
		}
		// Naming a coin that a pending transaction spends means to replace that one.
		c.Spendable = c.Spendable || named && c.SpentBy != "" && (c.Height >= 0 || c.Path.Branch == wallet.Change)
		o.Coins = append(o.Coins, c.Coin)
	}
	return nil
}

// FeeRate returns the fee per 1000 bytes for a mempool in this state: twice its minimum, so
// that a mempool which fills up a little keeps the transaction.
func FeeRate(info rpc.MempoolInfo) block.Amount {
	return min(2*max(info.MempoolMinFee, info.MinRelayTxFee), wallet.MaxFeeRate)
}
