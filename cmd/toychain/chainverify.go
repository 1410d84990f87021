package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"toychain/chain"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
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
		Long: `Look for damage. A node that runs judges the blocks of its best chain again. If none
runs, its folder is read instead, and everything in it: every key, every block of
every branch, every signature, and whether the coins are what a replay from genesis
makes. What does not fit is named, and the command that puts it right.`,
	}
	blocks := cmd.Flags().Int("blocks", 0, "only the last `N` blocks; 0: all")
	var c checked
	cmd.PostRunE = func(*cobra.Command, []string) error {
		if c.Valid {
			return nil
		}
		return fmt.Errorf("what the node keeps is damaged: stop the node if it runs, then rebuild it from the blocks it holds with: %s", a.remedy())
	}
	return show(a, cmd, nothing, func(ctx context.Context, _ struct{}, _ []string) (checked, error) {
		if *blocks < 0 {
			return c, cli.Usagef("--blocks %d: want 0 or more", *blocks)
		}
		n, err := a.dial()
		if err == nil {
			c.Valid, err = rpc.VerifyChain.Call(ctx, n.Client, rpc.VerifyChainArgs{Blocks: blocks})
		}
		if errors.Is(err, rpc.ErrUnreachable) && !a.typed["rpc"] {
			c, err = a.verifyDatabase(ctx, *blocks, err)
		} else if err == nil && !c.Valid {
			c.Findings = []string{"the node's log names the first bad block; stop the node, and verify names all"}
		}
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

// verifyDatabase checks the database of a node that does not run. unreachable is the error
// if there is none.
func (a *app) verifyDatabase(ctx context.Context, blocks int, unreachable error) (checked, error) {
	k, err := a.dataDir()
	if err != nil {
		return checked{}, unreachable
	}
	if _, err := os.Stat(k.folder()); err != nil {
		return checked{}, unreachable
	}
	var c checked
	err = slowly(ctx, a.Progress(), func(progress func(done, total int)) error {
		db, err := store.Open(k.folder(), k.params)
		if err != nil {
			return err
		}
		c.Findings, err = db.Verify(chain.NewVerifier(chain.CachedP2PKH()), blocks, progress)
		return errors.Join(err, db.Close())
	})
	if a.global.node != "" && errors.Is(err, store.ErrInUse) {
		err = unreachable // which says that the node is paused
	}
	c.Valid = len(c.Findings) == 0
	return c, remedied(err, k.network)
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
