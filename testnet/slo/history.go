package slo

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// Interval is a time without a command on the network. It ends when the next one begins.
type Interval struct {
	From   time.Time
	Groups [][]string      // the nodes that reach each other, directly or not; none: all
	Away   map[string]bool // nodes that do not run, or are paused
}

// connected reports whether two nodes run and can reach each other.
func (e *Interval) connected(a, b string) bool {
	of, one := e.group(a)
	with, other := e.group(b)
	return one && other && of == with
}

// group returns the index of a node's group, false if it is away or in none.
func (e *Interval) group(node string) (int, bool) {
	if e.Away[node] {
		return 0, false
	}
	if len(e.Groups) == 0 {
		return 0, true
	}
	g := slices.IndexFunc(e.Groups, func(g []string) bool { return slices.Contains(g, node) })
	return g, g >= 0
}

// Heal is the end of a partition.
type Heal struct {
	At   time.Time // when it was asked for
	Over time.Time // when the network was cut again; zero: it was not
}

// Payment is the fate of a payment.
type Payment struct {
	Entered time.Time  // the first mempool
	Block   block.Hash // that holds it on the best chain; zero: none
	Gone    bool       // no mempool has it, and no block
}

// History is what the nodes recorded, and what was done to them.
type History struct {
	From, Until time.Time
	Intervals   []Interval // the oldest first; the first begins no later than From
	Heals       []Heal     // the oldest first
	Nodes       []NodeHistory
	Payments    map[block.Hash]Payment
}

// NodeHistory is what one node recorded.
type NodeHistory struct {
	Node   string
	Tree   rpc.Tree
	Reorgs []rpc.Reorg
	Unsure bool // its times are not usable, but its blocks are
	Gone   bool // it does not run: its blocks count, its best chain does not
}

// arrivals is when each node had a block.
type arrivals struct {
	first  time.Time
	at     string               // the first node
	by     map[string]time.Time // by node; only those that have the body
	active bool                 // it is on some node's best chain
}

// Observe returns the events of a history. Availability is not among them.
func (h *History) Observe() Observations {
	blocks := h.arrivals()
	out := Observations{Timed: map[Kind][]Event{}}
	for _, hash := range slices.SortedFunc(maps.Keys(blocks), compareHashes) {
		s := blocks[hash]
		if s.first.Before(h.From) || s.first.After(h.Until) {
			continue
		}
		out.Blocks++
		if !s.active {
			out.Stale++
		}
		out.Timed[Propagation] = append(out.Timed[Propagation], h.propagation(s)...)
	}
	out.Timed[Agreement] = h.agreements()
	out.Timed[Confirmation] = h.confirmations(blocks)
	return out
}

// arrivals merges the nodes' trees, without genesis and invalid blocks.
func (h *History) arrivals() map[block.Hash]*arrivals {
	all := map[block.Hash]*arrivals{}
	for _, n := range h.Nodes {
		for i := range n.Tree.Blocks {
			b := &n.Tree.Blocks[i]
			if b.Height == 0 || b.Txs == 0 || b.Status == "invalid" {
				continue
			}
			s := all[b.Hash]
			if s == nil {
				s = &arrivals{by: map[string]time.Time{}}
				all[b.Hash] = s
			}
			s.active = s.active || b.Status == "active" && !n.Gone
			if n.Unsure {
				continue
			}
			at := arrival(b)
			s.by[n.Node] = at
			if s.at == "" || at.Before(s.first) {
				s.first, s.at = at, n.Node
			}
		}
	}
	return all
}

// arrival returns when a node had a block and its ancestors.
func arrival(b *rpc.TreeBlock) time.Time { return time.UnixMilli(b.Arrived()) }

// propagation returns an event for each other node that could have received the block.
func (h *History) propagation(s *arrivals) (out []Event) {
	for _, n := range h.Nodes {
		if n.Node == s.at || n.Unsure {
			continue
		}
		at, there := s.by[n.Node]
		until := at
		if !there {
			until = h.Until
		}
		if !h.connected(s.at, n.Node, s.first, until) || !there && (!s.active || h.crashed(&n)) {
			continue
		}
		out = append(out, Event{until.Sub(s.first), !there})
	}
	return out
}

// connected reports whether two nodes could reach each other all the time.
func (h *History) connected(a, b string, from, until time.Time) bool {
	for i := range h.Intervals {
		e := &h.Intervals[i]
		over := i+1 < len(h.Intervals) && !h.Intervals[i+1].From.After(from)
		if !over && !e.From.After(until) && !e.connected(a, b) {
			return false
		}
	}
	return true
}

