package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// nameCompletion adds cobra's "completion" commands, with examples.
func nameCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.Short, cmd.Example = "Teach your shell to complete commands.", "toychain completion bash --help"
	for _, shell := range cmd.Commands() {
		shell.Short = "Print the completion script for " + shell.Name() + "."
		shell.Example = shell.CommandPath()
	}
}

// completeGlobals teaches the shell what the global flags may be.
func (a *app) completeGlobals(root *cobra.Command) {
	cli.Complete(root, "color", func() []string { return []string{"auto", "always", "never"} })
	cli.Complete(root, "node", func() []string {
		if a.findDatadir() != nil {
			return nil
		}
		t, err := a.openTestnet()
		if err != nil {
			return nil
		}
		return t.Names()
	})
	cli.CompleteOrFile(root, "network", "toy", "regtest", "main")
}

// completeWallets teaches the shell the names of the wallets that there are.
func (a *app) completeWallets(cmd *cobra.Command) {
	cli.Complete(cmd, "wallet", func() []string {
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
