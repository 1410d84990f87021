package testnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/testnet/draw"
	"toychain/testnet/history"
)

// note adds a line to events.jsonl: what was done since begun, and how it failed.
func (t *Testnet) note(begun time.Time, verb string, args []string, failed error) error {
	a := history.Action{TimeMS: begun.UnixMilli(), TookMS: time.Since(begun).Milliseconds(), Verb: verb, Args: append([]string{}, args...)}
	if failed != nil {
		a.Error = failed.Error()
		_, a.Undone = errors.AsType[undone](failed)
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	path := filepath.Join(t.dir, eventsFile)
	if before, _ := os.ReadFile(path); len(before) > 0 && before[len(before)-1] != '\n' {
		line = append([]byte("\n"), line...) // a power failure left half a line: it must not take this one with it
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n')) // one write: a line is there or it is not
	return errors.Join(err, f.Close())
}

// Actions returns everything that was done to the testnet, the oldest first. Lines that a power
// failure tore are skipped, which is said (see Notify). The directory of an earlier version has no
// events.jsonl: then there are none.
func (t *Testnet) Actions() (out []history.Action, err error) {
	path := filepath.Join(t.dir, eventsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for n, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		var a history.Action
		if json.Unmarshal(line, &a) != nil {
			t.say(fmt.Sprintf("%s: line %d is torn and was skipped", path, n+1))
			continue
		}
		out = append(out, a)
	}
	return out, err
}

// Journals returns the journal of each node. Nodes that run are called; of the others the
// data directory is read. A node that is paused, or has no chain yet, is Silent.
func (t *Testnet) Journals(ctx context.Context) ([]history.Journal, error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second) // it reads everything
	defer cancel()
	out, err := t.journals(ctx, 0, true)
	if err == nil && !slices.ContainsFunc(out, func(j history.Journal) bool { return j.Silent == "" }) {
		err = fmt.Errorf("no node has a journal that can be read; the first because: %s", out[0].Silent)
		if t.state.Runner != nil {
			err = t.errNoAnswer()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journals: %w", err)
	}
	return out, nil
}

// journals returns the journals with the blocks from a height on. If wait is false, it does
// not wait for another command that holds the testnet's lock.
func (t *Testnet) journals(ctx context.Context, from block.Height, wait bool) ([]history.Journal, error) {
	out := make([]history.Journal, len(t.state.Nodes))
	err := each(t.state.names(), func(i int, name string) error {
		j := &out[i]
		seen, runs := t.look(name)
		var err error
		switch {
		case runs && seen.paused:
			j.Silent = "paused"
		case runs:
			j.Tree, j.Reorgs, err = t.callJournal(ctx, name, from)
		case t.state.Runner != nil: // its directory is not ours
			j.Silent = "it does not answer at " + t.node(name).RPC
		default:
			j.Tree, j.Reorgs, err = t.readDir(ctx, name, wait)
			j.Tree.Blocks = slices.DeleteFunc(j.Tree.Blocks, func(b rpc.TreeBlock) bool { return b.Height < from })
		}
		if err != nil {
			*j = history.Journal{Silent: err.Error()}
		}
		j.Node = name
		return ctx.Err()
	})
	return out, err
}

// Tree returns the blocks that the nodes know from a height on, as one tree. Blocks that
// only stopped nodes knew are in the tree too, and their last tips.
func (t *Testnet) Tree(ctx context.Context, from block.Height) (draw.Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	journals, err := t.journals(ctx, from, false)
	if err != nil {
		return draw.Tree{}, fmt.Errorf("tree: %w", err)
	}
	var running, stopped []draw.View
	var silent []string
	for _, j := range journals {
		switch view := (draw.View{Node: j.Node, Tree: j.Tree}); {
		case j.Silent != "":
			silent = append(silent, j.Node)
		case t.Runs(j.Node):
			running = append(running, view)
		default:
			stopped = append(stopped, view)
		}
	}
	if len(silent) == len(journals) && t.state.Runner != nil {
		return draw.Tree{}, fmt.Errorf("tree: %w", t.errNoAnswer())
	}
	in := draw.Merge(append(running, stopped...))
	in.Silent = silent
	in.Tips, in.LastTips = in.Tips[:len(running)], in.Tips[len(running):]
	return in, nil
}

// readDir reads what a node that does not run has stored. It holds the testnet's lock: a
// node started at the same time would find its database in use.
func (t *Testnet) readDir(ctx context.Context, name string, wait bool) (rpc.Tree, []rpc.Reorg, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	unlock, err := lock(ctx, t.dir, wait, t.say)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	defer unlock()
	return server.ReadDirectory(filepath.Join(t.node(name).Datadir, t.params.Name), t.params)
}

func (t *Testnet) callJournal(ctx context.Context, name string, from block.Height) (tree rpc.Tree, reorgs []rpc.Reorg, err error) {
	c, err := t.Client(name)
	if err != nil {
		return tree, nil, err
	}
	// The reorganisations first: one of them must not end in a tip that the tree lacks.
	if reorgs, err = c.Reorgs(ctx, 0); err != nil {
		return tree, nil, err
	}
	if tree, err = c.Tree(ctx, from); err != nil {
		return tree, nil, err
	}
	after, err := c.Reorgs(ctx, 0)
	if err == nil && len(after) != len(reorgs) { // another one meanwhile
		tree, err = c.Tree(ctx, from)
	}
	return tree, after, err
}
