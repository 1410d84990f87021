package sim

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/rand/v2"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/peer"
)

// Config is what a run follows from; with the same one it gives the same bytes.
type Config struct {
	Nodes    int
	Blocks   int           // the run ends when the best chain has so many after genesis
	Seed     uint64        // of everything that is random
	Interval time.Duration // mean time between all mined blocks
	DelayLow time.Duration // of a link: drawn uniformly from here
	DelayTop time.Duration // to here, once for each link
	Degree   int           // neighbours that each node seeks; those that seek it come on top

	Progress func(height int) // called now and then; may be nil
}

// Check returns what is wrong with the configuration.
func (c *Config) Check() error {
	switch {
	case c.Nodes < 1 || c.Nodes > maxNodes:
		return fmt.Errorf("%d nodes: want 1 to %d", c.Nodes, maxNodes)
	case c.Blocks < 1 || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want 1 to %d", c.Blocks, maxBlocks)
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	case c.DelayLow < 0 || c.DelayTop < c.DelayLow:
		return fmt.Errorf("delays from %s to %s: want 0 or more, and the lower one first", c.DelayLow, c.DelayTop)
	case c.Degree < 1:
		return fmt.Errorf("a degree of %d: want 1 or more", c.Degree)
	}
	return nil
}

// Limits of a run, so that its memory fits a laptop's.
const (
	maxNodes  = 100_000
	maxBlocks = 10_000_000
)

// world is one run.
type world struct {
	cfg    Config
	params *consensus.Params
	verify *chain.Verifier // signatures are checked once for all nodes
	rng    *rand.Rand
	nodes  []*node

	now    time.Duration // since the start
	begin  time.Time     // the time of the start on the nodes' clocks
	queue  queue
	turn   uint64 // of the last event that was put into the queue
	events uint64 // that were handled
	log    hash.Hash

	people people
	tally  tally
}

// node is one node, and what the world knows of it.
type node struct {
	id     peer.ID
	index  int
	engine *engine.Engine
	links  []link
	seen   map[block.Hash]struct{} // messages of gossip that it has had
	ticks  bool                    // a tick is in the queue
}

// link leads to a neighbour.
type link struct {
	to    *node
	delay time.Duration
}

// event is an input for a node, or, without a node, something that the world does.
type event struct {
	at   time.Duration
	turn uint64
	to   *node
	in   engine.Input
	once block.Hash // not zero: gossip, which a node hears once
	do   func() error
}

// queue is a heap of events: the earliest first, and of equal times the one that was put there first.
type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].turn < q[j].turn
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

// Run runs a network until its best chain has the wanted height and all messages have arrived.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	w, err := newWorld(cfg)
	if err != nil {
		return nil, err
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return w.result(), nil
}

// run handles one event after the other until there is none.
func (w *world) run(ctx context.Context) (err error) {
	w.after(w.untilNextBlock(), w.find)
	for len(w.queue) > 0 && err == nil {
		if w.events%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		w.events++
		if e.to == nil {
			err = e.do()
		} else {
			err = w.deliver(&e)
		}
	}
	return err
}

// params are those of a simulated network: two hashes find a block, and the target never changes.
func params(interval time.Duration) *consensus.Params {
	p := consensus.Regtest()
	p.Name, p.Maturity, p.Halving = "sim", 10, 1_000_000
	p.Spacing = max(time.Second, interval.Round(time.Second))
	return p
}

func newWorld(cfg Config) (*world, error) {
	p := params(cfg.Interval)
	w := &world{cfg: cfg, params: p, verify: chain.NewVerifier(consensus.P2PKH{}), rng: rand.New(rand.NewPCG(cfg.Seed, 0)),
		begin: time.Unix(int64(p.Genesis.Header.Time), 0).Add(time.Minute), log: sha256.New()}
	for i := range cfg.Nodes {
		tree, err := chain.NewTree(p, w.verify, newDisk(), nil, block.Hash{})
		if err != nil {
			return nil, err
		}
		n := &node{id: peer.ID(fmt.Sprintf("n%d", i+1)), index: i, seen: map[block.Hash]struct{}{},
			engine: engine.New(tree, mempool.New(mempool.DefaultPolicy()), "/sim/")}
		if _, err := n.engine.Start(w.begin); err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
	}
	w.connect()
	w.people = newPeople(w)
	w.tally = newTally()
	return w, nil
}

