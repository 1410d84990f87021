package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// expectVerbs wait.
func expectVerbs() []verb {
	return []verb{
		{name: "settle", args: "[within TIME]", parse: parseSettle,
			about: "Waits until all connected nodes are on one tip and know each other's payments."},
		{name: "expect", args: "NODE… height|peers|pool|reorgs|bans [>=|<=] N [within TIME]", parse: parseExpect,
			about: "Waits until it is so: the height, how many peers, pending payments, reorganisations, banned peers."},
		{name: "expect", args: "NODE… memory [>=|<=] N MB",
			about: "The peak of the memory of each of these running nodes since it started."},
		{name: "expect", args: "NODE… rogues [>=|<=] N", about: "So many rogue peers are connected with each of them."},
		{name: "expect", args: "NODE… dials [>=|<=] N", about: "So often was a machine dialed of which a rogue peer told each of them."},
		{name: "expect", args: "NODE… tip|has|lacks B", about: "Their tip is block B; they have it; they do not."},
		{name: "expect", args: "NODE… refuses B REASON", about: "They are sent the block, and reject it, for this reason."},
		{name: "expect", args: "NODE… up|down|paused", about: "They run, they do not, they are paused."},
		{name: "expect", args: "same tip [NODE…]", about: "They, or all that are up, have the same tip."},
		{name: "expect", args: "P confirmed|pending|conflicted|unknown on NODE…",
			about: "The payment is in a block; is in the mempool; has become impossible; is not known."},
		{name: "expect", args: "PERSON AMOUNT on NODE…", about: "PERSON has this balance on their best chains."},
	}
}

func parseSettle(w *words) action {
	within := w.within()
	return func(ctx context.Context, p *player) (string, error) {
		err := p.until(ctx, within, "settle", "all connected nodes on one tip, with each other's payments", settled)
		if err == nil {
			for i := range p.names.paid {
				p.names.paid[i].known = true
			}
		}
		return "", err
	}
}

// noneUp is the state that a step reports if no node is up.
const noneUp = "no node is up"

// settled is the check of settle.
func settled(ctx context.Context, p *player, all []NodeStatus) (string, bool, error) {
	groups := p.world.Talking()
	if len(groups) == 0 {
		return noneUp, false, nil
	}
	var odds []string
	for _, g := range groups {
		if s := p.disagreement(all, g); s != "" {
			odds = append(odds, s)
			continue
		}
		s, err := p.unknown(ctx, all, g)
		if err != nil {
			return "", false, err
		}
		if s != "" {
			odds = append(odds, s)
		}
	}
	return strings.Join(odds, "; "), len(odds) == 0, nil
}

// disagreement returns which nodes of one group are on which tips, or "" if all are on one.
func (p *player) disagreement(all []NodeStatus, group []string) string {
	var tips []topology.Tip
	for _, name := range group {
		s := statusOf(all, name)
		tips = append(tips, topology.Tip{Node: name, Block: s.Tip, Name: p.known(s.Tip), Height: int32(s.Height), Work: s.Work})
	}
	return topology.Disagreement(tips)
}

// known returns a block's name if it has one: a check must not name anything.
func (p *player) known(h block.Hash) string {
	if _, ok := p.names.blocks[h]; ok {
		return p.names.block(h)
	}
	return "a block without a name yet"
}

// unknown returns which node of a group does not know a payment that was made there since the
// last settle. A node with another payment of the same coin need not.
func (p *player) unknown(ctx context.Context, all []NodeStatus, group []string) (string, error) {
	for _, pay := range p.names.paid {
		if pay.known || !slices.Contains(group, pay.node) {
			continue
		}
		for _, name := range group {
			fate, err := p.fate(ctx, statusOf(all, name), &pay)
			if err != nil {
				return "", err
			}
			if fate == "unknown" {
				return fmt.Sprintf("%s does not know %s", name, p.names.payment(pay.id)), nil
			}
		}
	}
	return "", nil
}

