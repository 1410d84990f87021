package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) chainBlockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "block [HASH|HEIGHT]", SuggestFor: []string{"show"}, Short: "Show a block of any branch, or else the tip.",
		Example: "toychain chain block 12\ntoychain chain block 7d4ca21f\ntoychain chain block --raw",
		Long: `Show a block of any branch, or else the tip. A block is named by its height on the best
chain, by its hash, or by the first 4 digits of the hash or more, with its leading zeros
or, as other commands print them, without. Digits up to the tip's height are a height.
An address is followed by the name of the wallet on this machine that it belongs to.`,
		Args: cli.Args(0, 1, "one block, by hash or by height"),
	}
	raw := cmd.Flags().Bool("raw", false, "print its bytes, in hex")
	return show(a, cmd, a.dial, func(ctx context.Context, n target, given []string) (any, error) {
		hash, err := n.BestBlockHash(ctx)
		if len(given) > 0 && err == nil {
			hash, err = findBlock(ctx, n, given[0])
		}
		if err != nil {
			return nil, err
		}
		if *raw {
			return rpc.As[string](rpc.GetBlock).Call(ctx, n.Client, rpc.GetBlockArgs{Block: hash, Verbosity: new(rpc.Verbosity(0))})
		}
		return rpc.As[rpc.FullBlock](rpc.GetBlock).Call(ctx, n.Client, rpc.GetBlockArgs{Block: hash, Verbosity: new(rpc.Verbosity(3))})
	}, func(w io.Writer, v any) {
		if b, ok := v.(rpc.FullBlock); ok {
			a.printBlock(w, &b)
		} else {
			fmt.Fprintln(w, v)
		}
	})
}

func (a *app) printBlock(t io.Writer, b *rpc.FullBlock) {
	where := cli.Plural(b.Confirmations, "confirmation")
	if b.Confirmations < 0 {
		where = a.Colours(a.Stdout).Yellow("not on the best chain")
	}
	fmt.Fprintf(t, "block\t%s\n", b.Hash)
	fmt.Fprintf(t, "height\t%s  %s\n", cli.Count(b.Height), where)
	fmt.Fprintf(t, "parent\t%s\n", b.PreviousBlockHash)
	fmt.Fprintf(t, "time\t%s\n", time.Unix(int64(b.Time), 0).UTC().Format(time.DateTime))
	fmt.Fprintf(t, "proof\tnonce %d, bits %s\n", b.Nonce, b.Bits)
	fmt.Fprintf(t, "size\t%s, %s\n", cli.Bytes(int64(b.Size)), cli.Plural(len(b.Tx), "transaction"))
	owners := a.owners()
	for i := range b.Tx {
		fmt.Fprintln(t)
		printTx(t, &b.Tx[i], owners)
	}
}

// printTx writes a transaction: the coins that it spends and those that it creates, with the
// names of the wallets that own addresses.
func printTx(w io.Writer, tx *rpc.Tx, owners map[string]string) {
	fmt.Fprintf(w, "%s\n", tx.TxID)
	for _, in := range tx.Vin {
		if in.Coinbase != "" {
			fmt.Fprintf(w, "  new coins, message %q\n", minerText(in.Coinbase))
			continue
		}
		index := uint32(0)
		if in.Vout != nil {
			index = *in.Vout
		}
		fmt.Fprintf(w, "  spends %s:%d\n", in.TxID, index)
		if p := in.Prevout; p != nil {
			fmt.Fprintf(w, "    %s of %s\n", p.Value.Short(), named(payee(p.ScriptPubKey), owners))
		}
	}
	for _, out := range tx.Vout {
		fmt.Fprintf(w, "  %d: %s to %s\n", out.N, out.Value.Short(), named(payee(out.ScriptPubKey), owners))
	}
	if tx.Fee != nil {
		fmt.Fprintf(w, "  fee %s\n", tx.Fee.Short())
	}
}

// payee returns the address that a script pays, or its type.
func payee(s rpc.Script) string { return cmp.Or(s.Address, string(s.Type)) }

// named returns an address, followed by the name of the wallet that owns it, if one does.
func named(address string, owners map[string]string) string {
	if name := owners[address]; name != "" {
		return address + " (" + name + ")"
	}
	return address
}

// minerText returns the printable text at the end of a coinbase script.
func minerText(script string) string {
	raw, _ := hex.DecodeString(script) // a node writes nothing else
	printable := func(r rune) bool { return ' ' <= r && r <= '~' }
	return string(raw[len(bytes.TrimRightFunc(raw, printable)):])
}

