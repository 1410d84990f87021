package testnet

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"toychain/rpc"
	"toychain/rpc/server"
)

// Journal is what one node wrote down of its life.
type Journal struct {
	Node   string
	Tree   rpc.Tree    // every block that it knows, and when it came
	Reorgs []rpc.Reorg // the oldest first
	Silent string      // why it does not tell; "" if it does
}

// Journals returns the journal of each node: those that run are asked, the folders of
// those that do not are read. One that is paused, or has no chain yet, is silent.
func (t *Testnet) Journals(ctx context.Context) ([]Journal, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	out := make([]Journal, len(t.state.Nodes))
	err := eachIndex(t.state.names(), func(i int, name string) error {
		out[i].Node = name
		seen, runs := t.look(name)
		var err error
		switch {
		case runs && seen.paused:
			out[i].Silent = "paused"
		case runs:
			err = t.askJournal(ctx, &out[i])
		case t.state.Runner != nil: // its folder is somebody else's
			out[i].Silent = "it does not answer at " + t.node(name).RPC
		default:
			out[i].Tree, out[i].Reorgs, err = t.readFolder(ctx, name, true)
		}
		if err != nil {
			out[i] = Journal{Node: name, Silent: err.Error()}
		}
		return ctx.Err()
	})
	if err == nil && !slices.ContainsFunc(out, func(j Journal) bool { return j.Silent == "" }) {
		err = t.nobody(out[0].Silent)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journals: %w", err)
	}
	return out, nil
}

// nobody is the error when no node tells anything.
func (t *Testnet) nobody(why string) error {
	if r := t.state.Runner; r != nil {
		return fmt.Errorf("no node answers; %s runs them, and has to start them first", r.Name)
	}
	return fmt.Errorf("no node tells anything; the first because: %s", why)
}

// readFolder reads what a node that does not run left. It holds the testnet's lock: a
// node that somebody starts at the same time would find its database in use. If wait is
// false, it does not wait for another command that is at work.
func (t *Testnet) readFolder(ctx context.Context, name string, wait bool) (rpc.Tree, []rpc.Reorg, error) {
	unlock, err := lock(ctx, t.dir, wait)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	defer unlock()
	return server.ReadFolder(filepath.Join(t.node(name).Datadir, t.params.Name), t.params)
}

func (t *Testnet) askJournal(ctx context.Context, j *Journal) error {
	c, err := t.Client(j.Node)
	if err != nil {
		return err
	}
	// The journal first: a tip of it that the tree does not know yet would be odd.
	if j.Reorgs, err = c.Reorgs(ctx, 0); err != nil {
		return err
	}
	if j.Tree, err = c.Tree(ctx, 0); err != nil {
		return err
	}
	after, err := c.Reorgs(ctx, 0)
	if err == nil && len(after) != len(j.Reorgs) { // it moved meanwhile: what is asked next fits better
		j.Reorgs = after
		j.Tree, err = c.Tree(ctx, 0)
	}
	return err
}

// NetReorg is one move from a tip to another, and who made it when.
type NetReorg struct {
	rpc.Reorg          // TimeMS is the first node's
	Nodes     []MoveBy `json:"nodes"` // the first one first

	turns map[string]int // of each node's moves this is its so-many-th
}

// MoveBy says when a node made a move.
type MoveBy struct {
	Node   string `json:"node"`
	TimeMS int64  `json:"time_ms"`
}

// MergeReorgs puts the reorganisations of several nodes in the order of time. Nodes
// that went from the same tip to the same tip made the same move: the blocks decide
// what becomes of the payments. If one node makes it twice, these are two. Within a
// millisecond the order is that in which a node made them.
func MergeReorgs(journals []Journal) []NetReorg {
	out := []NetReorg{}
	for _, j := range journals {
		used := make(map[int]bool)
		for turn, r := range j.Reorgs {
			by := MoveBy{j.Node, r.TimeMS}
			i := slices.IndexFunc(out, func(o NetReorg) bool { return o.From == r.From && o.To == r.To })
			for i >= 0 && used[i] {
				next := slices.IndexFunc(out[i+1:], func(o NetReorg) bool { return o.From == r.From && o.To == r.To })
				if next < 0 {
					i = -1
					break
				}
				i += 1 + next
			}
			if i < 0 {
				i = len(out)
				out = append(out, NetReorg{Reorg: r, turns: map[string]int{}})
			}
			used[i] = true
			out[i].Nodes, out[i].turns[j.Node] = append(out[i].Nodes, by), turn
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i].Nodes, func(a, b MoveBy) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
		out[i].TimeMS = out[i].Nodes[0].TimeMS
	}
	slices.SortStableFunc(out, func(a, b NetReorg) int { return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), a.inTurn(b)) })
	return out
}

// inTurn compares two moves by which of them a node made first that made both.
func (r NetReorg) inTurn(o NetReorg) int {
	for _, n := range r.Nodes {
		if turn, both := o.turns[n.Node]; both {
			return cmp.Compare(r.turns[n.Node], turn)
		}
	}
	return 0
}