// agreements returns an event for each heal.
func (h *History) agreements() (out []Event) {
	moves := h.moves()
	for _, heal := range h.Heals {
		if heal.At.Before(h.From) || heal.At.After(h.Until) {
			continue
		}
		until := h.Until
		if !heal.Over.IsZero() && heal.Over.Before(until) {
			until = heal.Over
		}
		out = append(out, h.agreement(moves, heal.At, until))
	}
	return out
}

// move is a node's change of tip.
type move struct {
	at   time.Time
	node string
	tip  block.Hash
	high block.Height
}

// agreement follows the nodes' tips until those that are not away are the same. That can
// change only when a tip changes or an interval begins.
func (h *History) agreement(moves []move, from, until time.Time) Event {
	tips := map[string]block.Hash{}
	moments := []time.Time{from}
	for _, m := range moves {
		moments = append(moments, m.at)
	}
	for _, e := range h.Intervals {
		moments = append(moments, e.From)
	}
	moments = slices.DeleteFunc(moments, func(at time.Time) bool { return at.Before(from) || at.After(until) })
	slices.SortFunc(moments, time.Time.Compare)
	for _, now := range moments {
		for len(moves) > 0 && !moves[0].at.After(now) {
			tips[moves[0].node] = moves[0].tip
			moves = moves[1:]
		}
		if h.agreed(tips, now) {
			return Event{now.Sub(from), false}
		}
	}
	return Event{until.Sub(from), true}
}

// agreed reports whether all nodes that are not away, and can reach each other, are on one tip.
func (h *History) agreed(tips map[string]block.Hash, now time.Time) bool {
	in := &Interval{}
	for i := range h.Intervals {
		if !h.Intervals[i].From.After(now) {
			in = &h.Intervals[i]
		}
	}
	of := map[int]block.Hash{} // by group
	for i := range h.Nodes {
		n := &h.Nodes[i]
		g, ok := in.group(n.Node)
		if !ok || n.Unsure || h.crashed(n) {
			continue
		}
		if tip, known := of[g]; known && tip != tips[n.Node] {
			return false
		}
		of[g] = tips[n.Node]
	}
	return true
}

// crashed reports whether a node ended by itself: since when is not known.
func (h *History) crashed(n *NodeHistory) bool {
	return n.Gone && (len(h.Intervals) == 0 || !h.Intervals[len(h.Intervals)-1].Away[n.Node])
}

// moves returns how the nodes' tips changed, the oldest first.
func (h *History) moves() (out []move) {
	for _, n := range h.Nodes {
		if !n.Unsure {
			out = append(out, n.moves()...)
		}
	}
	slices.SortStableFunc(out, func(a, b move) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.node, b.node), cmp.Compare(a.high, b.high))
	})
	return out
}

// moves returns how one node's tip changed: to each block that extended its best chain, when
// it arrived, and to the last block of each reorganisation.
func (n *NodeHistory) moves() (out []move) {
	brought := map[block.Hash]bool{} // joined by a reorganisation before it left by one
	left := map[block.Hash]bool{}
	for _, r := range n.Reorgs {
		for _, b := range r.Left {
			left[b.Hash] = true
		}
		for _, b := range r.Joined {
			brought[b.Hash] = brought[b.Hash] || !left[b.Hash]
		}
		out = append(out, move{time.UnixMilli(r.TimeMS), n.Node, r.To.Hash, r.To.Height})
	}
	for i := range n.Tree.Blocks {
		b := &n.Tree.Blocks[i]
		if (b.Status == "active" || b.Status == "valid-fork") && !brought[b.Hash] {
			out = append(out, move{arrival(b), n.Node, b.Hash, b.Height})
		}
	}
	return out
}

// confirmations returns an event for each payment.
func (h *History) confirmations(blocks map[block.Hash]*arrivals) (out []Event) {
	for _, id := range slices.SortedFunc(maps.Keys(h.Payments), compareHashes) {
		p := h.Payments[id]
		s := blocks[p.Block]
		switch {
		case p.Gone:
		case s != nil:
			out = append(out, Event{max(s.first.Sub(p.Entered), 0), false})
		case p.Block.IsZero():
			out = append(out, Event{h.Until.Sub(p.Entered), true})
		}
	}
	return out
}

func compareHashes(a, b block.Hash) int { return slices.Compare(a[:], b[:]) }
