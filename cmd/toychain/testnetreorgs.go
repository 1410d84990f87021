package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet/history"
)

func (a *app) testnetReorgsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reorgs", Short: "Tell of every reorganisation of all nodes, in the order of time.",
		Example: "toychain testnet reorgs\ntoychain testnet reorgs --json",
		Long: `Tell of every reorganisation of all nodes, in the order of time: who went through
it and when, from which tip to which, and what became of the payments. Nodes that went
from the same tip to the same tip are told of together. The folders of nodes that do
not run are read.`,
		Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		journals, err := t.Journals(cmd.Context())
		if err != nil {
			return err
		}
		all := history.MergeReorgs(journals)
		for _, j := range journals {
			if j.Silent != "" {
				fmt.Fprintf(a.Stderr, "%s does not tell, and is left out: %s\n", j.Node, j.Silent)
			}
		}
		if *asJSON {
			return a.PrintJSON(all)
		}
		if len(all) == 0 {
			fmt.Fprintln(a.Stdout, "none: no block ever left any node's chain")
		}
		for i := range all {
			a.printReorg(&all[i].Reorg, momentAmong(all, i)+"  "+movers(&all[i]))
		}
		return nil
	}
	return cmd
}

// momentAmong returns when a move was made: to the millisecond, if another one was made
// in the same second.
func momentAmong(all []history.NetReorg, i int) string {
	same := func(j int) bool {
		return j >= 0 && j < len(all) && moment(all[j].TimeMS) == moment(all[i].TimeMS)
	}
	if same(i-1) || same(i+1) {
		return fmt.Sprintf("%s.%03d", moment(all[i].TimeMS), all[i].TimeMS%1000)
	}
	return moment(all[i].TimeMS)
}

// movers lists who made a move, and how much later than the first one.
func movers(r *history.NetReorg) string {
	var out []string
	for i, n := range r.Nodes {
		if i == 0 {
			out = append(out, n.Node)
			continue
		}
		out = append(out, fmt.Sprintf("%s +%d ms", n.Node, n.TimeMS-r.TimeMS))
	}
	return strings.Join(out, ", ")
}
