package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

// trackedTx is what "chain tx --json" prints.
type trackedTx struct {
	rpc.Tx
	History rpc.TxHistory `json:"history"`
}

func (a *app) chainTxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tx TXID", Short: "Follow a transaction through every branch.",
		Example: "toychain chain tx TXID\ntoychain chain tx TXID --node n1 --json",
		Long: `Follow a transaction through every branch: the coins that it spends and creates,
where it is now, what happened to it in each reorganisation, which blocks contain it,
which transactions conflict with it, and which spend the coins that it created.`,
		Args: cli.Args(1, 1, "TXID, 64 hex digits"),
	}
	raw := cmd.Flags().Bool("raw", false, "print its bytes, in hex")
	return showNode(a, cmd, func(ctx context.Context, n target, given []string) (tx trackedTx, err error) {
		id, err := block.ParseHash(given[0])
		if err != nil {
			return tx, cli.Usagef("%q is not a txid: want 64 hex digits", given[0])
		}
		tx.Tx, err = n.Tx(ctx, id)
		if no := (*rpc.Error)(nil); errors.As(err, &no) && no.Code == rpc.CodeInvalidAddress {
			return tx, &userError{fmt.Sprintf("this node does not know %s: ask another with --node", id), err}
		}
		if err != nil {
			return tx, err
		}
		tx.History, err = rpc.GetTxHistory.Call(ctx, n.Client, rpc.TxArg{TxID: id})
		return tx, err
	}, func(tx trackedTx) error {
		if *raw {
			_, err := fmt.Fprintln(a.Stdout, tx.Hex)
			return err
		}
		printTx(a.Stdout, &tx.Tx)
		fmt.Fprintf(a.Stdout, "  %s\n", a.fateOf(&tx.Tx, &tx.History))
		return a.printHistory(&tx.History)
	})
}

// fateOf returns where a transaction is now.
func (a *app) fateOf(tx *rpc.Tx, h *rpc.TxHistory) string {
	c := a.Colours(a.Stdout)
	switch {
	case h.Fate == "pending" && len(h.Blocks) > 0:
		return c.Yellow("pending again: the block that contained it is stale")
	case h.Fate == "pending":
		return "pending: not in a block yet"
	case h.Fate == rpc.TxConfirmed && tx.Confirmations != nil:
		return fmt.Sprintf("%s, %s, in block\n    %s", c.Green("confirmed"), cli.Plural(*tx.Confirmations, "confirmation"), tx.BlockHash)
	case h.Fate == rpc.TxConflicted:
		return c.Red("impossible now") + ": the best chain spends its coin otherwise, or never created it"
	}
	return c.Yellow("stale") + ": not in the best chain, and not pending"
}

// printHistory writes the blocks that contain a transaction and what happened to it.
func (a *app) printHistory(h *rpc.TxHistory) error {
	t := cli.Table(a.Stdout)
	miner := make(map[block.Hash]string)
	for i, b := range h.Blocks {
		if i == 0 {
			fmt.Fprintln(t, "\nblocks that contain it")
		}
		if miner[b.Hash] = b.Message; b.Message == "" {
			miner[b.Hash] = b.Address
		}
		fmt.Fprintf(t, "  %s\tmined by %s\tarrived %s\t%s\n", ref(rpc.BlockRef{Hash: b.Hash, Height: b.Height}), miner[b.Hash],
			moment(b.ReceivedMS), blockStatus(b.Status))
	}
	for i, e := range h.Events {
		if i == 0 {
			fmt.Fprintln(t, "\nwhat happened")
		}
		fmt.Fprintf(t, "  %s\t%s\n", moment(e.TimeMS), a.eventText(&e))
		if e.Reorg != nil {
			fmt.Fprintf(t, "          in the reorganisation from %s to %s,\n          fork %s\n", ref(e.Reorg.From), ref(e.Reorg.To), ref(e.Reorg.Fork))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	a.printSpends(h)
	return nil
}

// blockStatus returns what a block's status means.
func blockStatus(status string) string {
	switch status {
	case "active":
		return "on the best chain"
	case "invalid":
		return "invalid"
	}
	return "stale"
}

func (a *app) eventText(e *rpc.TxEvent) string {
	c := a.Colours(a.Stdout)
	at := ""
	if e.Block != nil {
		at = ref(*e.Block)
	}
	switch e.Event {
	case rpc.TxConfirmed:
		return c.Green("confirmed") + " in " + at
	case rpc.TxReconfirmed:
		return c.Green("confirmed again") + " in " + at
	case rpc.TxReturned:
		return c.Yellow("back in the pool") + ": " + at + " left the best chain"
	case rpc.TxConflicted:
		return c.Red("impossible") + ": " + at + " left the best chain,\n          and " + spentInstead(e.By, e.ByBlock)
	}
	return c.Red("gone") + ": " + at + ", whose coinbase it is, left the best chain"
}

// printSpends writes the transactions that conflict with a transaction, and those that
// spend its outputs.
func (a *app) printSpends(h *rpc.TxHistory) {
	title := "\nconflicting transactions"
	for _, in := range h.Spends {
		for _, r := range in.Rivals {
			if title != "" {
				fmt.Fprintln(a.Stdout, title)
				title = ""
			}
			fmt.Fprintf(a.Stdout, "  %s:%d, %s, by\n    %s\n", in.TxID.Short(), in.Vout, spentWhere(r), r.TxID)
		}
	}
	title = "\nits outputs, spent"
	for _, coin := range h.Coins {
		for _, s := range coin.SpentBy {
			if title != "" {
				fmt.Fprintln(a.Stdout, title)
				title = ""
			}
			fmt.Fprintf(a.Stdout, "  %d: %s, %s, to\n    %s\n", coin.Vout, coin.Value.Short(), spentWhere(s), s.TxID)
		}
	}
}

func spentWhere(s rpc.TxSpend) string {
	switch {
	case s.Block == nil:
		return "pending"
	case s.Active:
		return "in " + ref(*s.Block)
	}
	return "in " + ref(*s.Block) + ", which is stale"
}
