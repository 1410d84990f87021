package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/mempool"
	"toychain/peer"
)

// Node is one node of a world: the real engine, and what drives it.
type Node struct {
	ID      peer.ID
	index   int32
	world   *World
	engine  *engine.Engine // nil: it is down
	light   *light         // instead of an engine
	liar    Liar           // instead of an engine
	disk    *disk
	rng     *rand.Rand
	share   float64       // of the hash power
	script  []byte        // that its blocks pay; nil: its own miner's
	keys    int           // how many it has lost
	region  int           // where it is, if delays depend on that
	offset  time.Duration // of its clock
	twin    bool          // under the ID of another node
	paused  bool
	verdict error // of the last input that has a Result

	lines []*line // in the order in which they were connected
	life  uint32  // how often it was started or stopped
	turn  uint64  // of the last event that it caused
	steps uint64  // that it has made
	inbox []event
	held  []event         // that arrived while it was paused
	heard []time.Duration // when each message of gossip came first, by its number; 0: never
	due   time.Duration   // when its next tick is; 0: none
	log   fingerprint     // of all its inputs
}

// tick is the node's own timer.
type tick struct{}

// Engine returns the node's engine, for reading only; nil if it is down.
func (n *Node) Engine() *engine.Engine { return n.engine }

// clock is the time on the node's clock.
func (n *Node) clock(now time.Duration) time.Time { return n.world.begin.Add(now + n.offset) }

// start starts an engine on what the disk holds.
func (n *Node) start() error {
	w := n.world
	n.life++
	n.due, n.paused, n.held, n.heard = 0, false, nil, nil
	if w.cfg.Light {
		n.light = &light{tip: w.genesis}
		return nil
	}
	entries := slices.Collect(maps.Values(n.disk.entries))
	slices.SortFunc(entries, func(a, b chain.Entry) int { return int(a.Height - b.Height) })
	tip := n.disk.tip
	if tip.IsZero() {
		tip = w.params.Genesis.Hash()
	}
	tree, err := chain.NewTreeOf(w.rules, n.disk, entries, tip)
	if err != nil {
		return fmt.Errorf("%s: %w", n.ID, err)
	}
	policy := mempool.DefaultPolicy()
	if w.cfg.BlockMax > 0 {
		policy.BlockSize = w.cfg.BlockMax
	}
	n.engine = engine.New(tree, mempool.New(policy), "/sim/")
	_, err = n.engine.Start(n.clock(w.now))
	return err
}

// work works off the inbox.
func (n *Node) work(c *worker) {
	slices.SortFunc(n.inbox, func(a, b event) int { return a.before(&b) })
	for i := range n.inbox {
		e := &n.inbox[i]
		c.at = moment{e.at, n.index, n.steps}
		c.events++
		if _, timer := e.what.(tick); !timer {
			c.underway--
		}
		n.receive(c, e)
	}
	clear(n.inbox)
	n.inbox = n.inbox[:0]
}

// receive takes what arrives.
func (n *Node) receive(c *worker, e *event) {
	switch {
	case !n.Up() || !e.alive():
		return
	case n.paused:
		n.held = append(n.held, *e)
		return
	case e.line != nil && n.loses(c, e):
		return
	case n.liar != nil:
		n.lie(c, e.line.from, e.what)
		return
	}
	n.arrived(c, e)
	switch what := e.what.(type) {
	case tick:
		if e.at == n.due {
			n.due = 0
			n.step(c, engine.Tick{}, nil)
		}
	case *header:
		n.gossip(c, e.topic, headerBytes, e.line.back, what)
		n.take(c, what)
	case request:
		n.answer(c, e.line.back, what.effect)
	case engine.Input:
		n.step(c, what, e)
	}
}

// loses reports whether a fault of the link swallows a message, or gossip brings it again.
func (n *Node) loses(c *worker, e *event) bool {
	back := e.line.back
	if back.OneWay {
		if ask, is := e.what.(request); is { // libp2p's stream ends some day
			n.unanswered(c, e.line, ask)
		}
		return true
	}
	if e.topic == 0 {
		return false
	}
	if n.hasHeard(e.topic, e.at) || back.Loss > 0 && n.rng.Float64() < back.Loss {
		return true
	}
	n.hear(e.topic, e.at)
	return false
}