func parseExpect(w *words) action {
	switch {
	case w.next("same tip"):
		nodes := w.nodes()
		return waiting(w, sameTip(nodes), "same tip", strings.Join(append(nodes, "on one block"), " "))
	case w.more() && isLabel(w.rest[0]) && w.rest[0][0] == 'p':
		return expectPayment(w)
	case w.atNode() && !(len(w.rest) > 1 && strings.IndexAny(w.rest[1], "0123456789.") == 0):
		return expectNodes(w)
	}
	who, amount := w.person(), w.amount()
	w.must("on")
	nodes := w.some()
	return waiting(w, onEach(nodes, Up, func(ctx context.Context, p *player, g NodeStatus) (string, bool, error) {
		is, err := p.balance(ctx, who, g.Node)
		return is.Short(), is == amount, err
	}), who, amount.Short())
}

// waiting completes an expect: it takes "within", and waits.
func waiting(w *words, see check, what, want string) action {
	within := w.within()
	return func(ctx context.Context, p *player) (string, error) {
		return "", p.until(ctx, within, what, want, see)
	}
}

// query looks at one node that is up.
type query func(ctx context.Context, p *player, g NodeStatus) (is string, ok bool, err error)

// onEach checks that each of these nodes is in a state and, if look is not nil, what that returns.
func onEach(nodes []string, state State, look query) check {
	return func(ctx context.Context, p *player, all []NodeStatus) (string, bool, error) {
		for _, name := range nodes {
			g := statusOf(all, name)
			if g.State != state {
				return fmt.Sprintf("%s %s", name, g.State), false, nil
			}
			if look == nil {
				continue
			}
			if is, ok, err := look(ctx, p, g); !ok || err != nil {
				return is + " on " + name, false, err
			}
		}
		return "", true, nil
	}
}

// sameTip checks that these nodes, or all that are up, have one tip.
func sameTip(nodes []string) check {
	return func(ctx context.Context, p *player, all []NodeStatus) (string, bool, error) {
		group := nodes
		for _, g := range all {
			if len(nodes) == 0 && g.State == Up {
				group = append(group, g.Node)
			}
		}
		if len(group) == 0 {
			return noneUp, false, nil
		}
		if is, ok, err := onEach(group, Up, nil)(ctx, p, all); !ok {
			return is, false, err
		}
		is := p.disagreement(all, group)
		return is, is == "", nil
	}
}

func expectPayment(w *words) action {
	label := w.label('p')
	want := w.oneOf("what became of it", []string{"confirmed", "pending", "conflicted", "unknown"})
	w.must("on")
	nodes := w.some()
	return waiting(w, onEach(nodes, Up, func(ctx context.Context, p *player, g NodeStatus) (string, bool, error) {
		pay, err := p.names.paidAs(label)
		if err != nil {
			return "", false, err
		}
		is, err := p.fate(ctx, g, pay)
		return is, is == want, err
	}), label, want)
}

// fate returns what became of a payment, as one node sees it. One that conflicts with what the
// node has is one that its mempool would refuse.
func (p *player) fate(ctx context.Context, g NodeStatus, pay *payment) (string, error) {
	if slices.Contains(g.Pool, pay.id) {
		return "pending", nil
	}
	in, err := p.blockOf(ctx, g.Node, pay.id)
	if err != nil || !in.IsZero() {
		return "confirmed", err
	}
	if pay.tx == nil {
		return "unknown", nil
	}
	answer, err := call(p, g.Node, func(n Node) (rpc.TestAccept, error) { return n.TestAccept(ctx, pay.tx) })
	if err == nil && answer.Allowed != nil && !*answer.Allowed && answer.RejectReason != "" {
		return "conflicted", nil
	}
	return "unknown", err
}

