package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

// pendingTx is a row of what "chain pool --json" prints.
type pendingTx struct {
	rpc.PendingTx
	From []pendingCoin `json:"from"`
	To   []pendingCoin `json:"to"`
}

// pendingCoin is a coin with the wallet on this machine that owns its address.
type pendingCoin struct {
	rpc.PendingCoin
	Wallet string `json:"wallet"` // "": none
}

func (a *app) chainPoolCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "pool", SuggestFor: []string{"mempool", "pending"}, Short: "List the transactions that wait for a block: who pays whom.",
		Example: "toychain chain pool\ntoychain chain pool --node n2 --json",
		Long: `List the transactions that wait for a block, in the order in which they came: who pays
whom, the fee, how long they wait, and which other pending ones they depend on. An address
is followed by the name of the wallet on this machine that it belongs to. Fee rates are in
the smallest unit per byte, as in 'wallet send --fee-rate'; what a fee counts as on this
node is shown if 'toychain rpc prioritisetransaction' has changed it.`,
	}, a.dial, func(ctx context.Context, n target, _ []string) ([]pendingTx, error) {
		rows, err := rpc.GetPending.Call(ctx, n.Client, rpc.None{})
		owners, out := a.owners(), make([]pendingTx, len(rows))
		for i, r := range rows {
			out[i] = pendingTx{r, ownedBy(r.From, owners), ownedBy(r.To, owners)}
		}
		return out, err
	}, printPool)
}

func ownedBy(coins []rpc.PendingCoin, owners map[string]string) []pendingCoin {
	out := make([]pendingCoin, len(coins))
	for i, c := range coins {
		out[i] = pendingCoin{c, owners[c.Address]}
	}
	return out
}

func (c *pendingCoin) String() string {
	address := cmp.Or(c.Address, "no address")
	return fmt.Sprintf("%12s  %s", c.Value.Short(), named(address, map[string]string{c.Address: c.Wallet}))
}

// printPool writes each transaction on some lines: a txid leaves no room beside it.
func printPool(w io.Writer, rows []pendingTx) {
	var bytes int
	var fees block.Amount
	for _, r := range rows {
		bytes, fees = bytes+r.Size, fees+r.Fee
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, "no transaction waits for a block")
		return
	}
	fmt.Fprintf(w, "pending: %s, %s, fees %s\n", cli.Plural(len(rows), "transaction"), cli.Bytes(int64(bytes)), fees.Short())
	for _, r := range rows {
		fmt.Fprintf(w, "\n%s\n", r.TxID)
		for _, side := range []struct {
			label string
			coins []pendingCoin
		}{{"from", r.From}, {"to", r.To}} {
			for i, c := range side.coins {
				if i > 0 {
					side.label = ""
				}
				fmt.Fprintf(w, "  %-4s %s\n", side.label, &c)
			}
		}
		counts := ""
		if r.Counts != r.Fee {
			counts = ", counts as " + r.Counts.Short()
		}
		fmt.Fprintf(w, "  fee  %12s  %s per byte%s, waits for %s\n", r.Fee.Short(), cli.ThreeDigits(float64(r.Fee)/float64(r.Size)), counts, cli.Span(time.Since(time.UnixMilli(r.TimeMS))))
		if len(r.Depends) > 0 {
			var ids []string
			for _, id := range r.Depends {
				ids = append(ids, id.String())
			}
			fmt.Fprintf(w, "  depends on\n    %s\n", strings.Join(ids, "\n    "))
		}
	}
}
