package purse

import (
	"context"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/wallet"
)

// Dust is the least that an output of ours holds: to spend less costs a third of it
// in fees and more (Core: GetDustThreshold for pay to public key hash, at
// DUST_RELAY_TX_FEE).
const Dust block.Amount = 546

// Order is a payment to make.
type Order struct {
	Pay         []wallet.Payment
	All         bool             // empty the wallet to the only payment, whose value is 0
	Data        []byte           // a note of at most block.MaxData bytes; nil for none
	From        []block.Outpoint // spend exactly these coins; nil: choose. Coins that a pending payment spends may be named
	Replaceable bool             // announce that a higher fee may replace it (BIP125)
	FeeRate     block.Amount     // per 1000 bytes; 0: twice the least that the node takes now
}

// To is the order of a single payment.
func To(a wallet.Address, value block.Amount) Order {
	return Order{Pay: []wallet.Payment{{To: a, Value: value}}}
}

// Receipt is a signed payment.
type Receipt struct {
	TxID   block.Hash
	Tx     *block.Tx
	Fee    block.Amount
	Change block.Amount  // what comes back to the wallet; 0 if nothing does
	Spent  []wallet.Coin // in the order of the inputs
}

// Pay makes a payment and hands it to the node, which passes it on to its peers. If
// the node refuses it, nothing has happened and the error is its *rpc.Error.
func (p *Purse) Pay(ctx context.Context, keys *wallet.Keychain, o Order) (Receipt, error) {
	r, err := p.Make(ctx, keys, o)
	if err != nil {
		return Receipt{}, err
	}
	return r, p.Send(ctx, r)
}

// Make chooses coins and signs, and sends nothing: for a look before, a dry run, or a
// payment that somebody else carries to a node.
func (p *Purse) Make(ctx context.Context, keys *wallet.Keychain, o Order) (Receipt, error) {
	req, err := p.request(ctx, o)
	if err != nil {
		return Receipt{}, err
	}
	chosen, err := wallet.Choose(req)
	if err != nil {
		return Receipt{}, err
	}
	signers, err := keys.Keys(chosen.Coins)
	if err != nil {
		return Receipt{}, err
	}
	tx := chosen.Tx()
	if err := wallet.Sign(tx, chosen.Spent(), signers); err != nil {
		return Receipt{}, err
	}
	r := Receipt{TxID: tx.ID(), Tx: tx, Fee: chosen.Fee, Spent: chosen.Coins}
	if chosen.Change >= 0 {
		r.Change = chosen.Outputs[chosen.Change].Value
	}
	return r, nil
}

// Send hands a payment that Make made to the node, and notes that its change address
// is in use.
func (p *Purse) Send(ctx context.Context, r Receipt) error {
	id, err := p.node.SendRaw(ctx, r.Tx)
	if err != nil {
		return err
	}
	if id != r.TxID {
		return fmt.Errorf("the node took the payment for another one: %s instead of %s", id, r.TxID)
	}
	if r.Change == 0 {
		return nil
	}
	if _, _, err := p.wallet.Take(wallet.Change); err != nil {
		return fmt.Errorf("payment %s is on its way, but the wallet file could not be brought up to date: %w", r.TxID, err)
	}
	return nil
}

// request gathers what the choice of coins is made from.
func (p *Purse) request(ctx context.Context, o Order) (wallet.Request, error) {
	coins, err := p.Coins(ctx)
	if err != nil {
		return wallet.Request{}, err
	}
	change, _, err := p.wallet.Next(wallet.Change)
	if err != nil {
		return wallet.Request{}, err
	}
	if o.FeeRate == 0 {
		info, err := p.node.MempoolInfo(ctx)
		if err != nil {
			return wallet.Request{}, err
		}
		o.FeeRate = FeeRate(info)
	}
	req := wallet.Request{Pay: o.Pay, Change: change, FeeRate: o.FeeRate, Dust: Dust, All: o.All, Data: o.Data,
		From: o.From, Replaceable: o.Replaceable}
	for _, c := range coins {
		named := slices.Contains(o.From, c.Outpoint)
		if c.SpentBy != "" && !named {
			continue // as good as gone
		}
		// Whoever names a coin that a pending payment spends, wants to replace that one.
		c.Spendable = c.Spendable || named && c.SpentBy != "" && (c.Height >= 0 || c.Path.Branch == wallet.Change)
		req.Coins = append(req.Coins, c.Coin)
	}
	return req, nil
}

// FeeRate returns what to pay for 1000 bytes to a pool in this state: twice the least
// that it takes, so that a pool which fills up a little keeps the payment.
func FeeRate(info rpc.MempoolInfo) block.Amount {
	return min(2*max(info.MempoolMinFee, info.MinRelayTxFee), wallet.MaxFeeRate)
}