// expectNodes parses what is expected of some nodes.
func expectNodes(w *words) action {
	nodes := w.some()
	what := w.word("what is expected of them")
	var look query
	want := ""
	switch what {
	case string(Up), string(Down), string(Paused):
		return waiting(w, onEach(nodes, State(what), nil), strings.Join(nodes, " "), what)
	case "refuses":
		return expectRefusal(w, nodes)
	case "height", "peers", "pool", "reorgs", "bans":
		b := w.bound()
		want = what + " " + b.String()
		look = func(ctx context.Context, p *player, g NodeStatus) (string, bool, error) {
			n, err := p.number(ctx, g, what)
			return fmt.Sprintf("%s %d", what, n), b.holds(n), err
		}
	case "rogues", "dials":
		b := w.bound()
		want = what + " " + b.String()
		look = func(_ context.Context, p *player, g NodeStatus) (string, bool, error) {
			count := p.world.Connected
			if what == "dials" {
				count = p.world.Dials
			}
			n, err := count(g.Node)
			return fmt.Sprintf("%s %d", what, n), b.holds(n), err
		}
	case "memory":
		b := w.bound()
		w.must("MB")
		want = fmt.Sprintf("memory %s MB", b)
		look = func(ctx context.Context, p *player, g NodeStatus) (string, bool, error) {
			most, err := p.world.Memory(g.Node)
			mb := int((most + 999_999) / 1_000_000)
			return fmt.Sprintf("memory %d MB", mb), b.holds(mb), err
		}
	case "tip", "has", "lacks":
		label := w.label('b')
		want = what + " " + label
		look = func(ctx context.Context, p *player, g NodeStatus) (string, bool, error) {
			return p.about(ctx, g, what, label)
		}
	default:
		w.fail("%q: want height, peers, pool, reorgs, bans, rogues, dials, memory, tip, has, lacks, refuses, up, down or paused", what)
	}
	return waiting(w, onEach(nodes, Up, look), strings.Join(nodes, " "), want)
}

// number returns one of a node's figures.
func (p *player) number(ctx context.Context, g NodeStatus, what string) (int, error) {
	switch what {
	case "height":
		return int(g.Height), nil
	case "peers":
		return len(g.Peers), nil
	case "pool":
		return len(g.Pool), nil
	case "bans":
		all, err := call(p, g.Node, func(n Node) ([]rpc.Ban, error) { return n.Bans(ctx) })
		return len(all), err
	}
	all, err := p.reorgs(ctx, g.Node)
	return len(all), err
}

// about compares a node's blocks with a named one.
func (p *player) about(ctx context.Context, g NodeStatus, what, label string) (string, bool, error) {
	want, err := p.names.hash(label)
	if err != nil {
		return "", false, err
	}
	if what == "tip" {
		return "tip " + p.known(g.Tip), g.Tip == want, nil
	}
	tree, err := p.tree(ctx, g.Node)
	if err != nil {
		return "", false, err
	}
	if slices.ContainsFunc(tree.Blocks, func(b rpc.TreeBlock) bool { return b.Hash == want && b.Txs > 0 }) {
		return "has " + label, what == "has", nil
	}
	return "lacks " + label, what == "lacks", nil
}

// expectRefusal sends the nodes a block that some node has, and expects a rejection. It does
// not wait: the first answer counts.
func expectRefusal(w *words, nodes []string) action {
	label, reason := w.label('b'), w.tail("the reason is")
	return func(ctx context.Context, p *player) (string, error) {
		b, err := p.find(ctx, label)
		if err != nil {
			return "", err
		}
		for _, node := range nodes {
			said, err := call(p, node, func(n Node) (string, error) { return n.SubmitBlock(ctx, b) })
			if err != nil {
				return "", err
			}
			switch said {
			case "", "duplicate", "inconclusive": // that it knows the block already, or stores it on a side branch
				said = "accepted"
			}
			if said != reason {
				return "", unexpected{node + " on " + label, reason, said}
			}
		}
		return "", nil
	}
}

// find returns a block from a node that has it.
func (p *player) find(ctx context.Context, label string) (b *block.Block, err error) {
	hash, err := p.names.hash(label)
	if err != nil {
		return nil, err
	}
	all, err := p.running(ctx, nil)
	if err != nil {
		return nil, err
	}
	last := errors.New(noneUp)
	for _, g := range all {
		if b, last = call(p, g.Node, func(n Node) (*block.Block, error) { return n.RawBlock(ctx, hash) }); last == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("no node has %s: %w", label, last)
}
