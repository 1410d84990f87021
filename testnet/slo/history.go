package slo

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// Era is a time during which nothing was done to the network.
type Era struct {
	From   time.Time
	Groups [][]string      // who can reach whom, directly or not; none: everybody everybody
	Away   map[string]bool // nodes that do not run, or are paused
}

// together reports whether two nodes are there and may talk.
func (e *Era) together(a, b string) bool {
	of, one := e.group(a)
	with, other := e.group(b)
	return one && other && of == with
}

// group returns in which group a node is, false if it is away or in none.
func (e *Era) group(node string) (int, bool) {
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

// Payment is what became of a payment.
type Payment struct {
	Entered time.Time  // the first pool
	Block   block.Hash // that holds it in the history that counts; zero: none
	Gone    bool       // no pool has it, and no block
}

// History is what the nodes know, and what was done to them.
type History struct {
	From, Until time.Time
	Eras        []Era  // the oldest first; the first begins no later than From
	Heals       []Heal // the oldest first
	Nodes       []Chronicle
	Payments    map[block.Hash]Payment
}

// Chronicle is what one node wrote down.
type Chronicle struct {
	Node   string
	Tree   rpc.Tree
	Reorgs []rpc.Reorg
	Unsure bool // its times say nothing, but what it has does
	Gone   bool // it does not run: what it has counts, where it stands does not
}

// sight is what all nodes know of a block.
type sight struct {
	born    time.Time            // when the first of them had it
	at      string               // who that was
	arrived map[string]time.Time // by node; those that have its body only
	active  bool                 // some node has it in its history
}

// Observe reads the events out of a history. Availability is not in it.
func (h *History) Observe() Observations {
	sights := h.sights()
	out := Observations{Timed: map[Kind][]Event{}}
	for _, hash := range sortedHashes(sights) {
		s := sights[hash]
		if s.born.Before(h.From) || s.born.After(h.Until) {
			continue
		}
		out.Blocks++
		if !s.active {
			out.Stale++
		}
		out.Timed[Propagation] = append(out.Timed[Propagation], h.propagation(s)...)
	}
	out.Timed[Agreement] = h.agreements()
	out.Timed[Confirmation] = h.confirmations(sights)
	return out
}

// sights merges the nodes' trees. Genesis is no block of anybody's, and invalid ones
// are none either.
func (h *History) sights() map[block.Hash]*sight {
	all := map[block.Hash]*sight{}
	for _, n := range h.Nodes {
		for i := range n.Tree.Blocks {
			b := &n.Tree.Blocks[i]
			if b.Height == 0 || b.Txs == 0 || b.Status == "invalid" {
				continue
			}
			s := all[b.Hash]
			if s == nil {
				s = &sight{arrived: map[string]time.Time{}}
				all[b.Hash] = s
			}
			s.active = s.active || b.Status == "active" && !n.Gone
			if n.Unsure {
				continue
			}
			at := arrival(b)
			s.arrived[n.Node] = at
			if s.at == "" || at.Before(s.born) {
				s.born, s.at = at, n.Node
			}
		}
	}
	return all
}

// arrival returns when a node had a block and all before it. Of a time before nodes
// wrote that down only the arrival of its header is known.
func arrival(b *rpc.TreeBlock) time.Time {
	if b.CompleteMS > 0 {
		return time.UnixMilli(b.CompleteMS)
	}
	return time.UnixMilli(b.ReceivedMS)
}

// propagation returns an event for each other node that could have had the block.
func (h *History) propagation(s *sight) (out []Event) {
	for _, n := range h.Nodes {
		if n.Node == s.at || n.Unsure {
			continue
		}
		at, there := s.arrived[n.Node]
		until := at
		if !there {
			until = h.Until
		}
		if !h.together(s.at, n.Node, s.born, until) || !there && (!s.active || h.crashed(&n)) {
			continue
		}
		out = append(out, Event{until.Sub(s.born), !there})
	}
	return out
}

// together reports whether two nodes could talk all the time.
func (h *History) together(a, b string, from, until time.Time) bool {
	for i := range h.Eras {
		e := &h.Eras[i]
		over := i+1 < len(h.Eras) && !h.Eras[i+1].From.After(from)
		if !over && !e.From.After(until) && !e.together(a, b) {
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

// agreement follows the nodes' tips until those that are not away stand on the same.
// That can change only when a tip moves or an era begins.
func (h *History) agreement(moves []move, from, until time.Time) Event {
	tips := map[string]block.Hash{}
	moments := []time.Time{from}
	for _, m := range moves {
		if m.at.After(from) && !m.at.After(until) {
			moments = append(moments, m.at)
		}
	}
	for _, e := range h.Eras {
		if e.From.After(from) && !e.From.After(until) {
			moments = append(moments, e.From)
		}
	}
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

// agreed reports whether all that are not away, and can reach each other, stand on one
// tip.
func (h *History) agreed(tips map[string]block.Hash, now time.Time) bool {
	era := &Era{}
	for i := range h.Eras {
		if !h.Eras[i].From.After(now) {
			era = &h.Eras[i]
		}
	}
	of := map[int]block.Hash{} // by group
	for i := range h.Nodes {
		n := &h.Nodes[i]
		g, ok := era.group(n.Node)
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

// crashed reports whether a node is gone, and nobody took it away: since when is not known.
func (h *History) crashed(n *Chronicle) bool {
	return n.Gone && (len(h.Eras) == 0 || !h.Eras[len(h.Eras)-1].Away[n.Node])
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

// moves reads a node's tips out of its tree and its journal: a block that came as the
// next of its chain was the tip when it came, one that a reorganisation brought was
// not, but where the reorganisation ended was.
func (n *Chronicle) moves() (out []move) {
	brought := map[block.Hash]bool{} // by a reorganisation, before any took it away
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

// confirmations returns an event for each payment that entered while we looked.
func (h *History) confirmations(sights map[block.Hash]*sight) (out []Event) {
	for _, id := range slices.SortedFunc(maps.Keys(h.Payments), compareHashes) {
		p := h.Payments[id]
		s := sights[p.Block]
		switch {
		case p.Gone:
		case s != nil:
			out = append(out, Event{max(s.born.Sub(p.Entered), 0), false})
		case p.Block.IsZero():
			out = append(out, Event{h.Until.Sub(p.Entered), true})
		}
	}
	return out
}

func compareHashes(a, b block.Hash) int { return slices.Compare(a[:], b[:]) }

func sortedHashes(m map[block.Hash]*sight) []block.Hash {
	return slices.SortedFunc(maps.Keys(m), compareHashes)
}

// sortedNames returns the names of nodes, n2 before n10.
func sortedNames[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
}
