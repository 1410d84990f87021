package virtual

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
	"toychain/rpc/answer"
	"toychain/sim"
	"toychain/testnet/rogue/forge"
)

// rogueTime bounds the waiting for what a rogue brings about, in virtual time.
const rogueTime = time.Minute

// rogue is an adversarial peer of one node, and knows what the node knows.
type rogue struct {
	world  *World
	victim *sim.Node
	self   *sim.Node
	forge  forge.Maker

	made    map[block.Hash]*block.Block // what it has shown
	private []*block.Block              // what it withholds
	claim   *peer.Status                // its false status; nil: it states genesis
	shown   []block.Header              // its answer to a request for headers while claim is set
	asked   int                         // number of such requests
}

// rogue returns the adversarial peer of a node. After one that was banned the next one comes.
func (w *World) rogue(node string) (*rogue, error) {
	victim, err := w.named(node)
	if err != nil {
		return nil, err
	}
	if !victim.Up() {
		return nil, fmt.Errorf("%s is not running: a rogue cannot join it", node)
	}
	if r := w.rogues[node]; r != nil && r.connected() {
		return r, nil
	}
	w.count++
	r := &rogue{world: w, victim: victim, made: map[block.Hash]*block.Block{}}
	var seed [32]byte
	seed[0], seed[1] = byte(w.count), byte(w.count>>8)
	r.forge = forge.Maker{Params: w.params, Extra: w.count << 32, Rand: rand.NewChaCha8(seed),
		Now: func() time.Time { return r.self.Clock() }, Solve: func(_ context.Context, h *block.Header) error { w.sim.Spend(h); return nil }}
	if r.self, err = w.sim.AddLiar(r, victim); err != nil {
		return nil, err
	}
	w.rogues[node] = r
	return r, nil
}

// connected reports whether the node has neither banned nor disconnected it.
func (r *rogue) connected() bool { return slices.Contains(r.self.Peers(), r.victim) }

// Receive implements sim.Liar.
func (r *rogue) Receive(l *sim.Lies, from *sim.Node, what any) {
	switch what := what.(type) {
	case engine.PeerJoined:
		r.state(l)
	case sim.Request:
		r.answer(l, from, what.Effect)
	}
}

// state states the rogue's tip.
func (r *rogue) state(l *sim.Lies) {
	genesis := consensus.Genesis(r.world.params)
	s := peer.Status{Tip: genesis.Hash, Work: genesis.Work.Bytes(), Agent: "/rogue:0/"}
	if r.claim != nil {
		s = *r.claim
	}
	l.Send(r.victim, engine.PeerStatus{Peer: l.ID(), Status: s})
}

// answer answers a request with what was shown.
func (r *rogue) answer(l *sim.Lies, from *sim.Node, ask engine.Effect) {
	done := engine.RequestDone{Peer: l.ID(), Request: ask}
	switch ask := ask.(type) {
	case engine.RequestHeaders:
		r.asked++
		at := 1 + slices.IndexFunc(r.shown, func(h block.Header) bool { return len(ask.Locator) > 0 && h.Hash() == ask.Locator[0] })
		l.Send(from, engine.HeadersReceived{Peer: l.ID(), Headers: r.shown[at:min(at+peer.MaxHeaders, len(r.shown))]})
	case engine.RequestBlocks:
		var missing []block.Hash
		for _, id := range ask.IDs {
			if b := r.made[id]; b != nil {
				l.Send(from, engine.BlockReceived{Peer: l.ID(), Block: b, Requested: true})
			} else {
				missing = append(missing, id)
			}
		}
		if missing != nil {
			done.Err = &peer.MissingError{Peer: l.ID(), IDs: missing}
		}
	case engine.RequestMempool:
		l.Send(from, engine.MempoolReceived{Peer: l.ID()})
	}
	l.Send(from, done)
}

// show sends the node a block.
func (r *rogue) show(b *block.Block) error {
	r.made[b.Hash()] = b
	return r.send(func(l *sim.Lies) { l.Send(r.victim, engine.BlockReceived{Peer: l.ID(), Block: b}) })
}

