package testnet

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/testnet/history"
)

// Journals returns the journal of each node: those that run are asked, the folders of
// those that do not are read. One that is paused, or has no chain yet, is silent.
func (t *Testnet) Journals(ctx context.Context) ([]history.Journal, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	out := make([]history.Journal, len(t.state.Nodes))
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
			out[i] = history.Journal{Node: name, Silent: err.Error()}
		}
		return ctx.Err()
	})
	if err == nil && !slices.ContainsFunc(out, func(j history.Journal) bool { return j.Silent == "" }) {
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

func (t *Testnet) askJournal(ctx context.Context, j *history.Journal) error {
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