// trackedTx is what "chain tx --json" prints.
type trackedTx struct {
	rpc.Tx
	History rpc.TxHistory `json:"history"`
}

func (a *app) chainTxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tx TXID", SuggestFor: []string{"transaction", "trace"}, Short: "Follow a transaction through every branch.",
		Example: "toychain chain tx TXID\ntoychain chain tx TXID --node n1 --json",
		Long: `Follow a transaction through every branch: the coins that it spends and creates,
where it is now, what happened to it in each reorganisation, which blocks contain it,
which transactions conflict with it, and which spend the coins that it created. Of the
TXID the first 4 digits or more suffice for a transaction in the mempool or in the last
1,000 blocks.`,
		Args: cli.Args(1, 1, "TXID"),
	}
	raw := cmd.Flags().Bool("raw", false, "print its bytes, in hex")
	return show(a, cmd, a.dial, func(ctx context.Context, n target, given []string) (tx trackedTx, err error) {
		id, err := find(ctx, n, "transaction", given[0])
		if err != nil {
			return tx, err
		}
		tx.Tx, err = n.Tx(ctx, id)
		if hasCode(err, rpc.CodeInvalidAddress) {
			return tx, &userError{fmt.Sprintf("this node does not know %s: ask another with --node", id), err}
		}
		if err != nil {
			return tx, err
		}
		tx.History, err = rpc.GetTxHistory.Call(ctx, n.Client, rpc.TxArg{TxID: id})
		return tx, err
	}, func(w io.Writer, tx trackedTx) {
		if *raw {
			fmt.Fprintln(w, tx.Hex)
			return
		}
		for i, in := range tx.History.Spends { // which says it of pending and stale transactions too
			if in.Address != "" {
				tx.Vin[i].Prevout = &rpc.PrevoutOut{Value: in.Value, ScriptPubKey: rpc.Script{Address: in.Address}}
			}
		}
		printTx(w, &tx.Tx, a.owners())
		fmt.Fprintf(w, "  %s\n", a.fateOf(&tx.Tx, &tx.History))
		a.printHistory(w, &tx.History)
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

// printHistory writes the blocks that contain a transaction, what happened to it, and
// which others spend its coins or those that it created.
func (a *app) printHistory(w io.Writer, h *rpc.TxHistory) {
	var in, events, rivals, spent []string
	for _, b := range h.Blocks {
		in = append(in, fmt.Sprintf("  %s\tmined by %s\tarrived %s\t%s", ref(rpc.BlockRef{Hash: b.Hash, Height: b.Height}),
			cmp.Or(b.Message, b.Address), moment(b.ReceivedMS), cmp.Or(blockTexts[b.Status], "stale")))
	}
	for _, e := range h.Events {
		text := fmt.Sprintf("  %s\t%s", moment(e.TimeMS), a.eventText(&e))
		if e.Reorg != nil {
			text += fmt.Sprintf("\n          in the reorganisation from %s to %s,\n          fork %s", ref(e.Reorg.From), ref(e.Reorg.To), ref(e.Reorg.Fork))
		}
		events = append(events, text)
	}
	for _, in := range h.Spends {
		for _, r := range in.Rivals {
			rivals = append(rivals, fmt.Sprintf("  %s:%d, %s, by\n    %s", in.TxID.Short(), in.Vout, spentWhere(r), r.TxID))
		}
	}
	for _, coin := range h.Coins {
		for _, s := range coin.SpentBy {
			spent = append(spent, fmt.Sprintf("  %d: %s, %s, to\n    %s", coin.Vout, coin.Value.Short(), spentWhere(s), s.TxID))
		}
	}
	section(w, "blocks that contain it", in)
	section(w, "what happened", events)
	section(w, "conflicting transactions", rivals)
	section(w, "its outputs, spent", spent)
}

// section writes lines under a title, if there are any.
func section(w io.Writer, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n%s\n", title, strings.Join(lines, "\n"))
	}
}

// blockTexts are what a block's status means; all others mean that it is stale.
var blockTexts = map[string]string{"active": "on the best chain", "invalid": "invalid"}

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

func spentWhere(s rpc.TxSpend) string {
	switch {
	case s.Block == nil:
		return "pending"
	case s.Active:
		return "in " + ref(*s.Block)
	}
	return "in " + ref(*s.Block) + ", which is stale"
}