func (r *rogue) send(do func(*sim.Lies)) error { return r.world.sim.Act(r.self, do) }

// banned reports whether the node has banned it.
func (r *rogue) banned() bool { return slices.Contains(r.victim.Banned(), r.self.ID) }

// tree returns what the node knows.
func (r *rogue) tree() *chain.Tree { return r.victim.Engine().Tree() }

// invalid returns a block on the node's tip that breaks a rule.
func (r *rogue) invalid(ctx context.Context, rule consensus.Rule) (*block.Block, error) {
	if err := r.world.sim.Flush(r.victim); err != nil {
		return nil, err
	}
	tip := r.tree().Tip()
	return r.forge.Invalid(ctx, &tip, r.victim.Coins(), rule)
}

// Lie sends the node an invalid block, and waits until it has banned the rogue or, if only
// connecting the block shows what is wrong with it, has rejected it.
func (w *World) Lie(ctx context.Context, node, rule string) (block.Hash, error) {
	r, err := w.rogue(node)
	if err != nil {
		return block.Hash{}, err
	}
	b, err := r.invalid(ctx, consensus.Rule(rule))
	if err == nil {
		err = r.show(b)
	}
	if err != nil {
		return block.Hash{}, err
	}
	if forge.Penalized(consensus.Rule(rule)) {
		return b.Hash(), w.wait(ctx, node+" to ban the rogue", r.banned)
	}
	return b.Hash(), w.knowsAs(ctx, r.victim, b.Hash(), "invalid")
}

// wait lets time pass until something is so.
func (w *World) wait(ctx context.Context, what string, is func() bool) error {
	became, err := w.sim.RunUntil(ctx, rogueTime, is)
	if err == nil && !became {
		err = fmt.Errorf("waited %s for %s, in vain", rogueTime, what)
	}
	return err
}

// knowsAs waits until a node has a block with this status.
func (w *World) knowsAs(ctx context.Context, n *sim.Node, made block.Hash, status string) error {
	return w.wait(ctx, fmt.Sprintf("%s to have block %s as %s", n.Name(), made, status), func() bool {
		if n.Engine() == nil {
			return false
		}
		info, known := n.Engine().Tree().Info(made)
		return known && answer.Status(&info) == status
	})
}

// Slander shows the first node a block that fails when it is connected, and the second one a block
// on it, which has it connect the first.
func (w *World) Slander(ctx context.Context, first, second string) ([]block.Hash, error) {
	one, err := w.rogue(first)
	if err != nil {
		return nil, err
	}
	other, err := w.rogue(second)
	if err != nil {
		return nil, err
	}
	parent, known := one.tree().Info(one.tree().Tip().Header.Prev)
	if !known {
		return nil, forge.ErrNoSibling
	}
	x, y, err := one.forge.Slander(ctx, &parent.State)
	if err != nil {
		return nil, err
	}
	made := []block.Hash{x.Hash(), y.Hash()}
	if err := one.show(x); err != nil {
		return nil, err
	}
	for _, n := range []*sim.Node{one.victim, other.victim} { // the first passes x on
		if err := w.knowsAs(ctx, n, made[0], "valid-headers"); err != nil {
			return nil, err
		}
	}
	if err := other.show(y); err != nil {
		return nil, err
	}
	return made, w.knowsAs(ctx, other.victim, made[1], "invalid")
}

// Withhold has a rogue mine in secret.
func (w *World) Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) (out []block.Hash, err error) {
	r, err := w.rogue(node)
	if err != nil {
		return nil, err
	}
	s := r.tree().Tip()
	if len(r.private) > 0 {
		fork, _ := r.tree().Info(r.private[0].Header.Prev)
		s = fork.State
	}
	blocks, err := r.forge.Upon(ctx, s, r.private, n, txs...)
	r.private = append(r.private, blocks...)
	for _, b := range blocks {
		out = append(out, b.Hash())
	}
	return out, err
}

// Release has the rogue announce its blocks, the lowest first.
func (w *World) Release(_ context.Context, node string) error {
	r, err := w.rogue(node)
	if err != nil {
		return err
	}
	for _, b := range r.private {
		if err := r.show(b); err != nil {
			return err
		}
	}
	r.private = nil
	return nil
}

