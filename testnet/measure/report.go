package measure

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/history"
	"toychain/testnet/slo"
)

// Service is what a testnet promised and kept.
type Service struct {
	Since   time.Time              `json:"since"`   // from when on the nodes' journals count: the testnet came up
	Watched time.Time              `json:"watched"` // since when payments and answers were watched
	Until   time.Time              `json:"until"`
	Nodes   int                    `json:"nodes"`
	Silent  []string               `json:"silent"`   // nodes that do not tell what they wrote down
	LeftOut []string               `json:"left_out"` // nodes whose clocks were wrong in such a way that some of their times cannot be set right
	Levels  []slo.Level            `json:"levels"`
	Asked   map[string]slo.Answers `json:"availability"` // by node
}

const (
	// healthEvery is how often each node is asked whether it is there.
	healthEvery = 500 * time.Millisecond
	// healthTime is how long a node may take to say so: twice what it gives itself.
	healthTime = 4 * time.Second
	// mostBlocks is how far below the tip the journals are read.
	mostBlocks = 2000
)

// Network holds the testnet against its targets. What nodes write down (blocks,
// reorganisations) is read since the testnet came up; what they do not (payments, answers)
// is watched for so long first. It changes nothing.
func Network(ctx context.Context, t *testnet.Testnet, targets []slo.Target, long time.Duration) (Service, error) {
	looking, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	l := newLookout()
	l.watch(looking, t)
	if err := ctx.Err(); err != nil {
		return Service{}, fmt.Errorf("measure: %w", err)
	}
	s, err := report(ctx, t, targets, l)
	if err != nil {
		return Service{}, fmt.Errorf("measure: %w", err)
	}
	return s, nil
}

// report reads the journals and judges, once the lookout has come back.
func report(ctx context.Context, t *testnet.Testnet, targets []slo.Target, l *lookout) (Service, error) {
	actions, err := t.Actions()
	if err != nil {
		return Service{}, err
	}
	h := slo.History{Until: time.Now()}
	h.From, h.Eras, h.Heals = eras(actions)
	clocks, leftOut := history.Clocks(actions), []string{}
	var silent []string
	if h.Nodes, silent, err = chronicles(ctx, t); err != nil {
		return Service{}, err
	}
	for i := range h.Nodes {
		n := &h.Nodes[i]
		if n.Unsure = !clocks[n.Node].Correct(&n.Tree, n.Reorgs, h.Until); n.Unsure {
			leftOut = append(leftOut, n.Node)
		}
	}
	if h.Payments, err = payments(ctx, t, h.Nodes, l.first(clocks)); err != nil {
		return Service{}, err
	}
	seen := h.Observe()
	seen.Asked = l.asked
	return Service{Since: h.From, Watched: l.begun, Until: h.Until, Nodes: len(t.Nodes()), Silent: silent, LeftOut: leftOut,
		Levels: slo.Judge(targets, seen), Asked: l.asked}, nil
}

// lookout sees what no node writes down.
type lookout struct {
	begun time.Time

	mu      sync.Mutex // guards what follows; many goroutines write to it while it looks
	asked   map[string]slo.Answers
	entered map[string]map[block.Hash]time.Time // by node: payments, and when its pool had each
}

// newLookout returns one that has seen nothing yet. The nodes whose pools it hears
// are in entered from then on.
func newLookout() *lookout {
	return &lookout{begun: time.Now(), asked: map[string]slo.Answers{}, entered: map[string]map[block.Hash]time.Time{}}
}

// first returns when each payment was first in a pool, as far as can be told.
func (l *lookout) first(clocks map[string]history.ClockLog) map[block.Hash]time.Time {
	now := time.Now()
	out := map[block.Hash]time.Time{}
	for name, pool := range l.entered {
		for id, written := range pool {
			at, ok := clocks[name].Right(written, now)
			if first, known := out[id]; ok && (!known || at.Before(first)) {
				out[id] = at
			}
		}
	}
	return out
}

// watch looks at all nodes until ctx ends.
func (l *lookout) watch(ctx context.Context, t *testnet.Testnet) {
	var group sync.WaitGroup
	for _, n := range t.Nodes() {
		group.Go(func() { l.health(ctx, t, n) })
		group.Go(func() { l.pool(ctx, t, n) })
	}
	group.Wait()
}

// answer counts a question that took so long. While nobody answered it none of those
// came that were due meanwhile, and they would not have been answered either.
func answer(a slo.Answers, ok bool, took time.Duration) slo.Answers {
	if ok {
		return slo.Answers{Asked: a.Asked + 1, Answered: a.Answered + 1}
	}
	a.Asked += max(1, int(took/healthEvery))
	return a
}

