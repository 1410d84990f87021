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

// Report is the service levels of a testnet.
type Report struct {
	Since   time.Time              `json:"since"`   // the testnet came up; what the nodes recorded counts from then on
	Watched time.Time              `json:"watched"` // the monitor began
	Until   time.Time              `json:"until"`
	Nodes   int                    `json:"nodes"`
	Silent  []string               `json:"silent"`   // nodes without a journal
	LeftOut []string               `json:"left_out"` // nodes with times that a wrong clock made ambiguous
	Levels  []slo.Level            `json:"levels"`
	Asked   map[string]slo.Answers `json:"availability"` // by node
}

const (
	// healthEvery is the time between two health checks of a node.
	healthEvery = 500 * time.Millisecond
	// healthTime is how long a node may take to answer: twice its own bound.
	healthTime = 4 * time.Second
	// mostBlocks is how many blocks below the tip count.
	mostBlocks = 2000
)

// Network compares a testnet with its targets. What nodes record (blocks, reorganisations) is
// read since the testnet came up; what they do not (payments, answers) is watched for this
// time first. It changes nothing.
func Network(ctx context.Context, t *testnet.Testnet, targets []slo.Target, long time.Duration) (Report, error) {
	looking, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	l := newMonitor()
	l.watch(ctx, looking, t)
	if err := ctx.Err(); err != nil {
		return Report{}, fmt.Errorf("measure: %w", err)
	}
	s, err := report(ctx, t, targets, l)
	if err != nil {
		return Report{}, fmt.Errorf("measure: %w", err)
	}
	return s, nil
}

// report reads the journals and judges them with what a monitor saw.
func report(ctx context.Context, t *testnet.Testnet, targets []slo.Target, l *monitor) (Report, error) {
	actions, err := t.Actions()
	if err != nil {
		return Report{}, err
	}
	h := slo.History{Until: time.Now()}
	h.From, h.Intervals, h.Heals = intervals(actions)
	journals, err := t.Journals(ctx)
	if err != nil {
		return Report{}, err
	}
	leftOut := append([]string{}, history.CorrectClocks(journals, actions)...)
	var silent []string
	if h.Nodes, silent, err = nodeHistories(t, journals, leftOut); err != nil {
		return Report{}, err
	}
	if h.Payments, err = payments(ctx, t, h.Nodes, l.first(history.Clocks(actions))); err != nil {
		return Report{}, err
	}
	seen := h.Observe()
	seen.Asked = l.asked
	return Report{Since: h.From, Watched: l.begun, Until: h.Until, Nodes: len(t.Nodes()), Silent: silent, LeftOut: leftOut,
		Levels: slo.Judge(targets, seen), Asked: l.asked}, nil
}

// monitor records what no node does.
type monitor struct {
	begun time.Time

	mu      sync.Mutex // guards the fields below
	asked   map[string]slo.Answers
	entered map[string]map[block.Hash]time.Time // by node: when each transaction entered its mempool
}

// newMonitor returns a monitor without records. Nodes whose events it receives are in entered.
func newMonitor() *monitor {
	return &monitor{begun: time.Now(), asked: map[string]slo.Answers{}, entered: map[string]map[block.Hash]time.Time{}}
}

