package sim

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
)

// World is one run: nodes, the connections between them, and what is to happen. It is not
// safe for concurrent use: it starts goroutines of its own, and they have ended whenever a
// method returns.
type World struct {
	cfg    Config
	params *consensus.Params
	rules  *rules
	rng    *rand.Rand
	nodes  []*Node
	liars  int   // how many there have been
	group  []int // of each node: those of different groups are cut off from each other

	now     time.Duration // everything before it has happened
	begin   time.Time     // the time of the start on the nodes' clocks
	width   time.Duration // of a bucket: see queue
	queues  []*queue      // of the workers
	agenda  agenda
	turn    uint64 // of the last action
	stopped bool   // by Stop
	height  int    // of the best chain
	mining  int    // how often the time of the next block was drawn

	genesis   *header               // of light nodes
	headers   []birth               // likewise, by number
	ids       numbering[block.Hash] // of blocks and transactions
	outpoints numbering[block.Outpoint]
	people    people
	tally     tally
	main      worker    // for what happens in an action
	workers   []*worker // for what happens in a bucket
	touched   []*Node   // nodes that have events in the current bucket
}

// New returns a world whose nodes have started and are connected.
func New(cfg Config) (*World, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.Params == nil {
		cfg.Params = params(cfg.Interval)
	}
	w := &World{cfg: cfg, params: cfg.Params, rules: newRules(cfg.Params, cfg.Faults), rng: rand.New(rand.NewPCG(cfg.Seed, 0)),
		begin: time.Unix(int64(cfg.Params.Genesis.Header.Time), 0).Add(max(cfg.Since, time.Minute)),
		width: min(cfg.Delay.least(), maxWidth),
		group: make([]int, cfg.Nodes)}
	w.main = worker{world: w, queue: newQueue(w.width)}
	w.queues = append(w.queues, &w.main.queue)
	w.genesis = &header{work: cfg.Params.PowLimit().Work()}
	for range min(runtime.GOMAXPROCS(0), 1+cfg.Nodes/fewNodes) {
		c := &worker{world: w, queue: newQueue(w.width)}
		w.workers, w.queues = append(w.workers, c), append(w.queues, &c.queue)
	}
	w.Tell(nil, "up", strconv.Itoa(cfg.Nodes))
	for i := range cfg.Nodes {
		n := &Node{ID: peer.ID(fmt.Sprintf("n%d", i+1)), index: int32(i), world: w, disk: w.newDisk(),
			rng: rand.New(rand.NewPCG(cfg.Seed, uint64(i)+1)), share: 1 / float64(cfg.Nodes)}
		if cfg.Shares != nil {
			n.share = cfg.Shares[i]
		}
		if cfg.Delay.kind == regional {
			n.region = drawRegion(w.rng)
		}
		if err := n.start(); err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
	}
	w.tally = newTally()
	w.people = newPeople(w)
	w.connect()
	return w, w.settle(&w.main)
}

// fewNodes are worked off by one goroutine.
const fewNodes = 16

// maxWidth is the longest stretch of time that is worked out at once.
const maxWidth = 100 * time.Millisecond

// Now returns how long the world has been running.
func (w *World) Now() time.Duration { return w.now }

// Nodes returns the nodes: n1 first.
func (w *World) Nodes() []*Node { return w.nodes }

// After has something done after a while. An error ends the run.
func (w *World) After(delay time.Duration, do func() error) {
	w.turn++
	heap.Push(&w.agenda, action{w.now + delay, w.turn, do})
}

// Stop ends the run once the current bucket is worked off.
func (w *World) Stop() { w.stopped = true }

// RunFor lets the world go on for a while.
func (w *World) RunFor(ctx context.Context, d time.Duration) error {
	w.After(d, func() error { w.Stop(); return nil })
	return w.run(ctx, func() bool { return false })
}

// RunUntil lets the world go on until something is true, which is asked after everything
// that happens, or until a while has passed. It reports whether it became true.
func (w *World) RunUntil(ctx context.Context, limit time.Duration, is func() bool) (bool, error) {
	if is() {
		return true, nil
	}
	over := false
	w.After(limit, func() error { over = true; return nil })
	became := false
	err := w.run(ctx, func() bool { became = became || is(); return became || over })
	return became, err
}

// Quiet reports whether no message is on its way: nothing happens but by the passing of time.
func (w *World) Quiet() bool { return w.tally.underway == 0 }

// run does what is due, one bucket or action after the other, until it is stopped, done
// says so or nothing is left to happen.
func (w *World) run(ctx context.Context, done func() bool) error {
	w.stopped = false
	for !w.stopped && !done() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		number, any := w.next()
		start := max(time.Duration(number)*w.width, w.now)
		until := time.Duration(number+1) * w.width
		if len(w.agenda) > 0 {
			if next := w.agenda[0].at; !any || next <= start {
				if err := w.act(); err != nil {
					return err
				}
				continue
			} else if next < until {
				until = next
			}
		}
		if !any {
			return nil
		}
		if err := w.bucket(number, until); err != nil {
			return err
		}
	}
	return nil
}

// act does the next action.
func (w *World) act() error {
	a := heap.Pop(&w.agenda).(action)
	w.now = max(w.now, a.at)
	if err := a.do(); err != nil {
		return err
	}
	return w.settle(&w.main)
}

// next returns the number of the first bucket that has events; false if none has.
func (w *World) next() (first int64, any bool) {
	for _, q := range w.queues {
		if n, is := q.next(); is && (!any || n < first) {
			first, any = n, true
		}
	}
	return first, any
}

// bucket works off the events of the first bucket that come before a moment: the nodes side
// by side, each its own in their order.
func (w *World) bucket(number int64, until time.Duration) error {
	w.touched = w.touched[:0]
	for _, q := range w.queues {
		w.touched = q.deliver(number, until, w.touched)
	}
	w.now = until
	w.eachTouched()
	return w.settle(w.workers...)
}

// eachTouched has the workers work off the inboxes.
func (w *World) eachTouched() {
	const few = 8 // are not worth a goroutine
	var next atomic.Int64
	take := func(c *worker) {
		for {
			end := int(next.Add(few))
			for at := end - few; at < min(end, len(w.touched)); at++ {
				w.touched[at].work(c)
			}
			if end >= len(w.touched) {
				return
			}
		}
	}
	var group sync.WaitGroup
	if len(w.touched) > few {
		for _, c := range w.workers[1:] {
			group.Go(func() { take(c) })
		}
	}
	take(w.workers[0])
	group.Wait()
}