// seenFor is how long gossip remembers a message (GossipSub: TimeCacheDuration).
const seenFor = 120 * time.Second

func (n *Node) hasHeard(topic int32, now time.Duration) bool {
	return int(topic) < len(n.heard) && n.heard[topic] != 0 && now-n.heard[topic] < seenFor
}

func (n *Node) hear(topic int32, now time.Duration) {
	if more := int(topic) + 1 - len(n.heard); more > 0 {
		n.heard = append(n.heard, make([]time.Duration, more)...)
	}
	n.heard[topic] = max(now, 1)
}

// step gives one input to the engine, and carries out its effects. e is what brought it; nil
// if it came from the node itself.
func (n *Node) step(c *worker, in engine.Input, e *event) {
	now := c.at.time
	n.steps++
	n.write(now, in)
	passed := false // before it is validated in full
	if b, is := in.(engine.BlockReceived); is && e != nil && e.topic != 0 {
		b, passed = n.engine.Check(n.clock(now), b)
		in = b
	}
	if passed {
		n.relay(c, e, nil)
	}
	effects, err := n.engine.Step(n.clock(now), in)
	if errors.Is(err, errPower) {
		n.die(c)
		return
	}
	if err != nil {
		c.fail(fmt.Errorf("%s: %w", n.ID, err))
		return
	}
	for _, f := range effects { // gossip first: what is heard of a block's new tip comes after the block
		if r, is := f.(engine.Result); is {
			n.verdict = r.Err
			if !passed {
				n.relay(c, e, r.Err)
			}
		}
	}
	for _, f := range effects {
		n.perform(c, f)
	}
	if len(effects) > 0 || n.due == 0 {
		n.setTimer(c)
	}
}

// setTimer has a tick come when the engine wants one.
func (n *Node) setTimer(c *worker) {
	due := n.engine.Due()
	if due.IsZero() {
		return
	}
	now := c.at.time
	at := max(due.Sub(n.world.begin)-n.offset+time.Millisecond, now+n.world.width)
	if n.due == 0 || at < n.due {
		n.due = at
		c.put(n, event{at: at, to: n, life: n.life, what: tick{}})
	}
}

// write adds an input to the log.
func (n *Node) write(now time.Duration, in engine.Input) {
	switch in := in.(type) {
	case engine.BlockReceived:
		n.note(now, 1, in.Block.Header.MerkleRoot)
	case engine.TxReceived:
		var spent block.Hash // a liar's transaction may spend nothing
		if len(in.Tx.Inputs) > 0 {
			spent = in.Tx.Inputs[0].Prev.TxID
		}
		n.note(now, 2, spent)
	case engine.PeerStatus:
		n.note(now, 3, in.Status.Tip)
	case engine.HeadersReceived:
		n.note(now, 4, block.Hash{})
	case engine.RequestDone:
		n.note(now, 5, block.Hash{})
	case engine.MempoolReceived:
		n.note(now, 6, block.Hash{})
	case engine.Tick:
		n.note(now, 7, block.Hash{})
	default:
		n.note(now, 8, block.Hash{})
	}
}

// note adds a line to the log.
func (n *Node) note(now time.Duration, kind byte, id block.Hash) {
	n.log.add(uint64(now))
	n.log.add(uint64(kind))
	for i := 0; i < len(id); i += 8 {
		n.log.add(binary.LittleEndian.Uint64(id[i:]))
	}
}

// fingerprint is a hash of a sequence of numbers that costs next to nothing, and which no
// adversary is expected to attack (FNV-1a, word by word, with a rotation that also spreads the
// high bits).
type fingerprint uint64

func (f *fingerprint) add(x uint64) {
	const prime = 0x100000001b3
	*f = fingerprint(bits.RotateLeft64((uint64(*f)^x)*prime, 31))
}
