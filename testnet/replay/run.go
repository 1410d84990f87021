package replay

import (
	"cmp"
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/history"
)

// Run is a testnet's past.
type Run struct {
	Events []Event
	Silent []string // nodes without a journal
	Unsure []string // nodes with times that a wrong clock made ambiguous: none of theirs is corrected

	nodes   []string // in the order in which they are listed
	blocks  map[block.Hash]*rpc.TreeBlock
	genesis block.Hash // zeros: no node has a tree
}

// New merges the nodes' journals and what was done to the testnet.
func New(journals []history.Journal, actions []history.Action) *Run {
	r := &Run{blocks: make(map[block.Hash]*rpc.TreeBlock), Unsure: history.CorrectClocks(journals, actions)}
	lives := [][]Event{done(actions)}
	var views []draw.View
	for i := range journals {
		j := &journals[i]
		if j.Silent != "" {
			r.Silent = append(r.Silent, j.Node)
			continue
		}
		r.nodes = append(r.nodes, j.Node)
		views = append(views, draw.View{Node: j.Node, Tree: j.Tree})
		lives = append(lives, life(j))
	}
	r.know(draw.Merge(views).Blocks)
	r.Events = r.merge(lives)
	r.number()
	return r
}

// Recorded returns a past that was recorded while it happened: events in the order of time, the
// names of the nodes, and all blocks that the events name.
func Recorded(events []Event, nodes []string, blocks []rpc.TreeBlock) *Run {
	r := &Run{Events: events, nodes: nodes, blocks: make(map[block.Hash]*rpc.TreeBlock)}
	r.know(blocks)
	r.number()
	return r
}

// know takes the blocks of all nodes.
func (r *Run) know(blocks []rpc.TreeBlock) {
	for i := range blocks {
		r.blocks[blocks[i].Hash] = &blocks[i]
		if blocks[i].Height == 0 {
			r.genesis = blocks[i].Hash
		}
	}
}

// done converts actions to events. One that took a while is placed at its start: its effects
// came after that.
func done(actions []history.Action) (out []Event) {
	cut := false
	for _, a := range actions {
		e := Event{TimeMS: a.TimeMS, Event: a.Verb, Args: a.Args, Error: a.Error, Undone: a.Undone}
		switch a.Verb {
		case "up", "partition", "heal", "connect", "link", "hashrate", "down": // of all nodes, or of two
		default:
			if len(a.Args) > 0 {
				e.Node, e.Args = a.Args[0], a.Args[1:]
			}
		}
		switch {
		case a.Undone:
		case a.Verb == "partition":
			cut = true // also if it failed half way
		case a.Verb == "heal":
			e.Idle, cut = !cut, false
		case a.Verb == "up":
			cut = false
		}
		out = append(out, e)
	}
	return out
}

// merge merges the events of several nodes by time, and keeps the order of each.
func (r *Run) merge(lives [][]Event) (out []Event) {
	for {
		next := -1
		for i, l := range lives {
			if len(l) > 0 && (next < 0 || r.earlier(&l[0], &lives[next][0])) {
				next = i
			}
		}
		if next < 0 {
			return out
		}
		out = append(out, lives[next][0])
		lives[next] = lives[next][1:]
	}
}

// earlier compares the next events of two nodes. In one millisecond the miner of a block comes
// before other nodes.
func (r *Run) earlier(a, b *Event) bool {
	if a.TimeMS != b.TimeMS || a.Block == nil || b.Block == nil {
		return a.TimeMS < b.TimeMS
	}
	mine := func(e *Event) int {
		if known := r.blocks[e.Block.Hash]; known != nil && known.Message == e.Node {
			return 0
		}
		return 1
	}
	return mine(a) < mine(b)
}

