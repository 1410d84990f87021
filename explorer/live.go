package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/history"
	"toychain/testnet/replay"
)

// Endpoint is a node that can be watched.
type Endpoint struct {
	Name   string
	Client *rpc.Client // nil: it does not run
	State  string      // up, down or paused
}

// Network says which nodes there are, and what was done to them.
type Network interface {
	Nodes(ctx context.Context) ([]Endpoint, error)
	Actions(ctx context.Context) ([]history.Action, error) // the oldest first; none if unknown
	Prefixes() block.Prefixes                              // of addresses
}

// Live is a network that runs, as a source of events.
type Live struct {
	log *Log
	net Network

	mu    sync.Mutex
	facts map[string]Facts // by node

	// What follows is owned by the goroutine of Run.
	lanes   *draw.Lanes
	nodes   map[string]*watched
	order   []string // names of nodes, as they are listed
	actions int      // how many are in the log
	groups  []string // of the partition that these made
	again   bool     // all trees must be read again
	said    chan heard
	talk    map[block.Hash]*Said                 // what was said
	heard   map[string]map[block.Hash]chat.State // by node
}

// watched is a node that Run watches.
type watched struct {
	Endpoint
	shown Node
	seq   int64 // of its tree, as last answered
	stop  context.CancelFunc
}

// NewLive returns a source that fills the log with what happens in the network.
func NewLive(log *Log, net Network) *Live {
	return &Live{log: log, net: net, nodes: make(map[string]*watched), facts: make(map[string]Facts),
		said: make(chan heard), talk: make(map[block.Hash]*Said), heard: make(map[string]map[block.Hash]chat.State)}
}

const (
	// lookEvery is how often the nodes are listed, and what was done to them.
	lookEvery = 250 * time.Millisecond
	// askTime is how long a node may take to answer.
	askTime = 5 * time.Second
)

// news is what the watcher of a node hands to Run.
type news struct {
	node  string
	event rpc.Event // the last one that the tree answers for; zero: its stream began
	tree  rpc.Tree
	err   error // its stream ended
}

