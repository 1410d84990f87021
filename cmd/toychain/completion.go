package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// completeGlobals teaches the shell what the global flags may be.
func (a *app) completeGlobals(root *cobra.Command) {
	complete(root, "color", func() []string { return []string{"auto", "always", "never"} })
	complete(root, "node", func() []string {
		if a.findDatadir() != nil {
			return nil
		}
		t, err := a.openTestnet()
		if err != nil {
			return nil
		}
		return t.Names()
	})
	must(root.RegisterFlagCompletionFunc("network", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []string{"toy", "regtest", "main"}, cobra.ShellCompDirectiveDefault // or a file
	}))
}

// completeWallets teaches the shell the names of the wallets that there are.
func (a *app) completeWallets(cmd *cobra.Command) {
	complete(cmd, "wallet", func() []string {
		p, err := a.network()
		if a.findDatadir() != nil || err != nil {
			return nil
		}
		files, _ := filepath.Glob(filepath.Join(a.networkDir(p), "wallets", "*.json")) // no bad pattern
		var names []string
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
		}
		return names
	})
}

// complete registers what a flag may be. The environment counts, as it does later.
func complete(cmd *cobra.Command, flag string, values func() []string) {
	must(cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		for _, name := range []string{"datadir", "network", "dir"} {
			if v := os.Getenv(envName(name)); v != "" && !cmd.Flags().Changed(name) {
				cmd.Flags().Set(name, v)
			}
		}
		return values(), cobra.ShellCompDirectiveNoFileComp
	}))
}

// must stops at a slip in this program.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
