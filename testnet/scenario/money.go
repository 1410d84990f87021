package scenario

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"toychain/block"
	"toychain/payer"
	"toychain/rpc"
	"toychain/wallet"
)

// moneyVerbs mine and pay.
func moneyVerbs() []verb {
	return []verb{
		{name: "mine", args: "NODE N [to PERSON]", parse: parseMine,
			about: "NODE mines N blocks on its tip, with real work; they pay PERSON, or the node."},
		{name: "hashrate", args: "NODE… N", parse: parseHashrate,
			about: "They mine by themselves, N hashes a second at most; max: all they can; 0: stop. A block of the toy network takes 65,537."},
		{name: "pay", args: "PAYER PAYEE AMOUNT on NODE [with P] [fee N] [outputs N] [refused REASON]", parse: parsePay,
			about: "PAYER sends NODE a payment to PAYEE; with P: of the coins that P spends; fee: satoshis per byte; outputs: the amount in N parts, 34 bytes each; refused: NODE must refuse it."},
		{name: "spend twice", args: "PAYER AMOUNT PAYEE on NODE PAYEE on NODE", parse: parseTwice,
			about: "PAYER pays two people with the same coin, on two nodes."},
	}
}

// maxMine is the largest number of blocks in one step.
const maxMine = 1000

func parseMine(w *words) action {
	var node, to string
	n := 0
	if w.more() && !w.atNode() { // as on the command line
		w.splitFlags()
		n = w.count("how many blocks", 1, maxMine)
		w.must("--node")
		node = w.node()
		if w.next("--wallet") || w.next("--to") {
			to = w.person()
		}
	} else {
		node, n = w.node(), w.count("how many blocks", 1, maxMine)
		if w.next("to") {
			to = w.person()
		}
	}
	to = cmp.Or(to, node)
	return func(ctx context.Context, p *player) (string, error) {
		who, err := p.names.person(to)
		if err != nil {
			return "", err
		}
		if p.mining {
			if _, _, err := p.trees(ctx); err != nil { // name the blocks that were there before
				return "", err
			}
		}
		address := who.Address.Encode(p.names.params.Prefixes)
		made, err := call(p, node, func(miner Node) ([]block.Hash, error) { return miner.Generate(ctx, n, address) })
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
	nodes := w.some()
	rate, stop := 0, false
	if !w.next("max") {
		rate = w.count("hashes a second", 0, 1_000_000_000)
		stop = rate == 0
	}
	return func(ctx context.Context, p *player) (string, error) {
		p.mining = true
		for _, node := range nodes {
			who, err := p.names.person(node)
			if err != nil {
				return "", err
			}
			address := "" // stops it
			if !stop {
				address = who.Address.Encode(p.names.params.Prefixes)
			}
			set := func(miner Node) (rpc.MiningInfo, error) { return miner.SetMining(ctx, address, float64(rate)) }
			if _, err = call(p, node, set); err != nil {
				return "", err
			}
		}
		return "", nil
	}
}

// request is a payment in a script.
type request struct {
	from, to, node string
	amount         block.Amount
	feeRate        block.Amount // per 1000 bytes; 0: twice the node's minimum
	outputs        int          // that share the amount; 0: one
}

// maxOutputs keeps a payment within the 100 kB that a mempool accepts.
const maxOutputs = 2900

func parsePay(w *words) action {
	r := request{from: w.person(), to: w.person(), amount: w.amount()}
	w.must("on")
	r.node = w.node()
	with := "" // a payment whose coins it spends
	if w.next("with") {
		with = w.label('p')
	}
	if w.next("fee") {
		r.feeRate = 1000 * block.Amount(w.count("satoshis per byte", 1, 1000))
	}
	if w.next("outputs") {
		r.outputs = w.count("how many outputs", 1, maxOutputs)
	}
	reason := ""
	if w.next("refused") {
		reason = w.tail("the reason is")
	}
	return func(ctx context.Context, p *player) (string, error) {
		var coins []block.Outpoint
		if with != "" {
			other, err := p.names.paidAs(with)
			if err != nil {
				return "", err
			}
			coins = spent(other.tx)
		}
		_, err := p.pay(ctx, r, coins)
		if reason == "" {
			return "", err
		}
		return "", wasRefused(r.node, reason, err)
	}
}

// wasRefused checks that err is a node's refusal for this reason.
func wasRefused(node, reason string, err error) error {
	message, refused := refusal(err)
	switch {
	case err == nil:
		return unexpected{node, "refused: " + reason, "accepted"}
	case !refused:
		return err
	case !strings.Contains(message, reason):
		return unexpected{node, "refused: " + reason, "refused: " + message}
	}
	return nil
}

func parseTwice(w *words) action {
	a := request{from: w.person(), amount: w.amount(), to: w.person()}
	w.must("on")
	a.node = w.node()
	b := request{from: a.from, amount: a.amount, to: w.person()}
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

// spent returns the coins that a transaction spends; none if it is nil.
func spent(tx *block.Tx) (out []block.Outpoint) {
	if tx != nil {
		for _, in := range tx.Inputs {
			out = append(out, in.Prev)
		}
	}
	return out
}

// pay makes a payment, of these coins if there are any, and sends it.
func (p *player) pay(ctx context.Context, r request, coins []block.Outpoint) (*block.Tx, error) {
	from, wallet, err := p.payer(ctx, r.from, r.node)
	if err != nil {
		return nil, err
	}
	to, err := p.names.person(r.to)
	if err != nil {
		return nil, err
	}
	request := payer.Request{From: coins, FeeRate: r.feeRate, Pay: divided(to.Address, r.amount, max(1, r.outputs))}
	made, err := wallet.Pay(ctx, from.Keys, request)
	if err != nil {
		return nil, fmt.Errorf("%s → %s on %s: %w", r.from, r.to, r.node, err)
	}
	p.names.made(made.Tx, r.from, r.node)
	return made.Tx, nil
}

// divided returns payments that make up the amount.
func divided(to wallet.Address, amount block.Amount, n int) (out []wallet.Payment) {
	for left := n; left > 0; left-- {
		part := amount / block.Amount(left)
		out = append(out, wallet.Payment{To: to, Value: part})
		amount -= part
	}
	return out
}

// payer returns a person's account, and the wallet with a node to call.
func (p *player) payer(ctx context.Context, name, node string) (*payer.Account, *payer.Payer, error) {
	who, err := p.names.person(name)
	if err != nil {
		return nil, nil, err
	}
	wallet, err := call(p, node, func(n Node) (*payer.Payer, error) {
		return payer.Open(ctx, n, who.Wallet, p.names.params.Digest(), p.names.params.Prefixes)
	})
	return who, wallet, err
}

// balance returns a person's coins on a node's best chain, mature or not. What is pending
// does not count.
func (p *player) balance(ctx context.Context, name, node string) (block.Amount, error) {
	_, wallet, err := p.payer(ctx, name, node)
	if err != nil {
		return 0, err
	}
	b, err := wallet.Balance(ctx)
	return b.Confirmed + b.Immature, err
}
