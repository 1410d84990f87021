package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/payer"
	"toychain/rpc"
	"toychain/wallet"
)

// historyEntry is a row of what "wallet history --json" prints.
type historyEntry struct {
	payer.Entry
	Reason string `json:"reason,omitempty"` // why it does not count
}

func (a *app) walletHistoryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "history", SuggestFor: []string{"transactions", "txs", "log", "listtransactions"}, Short: "List received and sent payments, the oldest first.",
		Example: "toychain wallet history\ntoychain wallet history --wallet bob --json",
		Long: `List received and sent payments, the oldest first, with the other side and the balance
after each. What a reorganisation took, a payment that became impossible or a reward that
went stale, stays in the list with its reason, and does not count. What never was in a
block of the node's best chain is not remembered.

The time is that of the block, which its miner set. It must be later than the median of
the eleven blocks before, so blocks that are mined within a second are some seconds ahead
of the clock.`,
	}
	name := a.walletFlag(cmd)
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) ([]historyEntry, error) {
		at, _, err := a.payer(ctx, *name)
		if err != nil {
			return nil, err
		}
		rows, err := at.History(ctx)
		out := []historyEntry{}
		for _, r := range rows {
			out = append(out, historyEntry{r, reason(&r.HistoryRow)})
		}
		return out, err
	}, a.printWalletHistory)
}

// reason returns why a transaction does not count, "" if it does.
func reason(r *rpc.HistoryRow) string {
	switch {
	case r.Status == rpc.TxStale && r.Coinbase:
		return "stale: block " + r.BlockHash.Short() + " left the best chain"
	case r.Status == rpc.TxStale:
		return "stale: block " + r.BlockHash.Short() + " left the best chain, and it is not pending"
	case r.Status != rpc.TxConflicted:
		return ""
	case r.By == "":
		return "impossible now: the coin that it spends was never created"
	case r.ByBlock == nil:
		return "impossible now: its coin is being spent by the pending transaction " + r.By
	}
	return "impossible now: its coin was spent in " + ref(*r.ByBlock) + " by " + r.By
}

// printWalletHistory lists the rows, each on some lines: a txid leaves no room beside it.
func (a *app) printWalletHistory(w io.Writer, rows []historyEntry) {
	if len(rows) == 0 {
		fmt.Fprintln(w, "nothing yet")
		return
	}
	c := a.Colours(a.Stdout)
	owners := a.owners()
	fmt.Fprintln(w, c.Bold(fmt.Sprintf("%-19s  %-9s  %16s  %16s", "date", "block", "amount", "balance")))
	for _, r := range rows {
		where, net, balance := cli.Count(r.Height), r.Net.String(), r.Balance.String()
		if r.Height < 0 {
			where = "pending"
		}
		if r.Net > 0 {
			net = "+" + net
		}
		if r.Reason != "" {
			balance = "-"
		}
		fmt.Fprintf(w, "%s  %-9s  %16s  %16s\n", time.Unix(r.Time, 0).Format(time.DateTime), where, net, balance)
		fmt.Fprintf(w, "  %s\n  %s\n", otherSide(&r.HistoryRow, owners), r.TxID)
		if r.Reason != "" {
			fmt.Fprintf(w, "  %s\n", c.Yellow(strings.Replace(r.Reason, " "+r.By, "\n  "+r.By, min(len(r.By), 1))))
		}
	}
}

// otherSide returns whom a transaction of the wallet pays, or whose coins it spends.
func otherSide(r *rpc.HistoryRow, owners map[string]string) string {
	var list []string
	for _, address := range r.Others {
		list = append(list, named(address, owners))
	}
	switch {
	case r.Coinbase:
		return "new coins"
	case r.Sent > 0 && len(list) == 0:
		return "to itself"
	case r.Sent > 0:
		return "to " + strings.Join(list, ",\n     ")
	}
	return "from " + strings.Join(list, ",\n       ")
}

// owners returns the names of the wallets on this machine by their addresses.
func (a *app) owners() map[string]string {
	out := make(map[string]string)
	for _, name := range a.walletNames() {
		w, p, err := a.loadWallet(name)
		if err != nil {
			continue
		}
		list, _ := w.Addresses() // an index without a key happens once in 2^127
		for _, o := range list {
			out[o.Address.Encode(p.Prefixes)] = name
		}
	}
	return out
}

// listedWallet is a row of what "wallet list --json" prints.
type listedWallet struct {
	Name      string   `json:"name"`
	Path      string   `json:"path"`
	Addresses int      `json:"addresses"`       // given out, to be paid at
	Balance   *balance `json:"balance"`         // null: not known
	Error     string   `json:"error,omitempty"` // why it cannot be opened
}

func (a *app) walletListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", SuggestFor: []string{"ls", "balances"}, Short: "List the wallets on this machine, with their balances.",
		Example: "toychain wallet list\ntoychain wallet list --node n2 --json",
		Long: `List the wallets on this machine, with their balances. For each wallet the node is asked
once, for all of its addresses. If no node answers, the balances are left out.`,
	}
	var damaged []string
	cmd.PostRunE = func(*cobra.Command, []string) error {
		if len(damaged) > 0 {
			return fmt.Errorf("cannot be opened: %s", strings.Join(damaged, ", "))
		}
		return nil
	}
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) ([]listedWallet, error) {
		p, err := a.network()
		if err != nil {
			return nil, err
		}
		rows := []listedWallet{}
		var away error // no node answers
		for _, name := range a.walletNames() {
			w, _, err := a.loadWallet(name)
			if err != nil {
				path, _, _ := a.walletPath(name)
				rows, damaged = append(rows, listedWallet{Name: name, Path: path, Error: err.Error()}), append(damaged, name)
				continue
			}
			row := listedWallet{Name: name, Path: w.Path()}
			_, next, err := w.Next(wallet.Receive)
			row.Addresses = int(next.Index)
			if err == nil && away == nil {
				row.Balance, err = a.balanceOf(ctx, w, p)
			}
			if errors.Is(err, rpc.ErrUnreachable) {
				away, err = err, nil
			}
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		if away != nil {
			fmt.Fprintln(a.Stderr, "the balances are not known:", a.explain(away))
		}
		return rows, nil
	}, printWallets)
}

// balanceOf returns a wallet's balance at the node that the flags name.
func (a *app) balanceOf(ctx context.Context, w *wallet.Wallet, p *consensus.Params) (*balance, error) {
	at, _, err := a.payerFor(ctx, w, p)
	if err != nil {
		return nil, err
	}
	b, err := balanceFrom(ctx, at)
	return &b, err
}

func printWallets(w io.Writer, rows []listedWallet) {
	if len(rows) == 0 {
		fmt.Fprintln(w, "no wallets: make one with 'toychain wallet create'")
		return
	}
	fmt.Fprintln(w, "wallet\taddresses\tspendable\tpending\timmature")
	amount := func(v block.Amount) string {
		if v == 0 {
			return "-"
		}
		return v.String()
	}
	for _, r := range rows {
		switch b := r.Balance; {
		case r.Error != "":
			fmt.Fprintf(w, "%s\t%s\n", r.Name, r.Error)
		case b == nil:
			fmt.Fprintf(w, "%s\t%s\t?\t?\t?\n", r.Name, cli.Count(r.Addresses))
		default:
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, cli.Count(r.Addresses), b.Confirmed, amount(b.Pending), amount(b.Immature))
		}
	}
}