// number numbers the events, and marks the first node of each block and of each message.
func (r *Run) number() {
	known := make(map[block.Hash]bool)
	for i := range r.Events {
		e := &r.Events[i]
		e.N, e.Offset = i+1, e.TimeMS-r.Events[0].TimeMS
		if e.Event == Chat {
			e.Born = !known[e.Said.ID]
			known[e.Said.ID] = true
		}
		if e.Event == Header || e.Event == Block {
			e.Born = !known[e.Block.Hash]
			known[e.Block.Hash] = true
			if e.Born {
				e.Made = r.blocks[e.Block.Hash]
			}
		}
	}
}

// Stage is the state after the first events.
type Stage struct {
	run    *Run
	played int
	whole  map[block.Hash]bool // the blocks known to some node, and whether one has them complete
	tips   map[string]block.Hash
	gone   map[string]bool // killed, paused, or not up
	groups []string        // of a partition, like "n1,n2"
	fresh  bool            // the last event is the first arrival of a block
}

// Begin returns the state before the first event: all tips are genesis.
func (r *Run) Begin() *Stage {
	s := &Stage{run: r, whole: make(map[block.Hash]bool), tips: make(map[string]block.Hash), gone: make(map[string]bool)}
	if !r.genesis.IsZero() {
		s.whole[r.genesis] = true
	}
	for _, n := range r.nodes {
		s.tips[n] = r.genesis
	}
	return s
}

// Next plays one event and returns it; nil if there are no more.
func (s *Stage) Next() *Event {
	if s.played == len(s.run.Events) {
		return nil
	}
	e := &s.run.Events[s.played]
	s.played++
	s.fresh = e.Event == Block && !s.whole[e.Block.Hash]
	if e.Undone {
		return e
	}
	switch e.Event {
	case Header:
		if !s.whole[e.Block.Hash] {
			s.whole[e.Block.Hash] = false // now it is known
		}
	case Block:
		s.whole[e.Block.Hash] = true
	case Tip, Reorg:
		s.tips[e.Node] = e.Block.Hash
	case "partition":
		s.groups = e.Args
	case "heal":
		s.groups = nil
	case "kill", "pause":
		s.gone[e.Node] = e.Error == ""
	case "wipe":
		if e.Error == "" {
			s.tips[e.Node] = s.run.genesis
		}
	case "resume", "restart", "start":
		s.gone[e.Node] = false
	case "up":
		clear(s.gone)
		s.groups = nil
	}
	return e
}

// To plays until the event with this number.
func (s *Stage) To(n int) {
	for s.played < n && s.Next() != nil {
	}
}

// Tip returns a node's tip.
func (s *Stage) Tip(node string) block.Hash { return s.tips[node] }

// Tree returns all blocks that some node knows, with the tips of the nodes.
func (s *Stage) Tree() draw.Tree {
	in := draw.Tree{}
	for hash, whole := range s.whole {
		b := *s.run.blocks[hash]
		if !whole {
			b.Txs, b.Size, b.Message, b.Address = 0, 0, "", ""
		}
		in.Blocks = append(in.Blocks, b)
	}
	slices.SortFunc(in.Blocks, func(a, b rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.ReceivedMS, b.ReceivedMS), cmp.Compare(a.Height, b.Height), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	for _, n := range s.run.nodes {
		tip := s.run.blocks[s.drawnTip(n)]
		if tip == nil {
			continue
		}
		at := draw.NodeTip{Node: n, Tip: tip.Hash, Height: tip.Height}
		if s.gone[n] {
			in.LastTips = append(in.LastTips, at)
		} else {
			in.Tips = append(in.Tips, at)
		}
	}
	return in
}

// drawnTip returns a node's tip, or the new block that becomes its tip with its next event: that
// must not be drawn as stale for the moment in between.
func (s *Stage) drawnTip(node string) block.Hash {
	if s.fresh && s.run.Events[s.played-1].Node == node {
		rest, is := s.run.Events[s.played:], s.run.Events[s.played-1].Block.Hash
		i := slices.IndexFunc(rest, func(next Event) bool { return next.Node == node })
		if i >= 0 && (rest[i].Event == Tip || rest[i].Event == Reorg) && rest[i].Block.Hash == is {
			return is
		}
	}
	return s.tips[node]
}
