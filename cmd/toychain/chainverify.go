package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"toychain/chain"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/internal/curve"
	"toychain/network"
	"toychain/rpc"
	"toychain/store"
)

// checked is what a look for damage found.
type checked struct {
	Valid    bool     `json:"valid"`
	Findings []string `json:"findings,omitempty"` // what does not fit, a sentence each
}

func (a *app) chainVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Check a node's database for damage.",
		Example: "toychain chain verify\ntoychain chain verify --blocks 100",
		Long: `Look for damage. A node that runs judges the blocks of its best chain again. If no
node has its directory open, the directory is read instead, and everything in it: every
key, every block of every branch, every signature, and whether the coins are what a
replay from genesis makes. What does not fit is named, and the command that puts it
right. Unless the command line names the node or the directory, stderr says which it was.`,
	}
	blocks := cmd.Flags().Int("blocks", 0, "only the last `N` blocks; 0: all")
	var c checked
	cmd.PostRunE = func(*cobra.Command, []string) error {
		if c.Valid {
			return nil
		}
		return fmt.Errorf("what the node keeps is damaged: stop the node if it runs, then rebuild it from the blocks it holds with: %s", a.remedy())
	}
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (_ checked, err error) {
		if *blocks < 0 {
			return c, cli.Usagef("--blocks %d: want 0 or more", *blocks)
		}
		c, err = a.verify(ctx, *blocks)
		return c, err
	}, func(w io.Writer, c checked) {
		if c.Valid {
			fmt.Fprintln(w, "all good")
		}
		for _, f := range c.Findings {
			fmt.Fprintln(w, f)
		}
	})
}

// verify checks the database that the flags name, or calls the node that has it open. A
// node that the environment or the file of settings names is called first.
func (a *app) verify(ctx context.Context, blocks int) (c checked, err error) {
	a.preferDir()
	k, err := a.dataDir()
	if err == nil {
		_, err = os.Stat(k.folder())
	}
	stopped := err == nil && !a.typed["rpc"] && !store.InUse(k.folder())
	if stopped && a.global.rpc == "" {
		return a.verifyDatabase(ctx, k, blocks)
	}
	n, err := a.dial()
	if err == nil {
		c.Valid, err = rpc.VerifyChain.Call(ctx, n.Client, rpc.VerifyChainArgs{Blocks: &blocks})
	}
	switch {
	case stopped && errors.Is(err, rpc.ErrUnreachable):
		return a.verifyDatabase(ctx, k, blocks)
	case err == nil && !c.Valid:
		c.Findings = []string{"the node's log names the first bad block; stop the node, and verify names all"}
	}
	if err == nil {
		a.sayWhich("the node at", a.asked)
	}
	return c, err
}

// preferDir makes a typed --datadir count more than a node that the environment or the
// file of settings names.
func (a *app) preferDir() {
	if a.typed["datadir"] && !a.typed["node"] && !a.typed["rpc"] {
		a.global.node, a.global.rpc = "", ""
	}
}

// sayWhich writes to stderr which node or directory a command is about, if the command line
// names neither.
func (a *app) sayWhich(what, name string) {
	if !a.typed["rpc"] && !a.typed["node"] && !a.typed["datadir"] {
		fmt.Fprintln(a.Stderr, what, name)
	}
}

// verifyDatabase checks the database of a node that does not run.
func (a *app) verifyDatabase(ctx context.Context, k dataDir, blocks int) (c checked, err error) {
	a.sayWhich("the directory", filepath.Dir(k.folder()))
	defer leanly()()
	err = slowly(ctx, a.Progress(), func(progress func(done, total int)) error {
		db, err := store.Open(k.folder(), k.params)
		if err != nil {
			return err
		}
		c.Findings, err = db.Verify(chain.NewVerifier(curve.P2PKH()), blocks, progress)
		return errors.Join(err, db.Close())
	})
	c.Valid = len(c.Findings) == 0
	return c, remedied(err, k.network)
}

// leanly has memory collected when it has grown by a quarter, and not when it has doubled, until the function
// that it returns is called: a check or a rebuild of a whole chain may run beside nodes. GOGC in
// the environment counts more.
func leanly() (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(25)
	return func() { debug.SetGCPercent(before) }
}

// remedy returns the command that rebuilds the database that the flags name.
func (a *app) remedy() string {
	if a.global.node != "" {
		return "toychain chain reindex --node " + store.Quote(a.global.node) + " --dir " + store.Quote(a.testnetFolder())
	}
	return "toychain chain reindex --network " + store.Quote(a.global.network) + " --datadir " + store.Quote(a.global.datadir)
}

// remedied completes the command in package store's error for damage, which does not know
// the file that describes a network.
func remedied(err error, network string) error {
	if !errors.Is(err, store.ErrDamaged) {
		return err
	}
	if _, preset := consensus.Preset(network); preset {
		return err
	}
	return &userError{strings.Replace(err.Error(), "--network FILE", "--network "+store.Quote(network), 1), err}
}

// chainReindexCommand works on a database that no node has open.
func (a *app) chainReindexCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reindex", Short: "Rebuild a stopped node's database from the blocks in it.",
		Example: "toychain chain reindex\ntoychain chain reindex --node n2",
		Long: `Rebuild a stopped node's database (its coins, undo data and indexes) from the blocks in
it. The database is that of --datadir and --network, or with --node that of a node of
the testnet.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.preferDir()
			k, err := a.dataDir()
			if err != nil {
				return err
			}
			a.sayWhich("the directory", filepath.Dir(k.folder()))
			var made store.Rebuilt
			defer leanly()()
			// An interrupt loses nothing: the old database is replaced at the end.
			err = slowly(cmd.Context(), a.Progress(), func(progress func(done, total int)) (err error) {
				made, err = store.Reindex(k.folder(), k.params, chain.NewVerifier(curve.P2PKH()), progress)
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

// dataDir is the data of a node that does not run, for commands that open it.
type dataDir struct {
	params           *consensus.Params
	network, datadir string // the flags of "node run"
}

// folder returns the path of the database.
func (k dataDir) folder() string { return filepath.Join(k.datadir, k.params.Name, "chain") }

// dataDir returns the data that the flags name: that of --datadir, or with --node that of
// a node of the testnet.
func (a *app) dataDir() (dataDir, error) {
	if a.global.node == "" {
		if a.typed["dir"] {
			return dataDir{}, a.whichNode()
		}
		p, err := network.Load(a.global.network)
		return dataDir{p, a.global.network, a.global.datadir}, err
	}
	t, n, err := a.namedNode()
	if err != nil {
		return dataDir{}, err
	}
	if r := t.Orchestrator(); r != nil {
		return dataDir{}, fmt.Errorf("%s runs %s: its data is there, not here", r.Name, n.Name)
	}
	return dataDir{t.Params(), t.File().Network, n.Datadir}, nil
}

// atRest adds to the error of opening a database how to stop the testnet's node that has
// it open.
func (a *app) atRest(err error) error {
	if a.global.node == "" || !errors.Is(err, store.ErrInUse) {
		return err
	}
	return &userError{fmt.Sprintf("%s runs (%v): end it first, with: toychain testnet kill %s --dir %s",
		a.global.node, store.ErrInUse, a.global.node, store.Quote(a.testnetFolder())), err}
}
