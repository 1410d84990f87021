package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"toychain/block"
	"toychain/testnet/purse"
	"toychain/wallet"
)

// rogueVerbs are about strangers who break the rules.
func rogueVerbs() []verb {
	return []verb{
		{name: "lie invalid", args: "NODE [RULE]", parse: parseLie,
			about: "A stranger gives NODE a block that breaks RULE, like bad-cb-amount, and is thrown out for it."},
		{name: "lie withhold", args: "NODE N", parse: parseWithhold,
			about: "A stranger at NODE mines N blocks on its tip, and shows them to nobody."},
		{name: "lie double-spend", args: "P NODE N", parse: parseDoubleSpend,
			about: "The same, and in the first of them the coins of payment P go back to who paid."},
		{name: "lie release", args: "NODE", parse: func(w *words) action {
			node := w.node()
			return func(ctx context.Context, p *player) (string, error) {
				if p.hidden[node] == 0 {
					return "", fmt.Errorf("nothing is withheld at %s", node)
				}
				delete(p.hidden, node)
				return "", p.world.Release(ctx, node)
			}
		}, about: "What was withheld is shown."},
		{name: "flood", args: "NODE WHAT N", parse: parseFlood,
			about: "A stranger sends NODE so many: " + strings.Join(Floods, ", ") + "."},
	}
}

// oneOf takes a word that is in a list.
func (w *words) oneOf(what string, list []string) string {
	s := w.word(what)
	if w.err == nil && !slices.Contains(list, s) {
		w.fail("%q: want one of %s", s, strings.Join(list, ", "))
	}
	return s
}

func parseLie(w *words) action {
	node, rule := w.node(), Lies[0]
	if w.more() {
		rule = w.oneOf("a rule", Lies)
	}
	return func(ctx context.Context, p *player) (string, error) {
		made, err := p.world.Lie(ctx, node, rule)
		if err == nil {
			p.names.block(made)
		}
		return "", err
	}
}

func parseWithhold(w *words) action {
	node := w.node()
	n := w.count("how many blocks", 1, maxMine)
	return func(ctx context.Context, p *player) (string, error) {
		return "", p.withhold(ctx, node, n)
	}
}

// withhold names the blocks at their birth, though nobody sees them yet.
func (p *player) withhold(ctx context.Context, node string, n int, txs ...*block.Tx) error {
	made, err := p.world.Withhold(ctx, node, n, txs...)
	p.hidden[node] += len(made)
	for _, h := range made {
		p.names.block(h)
	}
	return err
}

func parseDoubleSpend(w *words) action {
	label, node := w.label('p'), w.node()
	n := w.count("how many blocks", 1, maxMine)
	return func(ctx context.Context, p *player) (string, error) {
		back, err := p.back(ctx, label, node)
		if err != nil {
			return "", err
		}
		p.names.payment(back.ID())
		return "", p.withhold(ctx, node, n, back)
	}
}

// back makes a payment of the same coins, to who paid. Nobody gets it yet.
func (p *player) back(ctx context.Context, label, node string) (*block.Tx, error) {
	paid, err := p.names.paidAs(label)
	if err != nil {
		return nil, err
	}
	if paid.tx == nil {
		return nil, fmt.Errorf("nobody here made %s, so nobody can spend its coins again", label)
	}
	who, err := p.names.person(paid.from)
	if err != nil {
		return nil, err
	}
	money, err := p.purse(ctx, who, node)
	if err != nil {
		return nil, err
	}
	made, err := money.Make(ctx, who.keys, purse.Order{All: true, Pay: []wallet.Payment{{To: who.address}}, From: spent(paid.tx)})
	return made.Tx, err
}

func parseFlood(w *words) action {
	node, what := w.node(), w.oneOf("what it is flooded with", Floods)
	n := w.count("how many", 1, 1_000_000)
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Flood(ctx, node, what, n) }
}
