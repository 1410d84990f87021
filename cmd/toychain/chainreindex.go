package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/spf13/cobra"

	"toychain/chain"
	"toychain/cmd/internal/cli"
	"toychain/store"
)

// chainReindexCommand works on a database that no node has open.
func (a *app) chainReindexCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reindex", Short: "Rebuild a stopped node's database from the blocks in it.",
		Example: "toychain chain reindex\ntoychain chain reindex --node n2",
		Long: `Rebuild a stopped node's database (its coins, undo data and indexes) from the blocks in
it. The database is that of --datadir and --network, or with --node that of a node of
the testnet.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"rpc", "cookie", "rpc-user", "rpc-password"} {
				if a.typed[name] {
					return cli.Usagef("--%s: reindex connects to no node: name a directory with --datadir, or a testnet's node with --node", name)
				}
			}
			if a.typed["datadir"] && !a.typed["node"] {
				a.global.node = "" // the typed directory is meant, not the node of TOYCHAIN_NODE
			}
			k, err := a.dataDir()
			if err != nil {
				return err
			}
			var made store.Rebuilt
			// An interrupt loses nothing: the old database is replaced at the end.
			err = slowly(cmd.Context(), a.Progress(), func(progress func(done, total int)) (err error) {
				made, err = store.Reindex(k.folder(), k.params, chain.NewVerifier(chain.CachedP2PKH()), progress)
				return err
			})
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("no node has stored the network %s in %s: choose another --datadir or --network", k.params.Name, k.datadir)
			}
			if err == nil {
				a.printRebuilt(made)
			}
			return a.atRest(err)
		},
	}
}

// slowly runs work on a database and shows its progress in blocks. If ctx ends first, it
// returns in the middle of the work, and so the program ends.
func slowly(ctx context.Context, line *cli.Progress, work func(progress func(done, total int)) error) error {
	var done, total atomic.Int64
	defer line.Clear()
	return cli.During(ctx, func() {
		d, t := done.Load(), total.Load()
		if t == 0 {
			line.Show("%s blocks read  %s", cli.Count(d), line.Rate(int(d)))
			return
		}
		line.Show("%s of %s blocks  %s  %d %%", cli.Count(d), cli.Count(t), line.Rate(int(d)), 100*d/t)
	}, func() error {
		return work(func(d, t int) { done.Store(int64(d)); total.Store(int64(t)) })
	})
}

func (a *app) printRebuilt(r store.Rebuilt) {
	fmt.Fprintf(a.Stdout, "rebuilt: height %s, tip %s, from %s\n", cli.Count(r.Tip.Height), r.Tip.Hash, cli.Plural(r.Blocks, "block"))
	for _, what := range r.Unread {
		fmt.Fprintln(a.Stderr, "could not be read:", what)
	}
	if len(r.Lost) > 0 {
		fmt.Fprintf(a.Stderr, "%s could not be saved; the node will ask its peers for them\n", cli.Plural(len(r.Lost), "block"))
	}
	if r.Kept != "" {
		fmt.Fprintln(a.Stderr, "the damaged database is kept in", r.Kept)
	}
}
