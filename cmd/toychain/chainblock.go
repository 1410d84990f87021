package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) chainBlockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "block [HASH|HEIGHT]", Short: "Show a block of any branch, or else the tip.",
		Example: "toychain chain block 12\ntoychain chain block --raw",
		Args:    cli.Args(0, 1, "one block, by hash or by height"),
	}
	raw := cmd.Flags().Bool("raw", false, "print its bytes, in hex")
	return show(a, cmd, a.dial, func(ctx context.Context, n target, given []string) (any, error) {
		hash, err := findBlock(ctx, n, given)
		if err != nil {
			return nil, err
		}
		if *raw {
			_ = cmd.Flags().Set("json", "false") // it is printed without quotes
			return rpc.As[string](rpc.GetBlock).Call(ctx, n.Client, rpc.GetBlockArgs{Block: hash, Verbosity: new(rpc.Verbosity(0))})
		}
		return n.Block(ctx, hash)
	}, func(w io.Writer, v any) {
		if b, ok := v.(rpc.FullBlock); ok {
			a.printBlock(w, &b)
		} else {
			fmt.Fprintln(w, v)
		}
	})
}

// findBlock returns the hash of the block that the arguments name.
func findBlock(ctx context.Context, n target, given []string) (block.Hash, error) {
	if len(given) == 0 {
		return n.BestBlockHash(ctx)
	}
	if height, err := strconv.ParseInt(given[0], 10, 32); err == nil {
		hash, err := rpc.GetBlockHash.Call(ctx, n.Client, rpc.HeightArg{Height: height})
		if refused, ok := errors.AsType[*rpc.Error](err); ok && refused.Code == rpc.CodeInvalidParam {
			if tip, err := n.BlockCount(ctx); err == nil {
				refused.Message = fmt.Sprintf("there is no block at height %d: the best chain ends at %d", height, tip)
			}
		}
		return hash, err
	}
	hash, err := block.ParseHash(given[0])
	if err != nil {
		err = cli.Usagef("%q is not a block: want a height, or a hash of 64 hex digits", given[0])
	}
	return hash, err
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
	for i := range b.Tx {
		fmt.Fprintln(t)
		printTx(t, &b.Tx[i])
	}
}

// printTx writes a transaction: the coins that it spends and those that it creates.
func printTx(w io.Writer, tx *rpc.Tx) {
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
		from := ""
		if p := in.Prevout; p != nil {
			from = fmt.Sprintf("  %s of %s", p.Value.Short(), payee(p.ScriptPubKey))
		}
		fmt.Fprintf(w, "  spends %s:%d%s\n", in.TxID, index, from)
	}
	for _, out := range tx.Vout {
		fmt.Fprintf(w, "  %d: %s to %s\n", out.N, out.Value.Short(), payee(out.ScriptPubKey))
	}
	if tx.Fee != nil {
		fmt.Fprintf(w, "  fee %s\n", tx.Fee.Short())
	}
}

// payee returns the address that a script pays, or its type.
func payee(s rpc.Script) string { return cmp.Or(s.Address, string(s.Type)) }

// minerText returns the printable text at the end of a coinbase script.
func minerText(script string) string {
	raw, _ := hex.DecodeString(script) // a node writes nothing else
	printable := func(r rune) bool { return ' ' <= r && r <= '~' }
	return string(raw[len(bytes.TrimRightFunc(raw, printable)):])
}
