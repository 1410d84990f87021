package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"toychain/chain"
	"toychain/store"
)

// chainReindexCommand works on a folder that no node has open.
func (a *app) chainReindexCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reindex", Short: "Rebuild what a stopped node keeps from the blocks that it has.",
		Example: "toychain chain reindex",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := namedNetwork(a.global.network)
			if err != nil {
				return err
			}
			return a.reindex(cmd.Context(), filepath.Join(a.networkDir(p), "chain"), p)
		},
	}
}

// reindex rebuilds a database. An interrupt ends the program in the middle of it,
// which loses nothing: the old one is replaced at the very end.
func (a *app) reindex(ctx context.Context, dir string, p *chain.Params) error {
	type outcome struct {
		made store.Rebuilt
		err  error
	}
	var done, total atomic.Int64
	ended := make(chan outcome, 1)
	go func() {
		made, err := store.Reindex(dir, p, func(d, t int) { done.Store(int64(d)); total.Store(int64(t)) })
		ended <- outcome{made, err}
	}()
	line := a.progress()
	defer line.clear()
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for {
		select {
		case o := <-ended:
			line.clear()
			if errors.Is(o.err, fs.ErrNotExist) {
				return fmt.Errorf("no node ever kept the network %s in %s: choose its --datadir or --network", p.Name, a.global.datadir)
			}
			if o.err == nil {
				a.printRebuilt(o.made)
			}
			return o.err
		case <-tick.C:
			line.show("block %s of %s", count(done.Load()), count(total.Load()))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *app) printRebuilt(r store.Rebuilt) {
	fmt.Fprintf(a.stdout, "rebuilt: height %s, tip %s, from %s\n", count(r.Tip.Height), r.Tip.Hash, plural(r.Blocks, "block"))
	for _, what := range r.Unread {
		fmt.Fprintln(a.stderr, "could not be read:", what)
	}
	if len(r.Lost) > 0 {
		fmt.Fprintf(a.stderr, "%s could not be saved; the node will ask its peers for them\n", plural(len(r.Lost), "block"))
	}
	if r.Kept != "" {
		fmt.Fprintln(a.stderr, "the damaged folder is kept in", r.Kept)
	}
}
