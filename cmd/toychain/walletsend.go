package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/payer"
	"toychain/wallet"
)

// payment is what the flags of "wallet send" say.
type payment struct {
	all, replaceable, wait, dryRun bool
	feeRate                        float64
	data                           string
	coins                          []string
}

func (a *app) walletSendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "send TO AMOUNT", SuggestFor: []string{"pay", "transfer", "spend"}, Short: "Pay an address or a wallet, and print the txid.",
		Example: "toychain wallet send bob 1.5\ntoychain wallet send mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV --all --wait",
		Long: `Pay an address, and print the transaction's txid. The wallet signs it here; the node
only relays it.

` + aboutNames,
		Args: cli.Args(1, 2, "TO and AMOUNT, or TO and --all"),
	}
	asJSON := cli.JSONFlag(cmd)
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	var o payment
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "pay everything that can be spent, less the fee")
	f.Float64Var(&o.feeRate, "fee-rate", 0, "fee in the smallest unit per `BYTE` (default or 0: twice the node's minimum)")
	f.StringVar(&o.data, "data", "", "add an output with this `TEXT` of at most 80 bytes")
	f.StringSliceVar(&o.coins, "coin", nil, "spend exactly the coin `TXID:N`; may be repeated")
	f.BoolVar(&o.replaceable, "replaceable", false, "signal that a higher fee may replace it (BIP125)")
	f.BoolVar(&o.wait, "wait", false, "wait until it is in a block")
	f.BoolVar(&o.dryRun, "dry-run", false, "ask the node whether it would accept it, and do not send")
	cli.Settable(f, "fee-rate")
	return on(cmd, nothing, func(ctx context.Context, _ none, given []string) error {
		order, err := a.order(o, given)
		if err != nil {
			return err
		}
		at, n, err := a.payer(ctx, *name)
		if err != nil {
			return err
		}
		for i, text := range o.coins {
			id, _, _ := strings.Cut(text, ":")
			if order.From[i].TxID, err = find(ctx, n, "transaction", id); err != nil {
				return err
			}
		}
		keys, err := a.unlock(ctx, at.Wallet(), pass)
		if err != nil {
			return err
		}
		var r payer.Result
		if o.dryRun {
			r, err = dryRun(ctx, at, n, keys, order)
		} else {
			r, err = at.Pay(ctx, keys, order)
		}
		if err != nil {
			return err
		}
		if err := a.printSent(r, o.dryRun, *asJSON); err != nil || o.dryRun || !o.wait {
			return err
		}
		err = a.waitConfirmed(ctx, n, r.TxID)
		if ctx.Err() != nil {
			fmt.Fprintf(a.Stderr, "%s was sent; no longer waiting for its block\n", r.TxID)
		}
		return err
	})
}

// order parses the arguments and flags of "wallet send", except for the txids of --coin.
func (a *app) order(o payment, given []string) (payer.Request, error) {
	to, err := a.addressOf("", given[0])
	if err != nil {
		return payer.Request{}, err
	}
	pay := wallet.Payment{To: to}
	switch {
	case !o.all && len(given) == 1:
		return payer.Request{}, cli.Usagef("the amount is missing: want TO and AMOUNT, or --all")
	case !o.all:
		if pay.Value, err = parseAmount(given[1]); err != nil {
			return payer.Request{}, err
		}
	}
	out := payer.Request{Pay: []wallet.Payment{pay}, All: o.all, Replaceable: o.replaceable}
	if o.data != "" {
		if out.Data = []byte(o.data); len(out.Data) > block.MaxData {
			return payer.Request{}, cli.Usagef("--data: %d bytes, at most %d fit", len(out.Data), block.MaxData)
		}
	}
	if o.feeRate < 0 || math.IsNaN(o.feeRate) || o.feeRate*1000 > float64(wallet.MaxFeeRate) {
		return payer.Request{}, cli.Usagef("--fee-rate %v: want at most %d of the smallest unit per byte; 0: twice the node's minimum", o.feeRate, wallet.MaxFeeRate/1000)
	}
	out.FeeRate = block.Amount(math.Ceil(o.feeRate * 1000))
	for _, text := range o.coins {
		_, number, _ := strings.Cut(text, ":")
		index, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return out, cli.Usagef("--coin %q: want TXID:N, the transaction that created the coin and the number of its output", text)
		}
		out.From = append(out.From, block.Outpoint{Index: uint32(index)})
	}
	return out, nil
}