// pace is the number of messages after which a flood waits until the node has worked them off.
const pace = 16

// errHungUp ends a flood when the node has disconnected.
var errHungUp = errors.New("the node has disconnected")

// Flood sends the node many messages. Floods of bytes, streams and connections are Impossible.
func (w *World) Flood(ctx context.Context, node, what string, n int) error {
	if why := floods[what]; why != "" {
		return Impossible{"flood " + what, why}
	}
	r, err := w.rogue(node)
	if err != nil {
		return err
	}
	if what == "headers" {
		err = r.floodHeaders(ctx, n)
	} else {
		err = r.flood(ctx, what, n)
	}
	if errors.Is(err, errHungUp) {
		return nil
	}
	return err
}

// floods are those that cannot be, and why.
var floods = map[string]string{
	"calls":          noServer,
	"garbage":        noBytes,
	"garbage-gossip": noBytes,
	"half-open":      noSockets,
	"half-sent":      noSockets,
	"requests":       "answers have no limits: those are of package p2p",
	"slow-readers":   noSockets,
	"streams":        noSockets,
}

const (
	noServer  = "there is no server that reads text"
	noBytes   = "messages are values, and none of them is malformed"
	noSockets = "there are no connections and streams that could be held open"
)

// flood sends n messages of a kind.
func (r *rogue) flood(ctx context.Context, what string, n int) error {
	for i := range n {
		in, err := r.message(ctx, what)
		if err != nil {
			return err
		}
		if err := r.send(func(l *sim.Lies) { l.Send(r.victim, in(l.ID())) }); err != nil {
			return err
		}
		if i%pace == pace-1 || i == n-1 || what == "claims" {
			if err := r.world.sim.RunFor(ctx, 2*longest); err != nil {
				return err
			}
		}
		if !r.connected() {
			return errHungUp
		}
	}
	return nil
}

// message makes one message of a flood.
func (r *rogue) message(ctx context.Context, what string) (func(peer.ID) engine.Input, error) {
	var b *block.Block
	var tx *block.Tx
	var err error
	switch what {
	case "claims":
		r.pretend(nil)
		return func(id peer.ID) engine.Input { return engine.PeerStatus{Peer: id, Status: *r.claim} }, nil
	case "orphan-txs":
		tx, err = r.forge.OrphanTx()
	case "invalid-txs":
		tx, err = r.forge.InvalidTx()
	case "orphan-blocks":
		b, err = r.forge.OrphanBlock(ctx)
	case "side-blocks":
		b, err = r.forge.SideBlock(ctx)
	case "invalid-blocks":
		b, err = r.invalid(ctx, consensus.BadMerkleRoot)
	default:
		err = fmt.Errorf("no flood of %q: want one of those, or of %v", what, slices.Sorted(maps.Keys(floods)))
	}
	if tx != nil {
		return func(id peer.ID) engine.Input { return engine.TxReceived{Peer: id, Tx: tx} }, err
	}
	return func(id peer.ID) engine.Input { return engine.BlockReceived{Peer: id, Block: b} }, err
}

// pretend prepares a claim of the most work possible, with these headers for it.
func (r *rogue) pretend(headers []block.Header) {
	r.claim, r.shown = &peer.Status{Tip: block.Hash{0xff}, Height: r.tree().Tip().Height + 1_000_000, Agent: "/rogue:0/"}, headers
	if len(headers) > 0 {
		r.claim.Tip = headers[len(headers)-1].Hash()
	}
	for i := range r.claim.Work {
		r.claim.Work[i] = 0xff
	}
}

// floodHeaders claims the most work possible for n cheap headers, and waits until the node has asked
// for the last of them or has disconnected.
func (r *rogue) floodHeaders(ctx context.Context, n int) error {
	headers, err := r.forge.Headers(ctx, n)
	if err != nil {
		return err
	}
	r.pretend(headers)
	asked := r.asked
	if err := r.send(r.state); err != nil {
		return err
	}
	return r.world.wait(ctx, "requests for all headers", func() bool {
		return r.asked-asked > n/peer.MaxHeaders || !r.connected()
	})
}