// first returns when each transaction entered its first mempool, as far as clocks allow.
func (l *monitor) first(clocks map[string]history.ClockLog) map[block.Hash]time.Time {
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

// watch monitors all nodes until the time is up: looking ends, which is a part of ctx.
func (l *monitor) watch(ctx, looking context.Context, t *testnet.Testnet) {
	var group sync.WaitGroup
	for _, n := range t.Nodes() {
		group.Go(func() { l.health(ctx, looking, t, n) })
		group.Go(func() { l.pool(looking, t, n) })
	}
	group.Wait()
}

// answer counts a health check that took this long. Without an answer, the checks that were due
// meanwhile count as unanswered too.
func answer(a slo.Answers, ok bool, took time.Duration) slo.Answers {
	if ok {
		return slo.Answers{Asked: a.Asked + 1, Answered: a.Answered + 1}
	}
	a.Asked += max(1, int(took/healthEvery))
	return a
}

// health checks a node until the time is up, or ctx ends. The first answer is waited for even
// when the time is up, so that there is one.
func (l *monitor) health(ctx, looking context.Context, t *testnet.Testnet, n testnet.Node) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for patient := ctx; patient == ctx || looking.Err() == nil; patient = looking {
		begun := time.Now()
		checking, cancel := context.WithTimeout(patient, healthTime)
		c, err := t.Dial(n)
		if err == nil {
			err = c.Health(checking)
		}
		cancel()
		if patient.Err() != nil {
			return // without counting the pending check
		}
		l.mu.Lock()
		l.asked[n.Name] = answer(l.asked[n.Name], err == nil, time.Since(begun))
		l.mu.Unlock()
		select {
		case <-tick.C:
		case <-looking.Done():
		}
	}
}

// pool records when transactions enter a node's mempool, also of a node that is restarted.
func (l *monitor) pool(ctx context.Context, t *testnet.Testnet, n testnet.Node) {
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

// nodeHistories returns what the nodes recorded, and the nodes without a journal.
func nodeHistories(t *testnet.Testnet, journals []history.Journal, unsure []string) (out []slo.NodeHistory, silent []string, err error) {
	silent = []string{}
	runs := false
	for _, j := range journals {
		if j.Silent != "" {
			silent = append(silent, j.Node)
			continue
		}
		n := slo.NodeHistory{Node: j.Node, Tree: j.Tree, Reorgs: j.Reorgs[max(0, len(j.Reorgs)-mostBlocks):],
			Unsure: slices.Contains(unsure, j.Node), Gone: !t.Runs(j.Node)}
		n.Tree.Blocks = slices.DeleteFunc(n.Tree.Blocks, func(b rpc.TreeBlock) bool { return b.Height < n.Tree.Height-mostBlocks })
		out, runs = append(out, n), runs || !n.Gone
	}
	if !runs {
		return nil, nil, fmt.Errorf("no node is running; start one with: toychain testnet restart n1 --dir %s", t.Dir())
	}
	return out, silent, nil
}

// payments returns the fate of each payment that was seen: on the best chain, in some mempool,
// or gone.
func payments(ctx context.Context, t *testnet.Testnet, nodes []slo.NodeHistory, entered map[block.Hash]time.Time) (map[block.Hash]slo.Payment, error) {
	if len(entered) == 0 {
		return nil, nil
	}
	out := map[block.Hash]slo.Payment{}
	for id, at := range entered {
		out[id] = slo.Payment{Entered: at, Gone: true}
	}
	first := slices.MinFunc(slices.Collect(maps.Values(entered)), time.Time.Compare)
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n slo.NodeHistory) bool { return n.Gone })
	best := slices.MaxFunc(nodes, func(a, b slo.NodeHistory) int { return tipOfTree(a.Tree).ChainWork.Cmp(tipOfTree(b.Tree).ChainWork) })
	for _, n := range nodes {
		c, err := t.Client(n.Node)
		if err != nil {
			return nil, err
		}
		pending, err := c.RawMempool(ctx)
		if err != nil {
			return nil, err
		}
		for _, id := range pending {
			if p, ok := out[id]; ok {
				out[id] = slo.Payment{Entered: p.Entered}
			}
		}
	}
	c, err := t.Client(best.Node)
	if err != nil {
		return nil, err
	}
	for _, b := range best.Tree.Blocks {
		// A node that synchronised may have had it a little before its first mempool.
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

// tipOfTree returns the block that a tree's history ends in.
func tipOfTree(t rpc.Tree) rpc.TreeBlock {
	i := slices.IndexFunc(t.Blocks, func(b rpc.TreeBlock) bool { return b.Hash == t.Tip })
	if i < 0 {
		return rpc.TreeBlock{}
	}
	return t.Blocks[i]
}