// parseAmount parses an amount on the command line.
func parseAmount(s string) (block.Amount, error) {
	v, err := block.ParseAmount(s)
	if err != nil {
		return 0, cli.UsageError{Err: err}
	}
	if v <= 0 || !v.Valid() {
		return 0, cli.Usagef("amount %s: want more than 0 and at most %s", s, block.MaxMoney.Short())
	}
	return v, nil
}

// sent is what "wallet send --json" prints.
type sent struct {
	TxID   block.Hash   `json:"txid"`
	Fee    block.Amount `json:"fee"`
	Change block.Amount `json:"change"`
	Size   int          `json:"size"`
	Hex    string       `json:"hex,omitempty"` // of a dry run: the transaction, which was not sent
}

// printSent prints a payment, with its bytes if it is the result of a dry run.
func (a *app) printSent(r payer.Result, dry, asJSON bool) error {
	size := r.Tx.Size()
	raw := ""
	if dry {
		raw = hex.EncodeToString(r.Tx.Bytes())
	}
	switch {
	case asJSON:
		return a.PrintJSON(sent{r.TxID, r.Fee, r.Change, size, raw})
	case dry:
		fmt.Fprintf(a.Stdout, "the node would accept it: fee %s, %s bytes; nothing was sent\n%s\n", r.Fee.Short(), cli.Count(size), raw)
	default:
		fmt.Fprintln(a.Stdout, r.TxID)
		fmt.Fprintf(a.Stderr, "fee %s, %s bytes\n", r.Fee.Short(), cli.Count(size))
	}
	return nil
}

// dryRun makes a payment and asks the node whether it would accept it.
func dryRun(ctx context.Context, at *payer.Payer, n target, keys *wallet.Keychain, o payer.Request) (payer.Result, error) {
	r, err := at.Make(ctx, keys, o)
	if err != nil {
		return r, err
	}
	judged, err := n.TestAccept(ctx, r.Tx)
	if err == nil && (judged.Allowed == nil || !*judged.Allowed) {
		err = refusal(judged.RejectReason)
	}
	return r, err
}

// waitConfirmed returns once a transaction is in a block of the best chain.
func (a *app) waitConfirmed(ctx context.Context, n target, id block.Hash) error {
	line := a.Progress()
	begun := time.Now()
	var in block.Hash
	err := cli.Until(ctx, cli.Frame, func() (bool, error) {
		line.Show("waiting for a block  %s", cli.Span(time.Since(begun)))
		tx, err := n.Tx(ctx, id)
		in = tx.BlockHash
		return tx.Confirmations != nil && *tx.Confirmations > 0, err
	})
	line.Clear()
	if err == nil {
		fmt.Fprintf(a.Stderr, "confirmed in block %s\n", in)
	}
	return err
}

func (a *app) walletSignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sign ADDRESS MESSAGE", Short: "Sign a message with the key of an address.",
		Example: `toychain wallet sign mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV "it was me"`,
		Args:    cli.Args(2, 2, "ADDRESS, one of the wallet's, and MESSAGE"),
	}
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		address, err := a.addressOf("", given[0])
		if err != nil {
			return err
		}
		w, _, err := a.loadWallet(*name)
		if err != nil {
			return err
		}
		owned, err := w.Addresses()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(owned, func(o wallet.Owned) bool { return o.Address == address })
		if i < 0 {
			return fmt.Errorf("%s is not an address of wallet %s: 'toychain wallet address --all' lists them", given[0], w.Name())
		}
		keys, err := a.unlock(cmd.Context(), w, pass)
		if err != nil {
			return err
		}
		key, err := keys.Key(owned[i].Path)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.Stdout, wallet.SignMessage(key, given[1]))
		return nil
	}
	return cmd
}

func (a *app) walletVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify ADDRESS SIGNATURE MESSAGE", Short: "Check that the owner of an address signed a message.",
		Example: `toychain wallet verify mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV H9L5y… "it was me"`,
		Args:    cli.Args(3, 3, "ADDRESS, SIGNATURE and MESSAGE"),
		RunE: func(_ *cobra.Command, given []string) error {
			address, err := a.addressOf("", given[0])
			if err != nil {
				return err
			}
			err = wallet.VerifyMessage(address, given[1], given[2])
			if err != nil && !errors.Is(err, wallet.ErrMessage) {
				return cli.UsageError{Err: err} // what was typed is no signature at all
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, "good: signed by the owner of", given[0])
			return nil
		},
	}
}
