package scenario

import (
	"context"
	"fmt"
	"strings"

	"toychain/block"
	"toychain/testnet/purse"
)

// moneyVerbs are about blocks and payments.
func moneyVerbs() []verb {
	return []verb{
		{name: "mine", args: "NODE N [to WHO]", parse: parseMine,
			about: "NODE mines N blocks on its tip, with real work; the coins are WHO's, or its own."},
		{name: "hashrate", args: "NODE N", parse: parseHashrate,
			about: "NODE mines by itself, N hashes a second at most; 0: no more. A block of the toy network takes 65,537."},
		{name: "pay", args: "WHO WHOM AMOUNT on NODE [with P] [refused REASON]", parse: parsePay,
			about: "WHO hands NODE a payment; with P: of the coins that P spends; refused: NODE must say no."},
		{name: "spend twice", args: "WHO AMOUNT WHOM on NODE WHOM on NODE", parse: parseTwice,
			about: "WHO pays two people with the same coin, at two nodes."},
	}
}

// maxMine is the most blocks of one step.
const maxMine = 1000

func parseMine(w *words) action {
	node := w.node()
	n := w.count("how many blocks", 1, maxMine)
	to := node
	if w.next("to") {
		to = w.person()
	}
	return func(ctx context.Context, p *player) (string, error) {
		who, err := p.names.person(to)
		if err != nil {
			return "", err
		}
		if p.wild {
			if _, _, err := p.trees(ctx); err != nil { // what was there before is older
				return "", err
			}
		}
		miner, err := p.world.Node(node)
		if err != nil {
			return "", err
		}
		made, err := miner.Generate(ctx, n, who.address.Encode(p.names.params.Prefixes))
		for _, h := range made {
			p.names.block(h)
		}
		if err == nil && len(made) != n {
			err = fmt.Errorf("%s mined %d blocks instead of %d", node, len(made), n)
		}
		return "", err
	}
}

func parseHashrate(w *words) action {
	node := w.node()
	rate := w.count("hashes a second", 0, 1_000_000_000)
	return func(ctx context.Context, p *player) (string, error) {
		who, err := p.names.person(node)
		if err != nil {
			return "", err
		}
		miner, err := p.world.Node(node)
		if err != nil {
			return "", err
		}
		p.wild = true
		address := "" // stops it
		if rate > 0 {
			address = who.address.Encode(p.names.params.Prefixes)
		}
		_, err = miner.SetMining(ctx, address, float64(rate))
		return "", err
	}
}

// order is a payment that a script asks for.
type order struct {
	from, to, node string
	amount         block.Amount
	with           string // payment whose coins it spends; "": any
}

func parsePay(w *words) action {
	o := order{from: w.person(), to: w.person(), amount: w.amount()}
	w.must("on")
	o.node = w.node()
	if w.next("with") {
		o.with = w.label('p')
	}
	reason := ""
	if w.next("refused") {
		if reason = strings.Join(w.rest, " "); reason == "" {
			w.fail("the reason is missing")
		}
		w.rest = nil
	}
	return func(ctx context.Context, p *player) (string, error) {
		var coins []block.Outpoint
		if o.with != "" {
			other, err := p.names.paidAs(o.with)
			if err != nil {
				return "", err
			}
			coins = spent(other.tx)
		}
		_, err := p.pay(ctx, o, coins)
		if reason == "" {
			return "", err
		}
		return "", saysNo(o.node, reason, err)
	}
}

// saysNo makes sure that err is a node's refusal for this reason.
func saysNo(node, reason string, err error) error {
	said, no := refusal(err)
	switch {
	case err == nil:
		return unexpected{node, "refused: " + reason, "accepted"}
	case !no:
		return err
	case !strings.Contains(said, reason):
		return unexpected{node, "refused: " + reason, "refused: " + said}
	}
	return nil
}

func parseTwice(w *words) action {
	a := order{from: w.person(), amount: w.amount(), to: w.person()}
	w.must("on")
	a.node = w.node()
	b := order{from: a.from, amount: a.amount, to: w.person()}
	w.must("on")
	b.node = w.node()
	return func(ctx context.Context, p *player) (string, error) {
		tx, err := p.pay(ctx, a, nil)
		if err == nil {
			_, err = p.pay(ctx, b, spent(tx))
		}
		return "", err
	}
}

// spent returns the coins that a payment spends; none of one that is not known.
func spent(tx *block.Tx) (out []block.Outpoint) {
	if tx != nil {
		for _, in := range tx.Inputs {
			out = append(out, in.Prev)
		}
	}
	return out
}

// pay makes a payment, of these coins if there are any, and hands it in.
func (p *player) pay(ctx context.Context, o order, coins []block.Outpoint) (*block.Tx, error) {
	from, err := p.names.person(o.from)
	if err != nil {
		return nil, err
	}
	to, err := p.names.person(o.to)
	if err != nil {
		return nil, err
	}
	money, err := p.purse(ctx, from, o.node)
	if err != nil {
		return nil, err
	}
	order := purse.To(to.address, o.amount)
	order.From = coins
	made, err := money.Pay(ctx, from.keys, order)
	if err != nil {
		return nil, fmt.Errorf("%s → %s on %s: %w", o.from, o.to, o.node, err)
	}
	p.names.made(made.Tx, o.from, o.node)
	return made.Tx, nil
}

// purse returns somebody's wallet with a node to ask.
func (p *player) purse(ctx context.Context, who *person, node string) (*purse.Purse, error) {
	n, err := p.world.Node(node)
	if err != nil {
		return nil, err
	}
	return purse.Open(ctx, n, who.wallet, p.names.params.Digest(), p.names.params.Prefixes)
}

// money returns what somebody has in the blocks of a node's history, old enough to be
// spent or not. What is pending does not count.
func (p *player) money(ctx context.Context, name, node string) (block.Amount, error) {
	who, err := p.names.person(name)
	if err != nil {
		return 0, err
	}
	purse, err := p.purse(ctx, who, node)
	if err != nil {
		return 0, err
	}
	b, err := purse.Balance(ctx)
	return b.Confirmed + b.Immature, err
}