// Run watches the nodes until ctx ends.
func (l *Live) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	in := make(chan news) // without a queue: a watcher waits for its turn
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	group.Go(func() { l.watchFacts(ctx) })
	l.skip(ctx)
	for {
		if err := l.list(ctx, &group, in); err != nil && ctx.Err() == nil {
			l.log.Append(Event{TimeMS: time.Now().UnixMilli(), Kind: "note", Text: "the nodes cannot be listed: " + err.Error()})
		}
		l.act(ctx)
	wait:
		for {
			select {
			case n := <-in:
				l.act(ctx) // what caused it comes first
				l.take(n)
			case h := <-l.said:
				l.act(ctx)
				l.hear(h)
			case <-tick.C:
				break wait
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// list compares the nodes with those that are watched, and begins anew if there are others.
func (l *Live) list(ctx context.Context, group *sync.WaitGroup, in chan<- news) error {
	all, err := l.net.Nodes(ctx)
	if err != nil {
		return err
	}
	var order []string
	for _, e := range all[:min(len(all), maxNodes)] {
		order = append(order, e.Name)
	}
	if l.again || !slices.Equal(order, l.order) {
		l.order, l.again = order, false
		return l.begin(ctx, all[:len(order)], group, in)
	}
	for _, e := range all[:len(order)] {
		w := l.nodes[e.Name]
		if w.State == e.State && w.Client == e.Client {
			continue
		}
		before := w.State
		l.watch(ctx, w, e, group, in)
		if before != e.State && e.State != "up" { // coming up is shown when it answers
			l.show(w, Event{Kind: e.State, Text: "does not run"})
		}
	}
	return nil
}

// begin reads all trees and resets the log.
func (l *Live) begin(ctx context.Context, all []Endpoint, group *sync.WaitGroup, in chan<- news) error {
	var asks []draw.Ask
	for _, e := range all {
		asks = append(asks, func(ctx context.Context, heights []block.Height) (rpc.Tree, error) {
			if e.Client == nil {
				return rpc.Tree{}, errors.New("it does not run")
			}
			ctx, cancel := context.WithTimeout(ctx, askTime)
			defer cancel()
			return e.Client.Outline(ctx, 0, heights)
		})
	}
	trees, errs := draw.Gather(ctx, asks)
	var views []draw.View
	for i, e := range all {
		w := l.nodes[e.Name]
		if w == nil {
			w = &watched{shown: Node{Name: e.Name}, stop: func() {}}
			l.nodes[e.Name] = w
		}
		w.shown.Bit, w.shown.State, w.seq = i, e.State, trees[i].Seq
		if errs[i] == nil {
			views = append(views, draw.View{Node: e.Name, Tree: trees[i]})
			w.shown.Tip, w.shown.Height = trees[i].Tip, trees[i].Height
		}
	}
	for name, w := range l.nodes {
		if !slices.Contains(l.order, name) {
			w.stop()
			delete(l.nodes, name)
		}
	}
	l.merge(draw.Merge(views), trees)
	for _, e := range all {
		l.watch(ctx, l.nodes[e.Name], e, group, in)
	}
	return nil
}

// watch watches a node as it is now, instead of as it was.
func (l *Live) watch(ctx context.Context, w *watched, e Endpoint, group *sync.WaitGroup, in chan<- news) {
	w.stop()
	w.Endpoint, w.stop = e, func() {}
	if e.State != "up" {
		w.shown.State = e.State
	}
	if e.Client == nil || e.State != "up" {
		return
	}
	ctx, w.stop = context.WithCancel(ctx)
	seq := w.seq
	group.Go(func() { follow(ctx, e, seq, in) })
	group.Go(func() { overhear(ctx, e, l.net.Prefixes(), l.said) })
}

// follow hands over what a node says, from the changes after seq on, until ctx ends. A node that
// does not answer is asked again.
func follow(ctx context.Context, e Endpoint, seq int64, in chan<- news) {
	hand := func(n news) error {
		n.node = e.Name
		select {
		case in <- n:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ask := func(ev rpc.Event) error {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		t, err := e.Client.TreeSince(ctx, seq)
		if err != nil {
			return err
		}
		if t.Seq == seq && ev.Event != "" {
			return nil
		}
		seq = t.Seq
		return hand(news{event: ev, tree: t})
	}
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for ctx.Err() == nil {
		var begun error
		err := e.Client.Watch(ctx, func() { begun = ask(rpc.Event{}) }, func(ev rpc.Event) error {
			if begun != nil {
				return begun
			}
			switch ev.Event {
			case "block", "tip", "reorg", "refused":
				return ask(ev)
			}
			return nil
		})
		if ctx.Err() != nil || hand(news{err: err}) != nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// merge makes a merged tree the log's state: at first, and when the state has become too large, as
// a new beginning; later as an event, so that what happened before can still be seen. trees are
// the nodes' own, in their order.
func (l *Live) merge(in draw.Tree, trees []rpc.Tree) {
	known := make(map[block.Hash]uint64)
	for i := range trees {
		for _, b := range trees[i].Blocks {
			known[b.Hash] |= 1 << i
		}
	}
	e := Event{TimeMS: time.Now().UnixMilli(), Kind: "note", Text: "all nodes were read again: what changed was not told one by one", Blocks: []Block{}, Nodes: []Node{}}
	for _, name := range l.order {
		e.Nodes = append(e.Nodes, l.nodes[name].shown)
	}
	first := l.lanes == nil
	var talk []Said
	l.log.Now(func(s *State) {
		talk = append(talk, s.Chat...)
		first = first || len(s.Blocks)+len(in.Blocks) > maxBlocks
		if first {
			l.lanes = draw.NewLanes(in)
		}
		heights := make(map[block.Hash]block.Height, len(in.Blocks))
		for i := range in.Blocks {
			heights[in.Blocks[i].Hash] = in.Blocks[i].Height
		}
		for i := range in.Blocks {
			b := show(&in.Blocks[i])
			b.Known = known[b.Hash]
			if old := s.Block(b.Hash); old != nil && old.Folded < b.Folded {
				b.Folded, b.Under = old.Folded, old.Under
			}
			b.Lane = l.lanes.Add(b.Hash, b.under(), b.Height, heights[b.under()])
			e.Blocks = append(e.Blocks, b)
		}
	})
	if first {
		l.log.Reset(State{Groups: append([]string{}, l.groups...), Blocks: e.Blocks, Nodes: e.Nodes, Chat: talk})
		return
	}
	l.log.Append(e)
}

// show returns a block as it is drawn.
func show(b *rpc.TreeBlock) Block {
	return Block{Hash: b.Hash, Prev: b.Prev, Under: b.Under, Folded: b.Folded, Height: b.Height, Time: b.Time, ReceivedMS: b.ReceivedMS,
		Bits: b.Bits, Work: b.ChainWork, Txs: b.Txs, Size: b.Size, Invalid: b.Status == draw.StatusInvalid, Miner: b.Message, Address: b.Address}
}

// take adds what a node said to the log.
func (l *Live) take(n news) {
	w := l.nodes[n.node]
	if w == nil {
		return
	}
	if n.err != nil {
		if w.shown.State == "up" {
			w.shown.State = "down"
			l.show(w, Event{Kind: "silent", Text: "does not answer"})
		}
		return
	}
	if w.shown.State != "up" {
		w.shown.State = "up"
		l.show(w, Event{Kind: "answers", Text: "answers"})
	}
	var blocks []rpc.TreeBlock
	l.log.Now(func(s *State) { blocks, l.again = newest(s, &n.tree) })
	if l.again {
		return
	}
	for i := range blocks {
		l.arrived(w, &blocks[i], &n.event)
	}
	l.moved(w, &n)
}

// newest returns the blocks of an answer, parents first, and whether all trees must be read again:
// one of them stands on a block that is not drawn, or the answer is a folded tree with new ones.
func newest(s *State, t *rpc.Tree) (out []rpc.TreeBlock, again bool) {
	out = slices.SortedStableFunc(slices.Values(t.Blocks), func(a, b rpc.TreeBlock) int { return cmp.Compare(a.Height, b.Height) })
	fresh := make(map[block.Hash]bool)
	for i := range out {
		b := &out[i]
		fresh[b.Hash] = true
		if s.Block(b.Hash) == nil && (!t.Changes || b.Height > 0 && !fresh[b.Prev] && s.Block(b.Prev) == nil) {
			return nil, true
		}
	}
	return out, s.Block(t.Tip) == nil && !fresh[t.Tip]
}

// arrived adds a block that a node has, or that changed there, to the log.
func (l *Live) arrived(w *watched, b *rpc.TreeBlock, from *rpc.Event) {
	next := show(b)
	var e Event
	l.log.Now(func(s *State) {
		known, bit := s.Block(b.Hash), uint64(1)<<w.shown.Bit
		ref := &rpc.BlockRef{Hash: b.Hash, Height: b.Height}
		what := replay.Event{Event: replay.Block, Block: ref, Miner: b.Message, Born: known == nil || known.Txs == 0}
		if b.Txs == 0 {
			what = replay.Event{Event: replay.Header, Block: ref}
		}
		e = Event{Kind: what.Event, Text: what.String(), TimeMS: b.Arrived()}
		if known == nil {
			next.Lane, next.Known = l.lanes.Add(next.Hash, next.Prev, next.Height, next.Height-1), bit
			return
		}
		merged := *known
		merged.Known |= bit
		if merged.Txs == 0 && next.Txs > 0 {
			merged.Txs, merged.Size, merged.Miner, merged.Address = next.Txs, next.Size, next.Miner, next.Address
		}
		if next.Invalid != merged.Invalid && known.Known&bit != 0 {
			merged.Invalid = next.Invalid
			e.Kind, e.Text = "verdict", fmt.Sprintf("%s block %d %s", map[bool]string{true: "refuses", false: "accepts"}[next.Invalid], b.Height, b.Hash.Short())
			e.TimeMS = time.Now().UnixMilli()
		} else if known.Known&bit != 0 && merged.Txs == known.Txs {
			e.Kind = ""
		}
		next = merged
	})
	if e.Kind == "" { // it joined or left the node's best chain: the tip says so
		return
	}
	e.Blocks = []Block{next}
	l.show(w, e)
}

// moved adds a new tip of a node to the log.
func (l *Live) moved(w *watched, n *news) {
	if n.tree.Tip == w.shown.Tip {
		return
	}
	from := w.shown.Tip
	w.shown.Tip, w.shown.Height = n.tree.Tip, n.tree.Height
	ref := &rpc.BlockRef{Hash: n.tree.Tip, Height: n.tree.Height}
	what := replay.Event{Event: replay.Tip, Block: ref}
	l.log.Now(func(s *State) {
		if r := s.reorg(from, n.tree.Tip); r != nil {
			what = replay.Event{Event: replay.Reorg, Block: ref, Reorg: r}
		}
	})
	l.show(w, Event{Kind: what.Event, Text: what.String(), TimeMS: cmp.Or(n.event.TimeMS, time.Now().UnixMilli())})
}

// reorg returns how the best chain moved between two tips, nil if it only grew.
func (s *State) reorg(from, to block.Hash) *rpc.Reorg {
	a, b := s.Block(from), s.Block(to)
	if a == nil || b == nil {
		return nil
	}
	ref := func(b *Block) rpc.BlockRef { return rpc.BlockRef{Hash: b.Hash, Height: b.Height} }
	r := &rpc.Reorg{From: ref(a), To: ref(b)}
	for a != nil && b != nil && a != b {
		if a.Height >= b.Height {
			r.Left = append(r.Left, ref(a))
			a = s.Block(a.under())
		} else {
			r.Joined = append(r.Joined, ref(b))
			b = s.Block(b.under())
		}
	}
	if a == nil || b == nil || len(r.Left) == 0 {
		return nil
	}
	r.Fork, r.Depth = ref(a), len(r.Left)
	return r
}

// show appends an event of a node, with the node as it is now.
func (l *Live) show(w *watched, e Event) {
	e.Node, e.Nodes, e.TimeMS = w.shown.Name, []Node{w.shown}, cmp.Or(e.TimeMS, time.Now().UnixMilli())
	if l.log.Append(e) {
		l.again = true
	}
}
