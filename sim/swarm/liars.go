package swarm

import (
	"math/big"
	"slices"

	"toychain/block"
	"toychain/engine"
	"toychain/peer"
	"toychain/pow"
	"toychain/sim"
)

// habit is what an adversary does.
type habit string

// The habits.
const (
	silent      habit = "silent"       // claims the most work, and answers nothing
	boastful    habit = "boastful"     // claims the most work, and sends no header
	headersOnly habit = "headers only" // shows headers with work, and has no body
	withholding habit = "withholding"  // shows headers with work, does not answer for the bodies, and may release them later
	forging     habit = "forging"      // sends blocks that break a rule
	spamming    habit = "spamming"     // sends transactions that break a rule, and orphans
	flooding    habit = "flooding"     // sends blocks whose parents nobody has
	thin        habit = "thin"         // claims the most work for a branch that forks far below and has little
)

var habits = []habit{silent, boastful, headersOnly, withholding, withholding, forging, forging, forging, spamming, flooding, thin}

// acts is about how often it does something of its own accord.
func (h habit) acts() int {
	switch h {
	case forging, spamming, flooding:
		return 12
	case withholding:
		return 6
	}
	return 3
}

// liar is an adversary.
type liar struct {
	*run
	habit    habit
	node     *sim.Node
	peers    []*sim.Node
	tip      *fact // of its own branch; nil: it has none
	released bool  // it gives the bodies of its branch
}

// Receive implements sim.Liar.
func (x *liar) Receive(l *sim.Lies, from *sim.Node, what any) {
	switch what := what.(type) {
	case engine.PeerJoined:
		if x.tip != nil || x.habit != withholding && x.habit != headersOnly {
			l.Send(from, x.status(l))
		}
	case sim.Request:
		if x.habit != silent {
			x.answer(l, from, what.Effect)
		}
	}
}

// status is what it states: its own branch, or more than there is.
func (x *liar) status(l *sim.Lies) engine.PeerStatus {
	s := engine.PeerStatus{Peer: l.ID(), Status: peer.Status{Agent: "/x/", Height: 1_000_000, Tip: block.Sum([]byte(l.ID()))}}
	claim := new(big.Int).Lsh(big.NewInt(1), 64)
	if x.tip != nil {
		s.Status.Tip, s.Status.Height = x.tip.hash, x.tip.height
		if x.habit != thin {
			claim = x.tip.work
		}
	}
	s.Status.Work = pow.WorkFromBytes([32]byte(claim.FillBytes(make([]byte, 32)))).Bytes()
	return s
}

// answer answers a request.
func (x *liar) answer(l *sim.Lies, to *sim.Node, ask engine.Effect) {
	done := engine.RequestDone{Peer: l.ID(), Request: ask}
	switch ask := ask.(type) {
	case engine.RequestHeaders:
		l.Send(to, engine.HeadersReceived{Peer: l.ID(), Headers: x.headers(ask.Locator)})
	case engine.RequestBlocks:
		if x.habit == withholding && !x.released {
			return
		}
		missing := &peer.MissingError{Peer: l.ID()}
		for _, id := range ask.IDs {
			if f := x.ledger.facts[id]; f != nil && x.released {
				l.Send(to, engine.BlockReceived{Peer: l.ID(), Block: f.Block, Requested: true})
			} else {
				missing.IDs = append(missing.IDs, id)
			}
		}
		if len(missing.IDs) > 0 {
			done.Err = missing
		}
	case engine.RequestMempool:
		l.Send(to, engine.MempoolReceived{Peer: l.ID()})
	}
	l.Send(to, done)
}

// headers returns those of its branch after the first hash of the locator that is on it.
func (x *liar) headers(locator []block.Hash) (out []block.Header) {
	if x.tip == nil {
		return nil
	}
	for at := x.tip; at.parent != nil && !slices.Contains(locator, at.hash); at = at.parent {
		out = append(out, at.Header)
	}
	slices.Reverse(out)
	return out[:min(len(out), peer.MaxHeaders)]
}

// act has it do something of its own accord.
func (x *liar) act(a Action) {
	switch x.habit {
	case headersOnly, withholding:
		x.branch(a)
	case forging:
		x.forge(a)
	case spamming:
		x.spam(a)
	case flooding:
		lost := &fact{hash: block.Sum(x.bytes(a)), height: 1, work: new(big.Int), Block: x.best().Block, parent: x.best().parent}
		if lost.parent == nil {
			return
		}
		b := x.ledger.build(lost, x.now(), a.Draw, x.world.Script(x.world.Nodes()[0]))
		x.world.Spend(&b.Header)
		x.send(engine.BlockReceived{Peer: x.node.ID, Block: b}, x.peers)
	case thin:
		x.thin(a)
	default:
		x.tell()
	}
}

func (x *liar) bytes(a Action) []byte {
	return []byte(string(x.node.ID) + a.String() + string(rune(a.Draw)))
}

// send sends an input to those that it is connected to.
func (x *liar) send(in engine.Input, to []*sim.Node) {
	x.fail(x.world.Act(x.node, func(l *sim.Lies) {
		for _, n := range to {
			l.Send(n, in)
		}
	}))
}

// tell states its status to all.
func (x *liar) tell() {
	x.fail(x.world.Act(x.node, func(l *sim.Lies) {
		for _, n := range x.peers {
			l.Send(n, x.status(l))
		}
	}))
}

// branch mines some blocks in secret, or gives those that it has.
func (x *liar) branch(a Action) {
	best := x.best()
	if x.tip == nil || x.tip.work.Cmp(best.work) < 0 || a.Draw%4 == 0 {
		x.released = false
		x.tip = best
		for back := a.Draw / 4 % 8; back > 0 && x.tip.parent != nil; back-- {
			x.tip = x.tip.parent
		}
		for more := a.Draw / 64 % 3; x.tip.work.Cmp(best.work) <= 0 || more > 0; {
			if x.tip.work.Cmp(best.work) > 0 {
				more--
			}
			x.tip = x.mine(x.ledger.build(x.tip, x.now(), a.Draw, x.world.Script(x.world.Nodes()[0])))
		}
	} else if x.habit == withholding && a.Draw%4 < 3 {
		x.released = true
	}
	x.tell()
}

// mine spends hash power on a block, and has the ledger know it.
func (x *liar) mine(b *block.Block) *fact {
	x.world.Spend(&b.Header)
	return x.ledger.add(b)
}

// thin shows a branch of a few blocks from far below.
func (x *liar) thin(a Action) {
	if best := x.best(); x.tip == nil && best.height > 290 {
		at := best
		for at.height > 1 {
			at = at.parent
		}
		for range 3 + a.Draw%20 {
			at = x.mine(x.ledger.build(at, x.now(), a.Draw, x.world.Script(x.world.Nodes()[0])))
		}
		x.tip = at
	}
	x.tell()
}
