package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) chainCommand() *cobra.Command {
	return asking(cli.Noun("chain", "Look at the chain: state, blocks, branches and reorganisations.",
		"toychain chain info\ntoychain chain tree --node n1\ntoychain chain reorgs",
		a.chainInfoCommand(), a.chainTipsCommand(), a.chainTreeCommand(), a.chainBlockCommand(), a.chainTxCommand(),
		a.chainReorgsCommand(), a.chainStaleCommand(), a.chainExportCommand(), a.chainImportCommand(), a.chainVerifyCommand(), a.chainReindexCommand()))
}

func (a *app) chainInfoCommand() *cobra.Command {
	return showNode(a, &cobra.Command{
		Use: "info", Short: "Show the tip of the chain, and how its difficulty moves.",
		Example: "toychain chain info\ntoychain chain info --node n2 --json",
		Args:    cli.NoArgs,
	}, func(ctx context.Context, n target, _ []string) (chainInfo, error) { return gatherInfo(ctx, n) }, a.printInfo)
}

func (a *app) chainTipsCommand() *cobra.Command {
	return showNode(a, &cobra.Command{
		Use: "tips", Short: "List the tips of all branches.",
		Example: "toychain chain tips",
		Args:    cli.NoArgs,
	}, func(ctx context.Context, n target, _ []string) ([]rpc.Tip, error) { return n.Tips(ctx) }, func(tips []rpc.Tip) error {
		t := cli.Table(a.Stdout)
		fmt.Fprintln(t, "height\thash and status")
		for _, tip := range tips {
			fmt.Fprintf(t, "%d\t%s\n\t%s: %s\n", tip.Height, tip.Hash, tip.Status, describeTip(tip))
		}
		return t.Flush()
	})
}

// describeTip returns what a tip's status means.
func describeTip(t rpc.Tip) string {
	long := cli.Plural(t.BranchLen, "block")
	switch t.Status {
	case "active":
		return "the best chain"
	case "valid-fork":
		return "a stale branch of " + long + ", once the best chain"
	case "valid-headers":
		return "a branch of " + long + ", never the best chain"
	case "headers-only":
		return "a branch of " + long + ", not all downloaded yet"
	case "invalid":
		return "a branch of " + long + " that breaks a rule"
	}
	return "a branch of " + long
}
