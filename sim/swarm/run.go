package swarm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
	"toychain/sim"
)

// Outcome is what the play of a plan came to.
type Outcome struct {
	Seed      uint64
	Violation *Violation // nil: there was none
	Marks     Marks
	Events    uint64
	Blocks    int
	LogHash   string
}

// Violation is a property that did not hold.
type Violation struct {
	Property string        `json:"property"` // S1 to S7, L1 to L5
	At       time.Duration `json:"-"`
	AtMS     int64         `json:"at_ms"`
	Node     peer.ID       `json:"node,omitempty"`
	Text     string        `json:"text"`

	by *sim.Node
}

func (v *Violation) Error() string {
	if v.Node != "" {
		return fmt.Sprintf("%s violated at %.3f s by %s: %s", v.Property, v.At.Seconds(), v.Node, v.Text)
	}
	return fmt.Sprintf("%s violated at %.3f s: %s", v.Property, v.At.Seconds(), v.Text)
}

// run is the play of a plan.
type run struct {
	ctx    context.Context
	plan   *Plan
	world  *sim.World
	ledger *ledger
	nodes  []*watched
	byID   map[peer.ID]*watched // without twins
	liars  []*liar
	marks  Marks
	trace  func(*sim.Record)

	mined   []birth // blocks of the phase without faults
	bad     *Violation
	partial bool // a cut, or anything like it, is on
}

// birth is when a block was found.
type birth struct {
	at time.Duration
	*fact
}

// Play plays a plan, and stops at the first violation. trace gets all that happens; it may be nil.
func Play(ctx context.Context, p *Plan, trace func(*sim.Record)) (out *Outcome, err error) {
	r := &run{ctx: ctx, plan: p, ledger: newLedger(p.Config.Params), byID: map[peer.ID]*watched{}, marks: Marks{}, trace: trace}
	out = &Outcome{Seed: p.Seed, Marks: r.marks}
	defer func() {
		if broken := recover(); broken != nil {
			r.bad = &Violation{Property: "panic", Text: fmt.Sprint(broken, "\n", string(debug.Stack()))}
		}
		if r.bad != nil && err == nil {
			out.Violation = r.bad
			out.Violation.AtMS = r.bad.At.Milliseconds()
			if r.world != nil {
				r.world.Tell(r.bad.by, "violates", r.bad.Property+":", r.bad.Text)
			}
		}
		if r.world != nil && (r.bad == nil || r.bad.Property != "panic") {
			w := r.world.Result()
			out.Events, out.LogHash = w.Events, w.LogHash
		}
		out.Blocks = len(r.ledger.facts) - 1
	}()
	r.fail(r.begin())
	r.faults()
	r.calm()
	return out, context.Cause(ctx)
}

// begin makes the network.
func (r *run) begin() (err error) {
	cfg := r.plan.Config
	cfg.Trace = r.record
	if r.world, err = sim.New(cfg); err != nil {
		return err
	}
	for _, n := range r.world.Nodes() {
		w := &watched{node: n, held: map[block.Hash]bool{}, penalized: map[peer.ID]bool{}, waiting: map[block.Hash]bool{}}
		r.nodes, r.byID[n.ID] = append(r.nodes, w), w
		w.restarted()
	}
	if err := r.bridge(); err != nil {
		return err
	}
	if err := r.deepen(); err != nil {
		return err
	}
	for _, at := range r.plan.Liars {
		x := &liar{run: r, habit: at.habit, peers: r.those(at.nodes)}
		r.liars = append(r.liars, x)
		if x.node, err = r.world.AddLiar(x, x.peers...); err != nil {
			return err
		}
	}
	if r.plan.Twin != nil {
		_, err = r.world.AddTwin(r.world.Nodes()[0], r.those(r.plan.Twin)...)
	}
	return err
}

// those are the nodes of these numbers.
func (r *run) those(of []int) (out []*sim.Node) {
	for _, n := range of {
		out = append(out, r.world.Nodes()[n])
	}
	return out
}

// bridge adds a ring to a topology that falls into parts.
func (r *run) bridge() error {
	nodes := r.world.Nodes()
	seen := map[*sim.Node]bool{nodes[0]: true}
	for queue := nodes[:1]; len(queue) > 0; queue = queue[1:] {
		for _, p := range queue[0].Peers() {
			if !seen[p] {
				seen[p] = true
				queue = append(slices.Clip(queue), p)
			}
		}
	}
	if len(seen) == len(nodes) {
		return nil
	}
	var pairs [][2]*sim.Node
	for i, n := range nodes {
		pairs = append(pairs, [2]*sim.Node{n, nodes[(i+1)%len(nodes)]})
	}
	return r.world.Connect(pairs)
}

// deepen gives all nodes a history.
func (r *run) deepen() error {
	at := r.ledger.facts[r.ledger.params.Genesis.Hash()]
	for i := range r.plan.Deep {
		b := r.ledger.build(at, 0, uint64(i), r.world.Script(r.world.Nodes()[i%len(r.nodes)]))
		r.world.Spend(&b.Header)
		at = r.ledger.add(b)
		for _, n := range r.world.Nodes() {
			if err := r.world.Give(n, engine.BlockReceived{Block: b}); err != nil && !strings.Contains(err.Error(), "known") {
				return err
			}
		}
	}
	return nil
}

// fail ends the run with an error of the world's: what it says is S4, for it checks that no honest
// node is penalized and none refuses its own block.
func (r *run) fail(err error) {
	if err != nil && r.bad == nil && r.ctx.Err() == nil && !errors.As(err, &r.bad) {
		r.violated("S4", nil, "%v", err)
	}
}

func (r *run) violated(property string, n *sim.Node, format string, args ...any) {
	if r.bad != nil {
		return
	}
	r.bad = &Violation{Property: property, At: r.world.Now(), Text: fmt.Sprintf(format, args...)}
	if n != nil {
		r.bad.Node, r.bad.by = n.ID, n
	}
}

// best is the tip with the most work of all nodes that run.
func (r *run) best() *fact {
	var best *fact
	for _, w := range r.nodes {
		if f := r.tip(w); f != nil && (best == nil || f.work.Cmp(best.work) > 0) {
			best = f
		}
	}
	if best == nil {
		best = r.ledger.facts[r.ledger.params.Genesis.Hash()]
	}
	return best
}

// tip is a node's tip; nil if it is down.
func (r *run) tip(w *watched) *fact {
	if w.node.Engine() == nil {
		return nil
	}
	return r.ledger.facts[w.node.Engine().Tree().Tip().Hash]
}

// now is the time on a right clock.
func (r *run) now() uint32 {
	return r.ledger.params.Genesis.Header.Time + uint32((time.Minute + r.world.Now()).Seconds())
}

// coins are the coins after a block that a miner can spend, in an order that is always the same.
func (r *run) coins(f *fact) []consensus.UTXO {
	var out []consensus.UTXO
	for o, c := range f.coins {
		if c.Value > 10_000 {
			out = append(out, consensus.UTXO{Outpoint: o, Coin: c})
		}
	}
	slices.SortFunc(out, func(a, b consensus.UTXO) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index))
	})
	return out
}

// tips are the different tips of the nodes that run.
func (r *run) tips() []*fact {
	tips := map[*fact]bool{}
	for _, w := range r.nodes {
		if f := r.tip(w); f != nil {
			tips[f] = true
		}
	}
	return slices.Collect(maps.Keys(tips))
}
