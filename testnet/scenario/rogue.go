package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"toychain/block"
	"toychain/payer"
)

// rogueVerbs act as adversarial peers.
func rogueVerbs() []verb {
	return []verb{
		{name: "lie invalid", args: "NODE [RULE]", parse: parseLie,
			about: "A rogue peer sends NODE a block that breaks RULE, like bad-cb-amount or bad-diffbits."},
		{name: "lie slander", args: "NODE NODE", parse: parseSlander,
			about: "Rogue peers show the first NODE a block beside its tip that creates too much, and the second one a block on it: the first must not be blamed."},
		{name: "lie withhold", args: "NODE N", parse: parseWithhold,
			about: "A rogue peer of NODE mines N blocks on its tip, and announces none of them."},
		{name: "lie double-spend", args: "P NODE N", parse: parseDoubleSpend,
			about: "The same, and the first of them returns the coins of payment P to the payer."},
		{name: "lie release", args: "NODE", parse: func(w *words) action {
			node := w.node()
			return func(ctx context.Context, p *player) (string, error) {
				if p.withheld[node] == 0 {
					return "", fmt.Errorf("nothing is withheld at %s", node)
				}
				delete(p.withheld, node)
				return "", p.world.Release(ctx, node)
			}
		}, about: "What was withheld is announced."},
		{name: "lie addresses", args: "NODE N", parse: parseTell,
			about: "A rogue peer tells NODE the addresses of N peers that do not exist, all at one machine, and false ones of all other nodes."},
		{name: "crowd", args: "NODE N", parse: parseCrowd,
			about: "N rogue peers, each with its own key, connect with NODE and do nothing, until the script ends."},
		{name: "flood", args: "NODE WHAT N", parse: parseFlood,
			about: "A rogue peer sends NODE so many: " + strings.Join(Floods, ", ") + "."},
	}
}

// oneOf takes one of these words.
func (w *words) oneOf(what string, list []string) string {
	s := w.word(what)
	if !slices.Contains(list, s) {
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

func parseSlander(w *words) action {
	first, second := w.node(), w.node()
	if first == second {
		w.fail("lie slander: want two nodes")
	}
	return func(ctx context.Context, p *player) (string, error) {
		made, err := p.world.Slander(ctx, first, second)
		for _, h := range made {
			p.names.block(h)
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

// withhold has a rogue mine blocks, and names them already.
func (p *player) withhold(ctx context.Context, node string, n int, txs ...*block.Tx) error {
	made, err := p.world.Withhold(ctx, node, n, txs...)
	p.withheld[node] += len(made)
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

// back makes a payment of the same coins to their payer, without sending it.
func (p *player) back(ctx context.Context, label, node string) (*block.Tx, error) {
	paid, err := p.names.paidAs(label)
	if err != nil {
		return nil, err
	}
	if paid.tx == nil {
		return nil, fmt.Errorf("no step made %s, so its coins cannot be spent again", label)
	}
	who, wallet, err := p.payer(ctx, paid.from, node)
	if err != nil {
		return nil, err
	}
	made, err := wallet.Make(ctx, who.Keys, payer.Request{All: true, Pay: payer.To(who.Address, 0).Pay, From: spent(paid.tx)})
	return made.Tx, err
}

func parseTell(w *words) action {
	node, n := w.node(), w.count("how many addresses", 1, maxTold)
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Tell(ctx, node, n) }
}

func parseCrowd(w *words) action {
	node, n := w.node(), w.count("how many peers", 1, maxCrowd)
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Crowd(ctx, node, n) }
}

// maxTold is how many peers one answer tells of, with room for those that exist, and maxCrowd how
// many peers one process can be.
const (
	maxTold  = 90
	maxCrowd = 200
)

func parseFlood(w *words) action {
	node, what := w.node(), w.oneOf("what it is flooded with", Floods)
	n := w.count("how many", 1, 1_000_000)
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Flood(ctx, node, what, n) }
}