// connect draws the links: each node seeks some neighbours among those that it is not linked to.
func (w *world) connect() {
	linked := map[[2]int]bool{}
	for i, a := range w.nodes {
		sought := 0
		for _, j := range w.rng.Perm(len(w.nodes)) {
			pair := [2]int{min(i, j), max(i, j)}
			if j == i || linked[pair] {
				continue
			}
			if sought == w.cfg.Degree {
				break
			}
			sought++
			linked[pair] = true
			w.link(a, w.nodes[j], w.cfg.DelayLow+time.Duration(w.rng.Int64N(int64(w.cfg.DelayTop-w.cfg.DelayLow)+1)))
		}
	}
}

// link connects two nodes.
func (w *world) link(a, b *node, delay time.Duration) {
	a.links, b.links = append(a.links, link{b, delay}), append(b.links, link{a, delay})
	w.send(a, 0, engine.PeerJoined{Peer: b.id})
	w.send(a, 0, engine.PeerStatus{Peer: b.id, Status: b.engine.Status()})
	w.send(b, 0, engine.PeerJoined{Peer: a.id, Inbound: true})
	w.send(b, 0, engine.PeerStatus{Peer: a.id, Status: a.engine.Status()})
}

// put puts an event into the queue.
func (w *world) put(e event, delay time.Duration) {
	w.turn++
	e.at, e.turn = w.now+delay, w.turn
	heap.Push(&w.queue, e)
}

func (w *world) send(to *node, delay time.Duration, in engine.Input) {
	w.put(event{to: to, in: in}, delay)
}
func (w *world) after(delay time.Duration, do func() error) { w.put(event{do: do}, delay) }

// clock is the time on the nodes' clocks.
func (w *world) clock() time.Time { return w.begin.Add(w.now) }

// deliver hands a node its input.
func (w *world) deliver(e *event) error {
	n := e.to
	if e.once != (block.Hash{}) {
		if _, had := n.seen[e.once]; had {
			return nil
		}
		n.seen[e.once] = struct{}{}
	}
	if _, tick := e.in.(engine.Tick); tick {
		n.ticks = false
	}
	return w.step(n, e.in)
}

// step gives one input to an engine, and carries out its effects.
func (w *world) step(n *node, in engine.Input) error {
	effects, err := n.engine.Step(w.clock(), in)
	if err != nil {
		return fmt.Errorf("%s: %w", n.id, err)
	}
	w.record(n, in)
	for _, f := range effects {
		if err := w.perform(n, in, f); err != nil {
			return err
		}
	}
	if _, tick := in.(engine.Tick); !tick && !n.ticks {
		n.ticks = true
		w.send(n, tickEvery, engine.Tick{})
	}
	return nil
}

// tickEvery is how long after an input a node looks at the clock. One that hears nothing has
// nothing to do.
const tickEvery = 500 * time.Millisecond

// record adds an input to the log.
func (w *world) record(n *node, in engine.Input) {
	var line [8 + 4 + 1 + 32]byte
	binary.LittleEndian.PutUint64(line[:], uint64(w.now))
	binary.LittleEndian.PutUint32(line[8:], uint32(n.index))
	var id block.Hash
	switch in := in.(type) {
	case engine.BlockReceived:
		line[12], id = 1, in.Block.Hash()
	case engine.TxReceived:
		line[12], id = 2, in.Tx.ID()
	case engine.PeerStatus:
		line[12], id = 3, in.Status.Tip
	}
	copy(line[13:], id[:])
	w.log.Write(line[:])
}
