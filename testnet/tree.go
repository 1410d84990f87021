package testnet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"toychain/block"
	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/testnet/draw"
)

// Outline returns what is near the tips and forks of the tree that Tree returns, and so what
// a drawing of it shows. It asks the nodes for no more, whatever the size of the tree.
func (t *Testnet) Outline(ctx context.Context, from block.Height) (in draw.Tree, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	names := t.state.names()
	runs := make([]bool, len(names))
	asks := make([]draw.Ask, len(names))
	dirs := &openDirs{t: t, from: from, open: make(map[string]*server.Directory)}
	defer func() { err = errors.Join(err, dirs.close()) }()
	for i, name := range names {
		seen, up := t.look(name)
		runs[i] = up
		switch {
		case up && seen.paused:
			asks[i] = func(context.Context, []block.Height) (rpc.Tree, error) { return rpc.Tree{}, errors.New("paused") }
		case up || t.state.Runner != nil: // the directory of an external node is not ours
			asks[i] = func(ctx context.Context, heights []block.Height) (rpc.Tree, error) {
				c, err := t.Client(name)
				if err != nil {
					return rpc.Tree{}, err
				}
				return c.Outline(ctx, from, heights)
			}
		default:
			asks[i] = func(ctx context.Context, heights []block.Height) (rpc.Tree, error) {
				return dirs.outline(ctx, name, heights)
			}
		}
	}
	trees, errs := draw.Gather(ctx, asks)
	if err := ctx.Err(); err != nil {
		return draw.Tree{}, fmt.Errorf("tree: %w", err)
	}
	var running, stopped []draw.View
	var silent []string
	for i, name := range names {
		switch view := (draw.View{Node: name, Tree: trees[i]}); {
		case errs[i] != nil:
			silent = append(silent, name)
		case runs[i] || t.state.Runner != nil:
			running = append(running, view)
		default:
			stopped = append(stopped, view)
		}
	}
	if len(silent) == len(names) && t.state.Runner != nil {
		return draw.Tree{}, fmt.Errorf("tree: %w", t.errNoAnswer())
	}
	in = draw.Merge(append(running, stopped...))
	in.Silent = silent
	in.Tips, in.LastTips = in.Tips[:len(running)], in.Tips[len(running):]
	return in, nil
}

// openDirs are the directories of stopped nodes, opened when they are first asked for. While one is
// open the testnet's lock is held: a node started at the same time would find its database in use.
type openDirs struct {
	t    *Testnet
	from block.Height

	mu     sync.Mutex
	unlock func()
	open   map[string]*server.Directory
}

func (d *openDirs) outline(ctx context.Context, name string, heights []block.Height) (rpc.Tree, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unlock == nil {
		d.t.reading.Lock()
		unlock, err := lock(ctx, d.t.dir, false, d.t.say)
		if err != nil {
			d.t.reading.Unlock()
			return rpc.Tree{}, err
		}
		d.unlock = func() { unlock(); d.t.reading.Unlock() }
	}
	if d.open[name] == nil {
		dir, err := server.OpenDirectory(filepath.Join(d.t.node(name).Datadir, d.t.params.Name), d.t.params)
		if err != nil {
			return rpc.Tree{}, err
		}
		d.open[name] = dir
	}
	return d.open[name].Outline(d.from, heights)
}

func (d *openDirs) close() (err error) {
	for _, dir := range d.open {
		err = errors.Join(err, dir.Close())
	}
	if d.unlock != nil {
		d.unlock()
	}
	return err
}

// Seen is the state of a testnet's trees that Changed compares with.
type Seen struct {
	seqs map[string]int64 // 0: the node does not answer
}

// Changed reports whether something about the nodes' trees, or which nodes answer, may have
// changed since it was last called with the same Seen.
func (t *Testnet) Changed(ctx context.Context, seen *Seen) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	names := t.state.names()
	seqs := make([]int64, len(names))
	_ = each(names, func(i int, name string) error {
		if at, up := t.look(name); !up || at.paused {
			return nil
		}
		if c, err := t.Client(name); err == nil { // a node that does not answer is at 0
			news, _ := c.TreeSince(ctx, seen.seqs[name])
			seqs[i] = news.Seq
		}
		return nil
	})
	changed := seen.seqs == nil
	next := make(map[string]int64, len(names))
	for i, name := range names {
		next[name] = seqs[i]
		changed = changed || seqs[i] != seen.seqs[name]
	}
	seen.seqs = next
	return changed
}