// health asks a node whether it is there, whoever it is that holds its port. The first
// answer is waited for even when the time is up: a short look must see something.
func (l *lookout) health(ctx context.Context, t *testnet.Testnet, n testnet.Node) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for first := true; first || ctx.Err() == nil; first = false {
		begun := time.Now()
		err := isWell(ctx, t, n, first)
		if why := ctx.Err(); why != nil && (!first || why != context.DeadlineExceeded) {
			return // and what was under way does not count
		}
		l.mu.Lock()
		a := l.asked[n.Name]
		a = answer(a, err == nil, time.Since(begun))
		l.asked[n.Name] = a
		l.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// isWell asks a node whether it is there. A patient question ends with ctx only if that is
// cancelled, not if its time is up.
func isWell(ctx context.Context, t *testnet.Testnet, n testnet.Node, patient bool) error {
	c, err := t.Dial(n)
	if err != nil {
		return err
	}
	asking := ctx
	if patient {
		asking = context.WithoutCancel(ctx)
	}
	asking, cancel := context.WithTimeout(asking, healthTime)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if ctx.Err() != context.DeadlineExceeded {
			cancel()
		}
	})()
	return c.Health(asking)
}

// pool notes when payments come into a node's pool. A node that goes away is listened to
// again once it is back.
func (l *lookout) pool(ctx context.Context, t *testnet.Testnet, n testnet.Node) {
	listen := func() error {
		c, err := t.Dial(n)
		if err != nil {
			return err
		}
		ready := func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.entered[n.Name] == nil {
				l.entered[n.Name] = map[block.Hash]time.Time{}
			}
		}
		return c.Watch(ctx, ready, func(e rpc.Event) error {
			if e.Event != "tx" {
				return nil
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if _, known := l.entered[n.Name][e.TxID]; !known {
				l.entered[n.Name][e.TxID] = time.UnixMilli(e.TimeMS)
			}
			return nil
		})
	}
	for ctx.Err() == nil {
		_ = listen() // it ends with ctx, or with the node
		select {
		case <-time.After(healthEvery):
		case <-ctx.Done():
		}
	}
}

// chronicles returns what the nodes recorded. Those that do not tell are silent.
func chronicles(ctx context.Context, t *testnet.Testnet) (out []slo.Chronicle, silent []string, err error) {
	journals, err := t.Journals(ctx)
	if err != nil {
		return nil, nil, err
	}
	silent = []string{}
	runs := false
	for _, j := range journals {
		if j.Silent != "" {
			silent = append(silent, j.Node)
			continue
		}
		n := slo.Chronicle{Node: j.Node, Tree: j.Tree, Reorgs: j.Reorgs[max(0, len(j.Reorgs)-mostBlocks):], Gone: !t.Runs(j.Node)}
		n.Tree.Blocks = slices.DeleteFunc(n.Tree.Blocks, func(b rpc.TreeBlock) bool { return b.Height < n.Tree.Height-mostBlocks })
		out, runs = append(out, n), runs || !n.Gone
	}
	if !runs {
		return nil, nil, fmt.Errorf("no node is running; start one with: toychain testnet restart n1 --dir %s", t.Dir())
	}
	return out, silent, nil
}

// payments finds out what became of each payment that was seen: in the history with the
// most work, or in anybody's pool.
func payments(ctx context.Context, t *testnet.Testnet, nodes []slo.Chronicle, entered map[block.Hash]time.Time) (map[block.Hash]slo.Payment, error) {
	if len(entered) == 0 {
		return nil, nil
	}
	out := map[block.Hash]slo.Payment{}
	for id, at := range entered {
		out[id] = slo.Payment{Entered: at, Gone: true}
	}
	first := slices.MinFunc(slices.Collect(maps.Values(entered)), time.Time.Compare)
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n slo.Chronicle) bool { return n.Gone })
	best := slices.MaxFunc(nodes, func(a, b slo.Chronicle) int { return tipOfTree(a.Tree).ChainWork.Cmp(tipOfTree(b.Tree).ChainWork) })
	c, err := t.Client(best.Node)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if err := pending(ctx, t, n.Node, out); err != nil {
			return nil, err
		}
	}
	for _, b := range best.Tree.Blocks {
		// A node that was behind may have had it a little before its first pool told.
		if b.Status != "active" || b.Txs < 2 || time.UnixMilli(b.ReceivedMS).Before(first.Add(-time.Minute)) {
			continue
		}
		whole, err := c.RawBlock(ctx, b.Hash)
		if err != nil {
			return nil, err
		}
		for _, id := range whole.TxIDs() {
			if p, ok := out[id]; ok {
				out[id] = slo.Payment{Entered: p.Entered, Block: b.Hash}
			}
		}
	}
	return out, nil
}

// pending marks the payments that wait in a node's pool: they are not gone.
func pending(ctx context.Context, t *testnet.Testnet, name string, of map[block.Hash]slo.Payment) error {
	c, err := t.Client(name)
	if err != nil {
		return err
	}
	ids, err := c.RawMempool(ctx)
	for _, id := range ids {
		if p, ok := of[id]; ok {
			p.Gone = false
			of[id] = p
		}
	}
	return err
}

// tipOfTree returns the block that a tree's history ends in.
func tipOfTree(t rpc.Tree) rpc.TreeBlock {
	i := slices.IndexFunc(t.Blocks, func(b rpc.TreeBlock) bool { return b.Hash == t.Tip })
	if i < 0 {
		return rpc.TreeBlock{}
	}
	return t.Blocks[i]
}
