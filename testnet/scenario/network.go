package scenario

import (
	"cmp"
	"context"

	"toychain/block"
	"toychain/consensus"
	"toychain/network"
	"toychain/testnet/topology"
)

// networkVerbs start nodes and change their connections.
func networkVerbs() []verb {
	return []verb{
		{name: "network", args: "toy|regtest or [window N] [spacing TIME] [maturity N] [halving N]", parse: parseNetwork,
			about: "The network, if it is not toy: the difficulty changes every N blocks, so that one comes each TIME."},
		{name: "nodes", args: "N [block-max-size BYTES]", parse: parseNodes,
			about: "N nodes start, n1 to nN, all connected to each other; of more than ten, each to eight neighbours and some that it finds. " +
				"Their miners make blocks of BYTES at most."},
		{name: "connect", args: "mesh|line|ring|star or NODE-NODE…", parse: parseConnect,
			about: "The connections, instead of a mesh: n1-n2 n2-n3, for instance."},
		{name: "partition", args: "NODE… | NODE… [| NODE…]…", parse: parsePartition,
			about: "The network is partitioned: only nodes of one group can talk."},
		{name: "heal", parse: func(w *words) action {
			return func(ctx context.Context, p *player) (string, error) { return "", p.world.Heal(ctx) }
		}, about: "The partition is over."},
		{name: "link", args: "NODE NODE [delay TIME] [jitter TIME] [loss N%] [bandwidth BYTES] [one-way]", parse: parseLink,
			about: "The link between them has these faults from now on; one-way: only what the first sends arrives."},
		{name: "link", args: "NODE NODE cut",
			about: "The cable is cut: neither hears the other, and unlike in a partition neither is notified."},
		{name: "link", args: "NODE NODE perfect", about: "The link has no faults any more."},
	}
}

// minBlockMax is the smallest limit for blocks, as of "toychain node run --block-max-size".
const minBlockMax = 2000

func parseNodes(w *words) action {
	w.splitFlags()
	w.script.Nodes = w.count("how many nodes", 1, topology.MaxNodes)
	blockMax := 0
	if w.next("--block-max-size") || w.next("block-max-size") {
		blockMax = w.count("the largest block's bytes", minBlockMax, consensus.MaxBlockSize)
	}
	params := w.script.params
	if params == nil {
		params = consensus.Toy()
	}
	nodes := w.script.Nodes
	return func(ctx context.Context, p *player) (string, error) {
		if err := p.world.Up(ctx, nodes, params, blockMax); err != nil {
			return "", err
		}
		p.names = newNames(params, p.dir)
		return "", nil
	}
}

// scriptTime is the genesis time of a script's network: 2026-01-01. It is fixed, so that the
// network is the same each time.
const scriptTime = 1767225600

func parseNetwork(w *words) action {
	if w.script.params != nil {
		w.fail("there is one already")
	}
	if w.more() && (w.rest[0] == "toy" || w.rest[0] == "regtest") {
		w.script.params, _ = consensus.Preset(w.word("a network"))
	} else {
		w.script.params = ownNetwork(w)
	}
	return func(context.Context, *player) (string, error) { return "", nil }
}

// ownNetwork takes the differences from toy, and mines the genesis block.
func ownNetwork(w *words) *consensus.Params {
	toy := consensus.Toy()
	toy.Name, toy.Future = "script", 0 // what goes with its window and spacing
	for first := true; first || w.more(); first = false {
		switch what := w.word("what is different"); what {
		case "window":
			toy.Window = w.count("blocks between changes of the difficulty", 0, 10_000)
		case "spacing":
			toy.Spacing = w.duration("the time between blocks, like 10s")
		case "maturity":
			toy.Maturity = block.Height(w.count("blocks until new coins can be spent", 1, 10_000))
		case "halving":
			toy.Halving = block.Height(w.count("blocks until the reward halves", 1, 10_000))
		default:
			w.fail("%q: want toy, regtest, or window, spacing, maturity or halving and a number", what)
		}
	}
	if w.err != nil {
		return nil
	}
	p, err := network.Fixed(*toy, toy.Limit, scriptTime)
	if err != nil {
		w.fail("%s", err)
	}
	return p
}

func parseConnect(w *words) action {
	pairs, err := topology.Shape(topology.Names(w.script.Nodes), w.rest...)
	w.rest = nil
	if err != nil {
		w.fail("%s", err)
	}
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Connect(ctx, pairs) }
}

func parseLink(w *words) action {
	w.splitFlags()
	names := topology.Names(w.script.Nodes)
	pairs, err := topology.Between(names, w.word("a node"), w.word("a node"))
	var links []topology.Link
	for _, p := range pairs {
		l, bad := topology.ParseLink(names, p[0], p[1], w.rest)
		links, err = append(links, l), cmp.Or(err, bad)
	}
	w.rest = nil
	if err != nil {
		w.fail("%s", err)
	}
	return func(ctx context.Context, p *player) (string, error) {
		for _, l := range links {
			if err := p.world.Link(ctx, l); err != nil {
				return "", err
			}
		}
		return "", nil
	}
}

func parsePartition(w *words) action {
	groups := topology.ParseGroups(w.rest)
	w.rest = nil
	if err := topology.CheckGroups(topology.Names(w.script.Nodes), groups); err != nil {
		w.fail("%s", err)
	}
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Partition(ctx, groups) }
}
