package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

// beginning matches what may be the beginning of a hash.
var beginning = regexp.MustCompile(`^[0-9a-fA-F]{4,63}$`)

// findBlock returns the hash of the block that the user names: by a height up to the
// tip's, or as find finds it.
func findBlock(ctx context.Context, n target, text string) (block.Hash, error) {
	height, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strings.HasPrefix(text, "0") && len(text) >= 4 {
		return find(ctx, n, "block", text)
	}
	tip, err := n.BlockCount(ctx)
	if err != nil {
		return block.Hash{}, err
	}
	if height <= int64(tip) {
		return rpc.GetBlockHash.Call(ctx, n.Client, rpc.HeightArg{Height: height})
	}
	hash, err := find(ctx, n, "block", text)
	if !beginning.MatchString(text) || hasCode(err, rpc.CodeInvalidAddress) {
		err = beyond(block.Height(height), tip)
	}
	return hash, err
}

// find returns the hash of the block or transaction (the kind) that begins with these
// digits, with its leading zeros or, as commands print it, without them; all 64 are not
// looked up. The error lists the hashes if there are several, and has CodeInvalidAddress
// if there is none.
func find(ctx context.Context, n target, kind, text string) (block.Hash, error) {
	hash, err := block.ParseHash(text)
	if err == nil {
		return hash, nil
	}
	if !beginning.MatchString(text) {
		want := map[string]string{"block": "a height, or its hash", "transaction": "its txid"}[kind]
		return hash, cli.Usagef("%q is not a %s: want %s, of which 4 hex digits suffice", text, kind, want)
	}
	all, err := hashes(ctx, n, kind)
	var found []string
	for _, h := range all {
		s, digits := h.String(), strings.ToLower(text)
		if (strings.HasPrefix(s, digits) || strings.HasPrefix(strings.TrimLeft(s, "0"), digits)) && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	switch {
	case err != nil:
		return hash, err
	case len(found) == 0:
		where := map[string]string{"transaction": " in its mempool or the last 1,000 blocks (of older ones give all 64 digits)"}[kind]
		return hash, &userError{fmt.Sprintf("this node knows no %s that begins with %s%s: ask another with --node", kind, text, where),
			&rpc.Error{Code: rpc.CodeInvalidAddress}}
	case len(found) > 1:
		return hash, cli.Usagef("%q is the beginning of more than one %s: give more digits of one of these\n  %s", text, kind, strings.Join(found, "\n  "))
	}
	return block.ParseHash(found[0])
}

// hashes returns what find searches: the hashes of the blocks of every branch, or of the
// transactions in the mempool and in the last 1,000 blocks of the best chain.
func hashes(ctx context.Context, n target, kind string) (out []block.Hash, err error) {
	if kind == "block" {
		tree, err := n.Tree(ctx, 0)
		for _, b := range tree.Blocks {
			out = append(out, b.Hash)
		}
		return out, err
	}
	out, err = rpc.As[[]block.Hash](rpc.GetRawMempool).Call(ctx, n.Client, rpc.GetRawMempoolArgs{})
	tip, failed := n.BlockCount(ctx)
	err = errors.Join(err, failed)
	for h := max(tip-999, 0); err == nil && h <= tip; {
		var blocks []*block.Block
		blocks, err = n.BlocksFrom(ctx, h, int(tip-h+1))
		for _, b := range blocks {
			for _, tx := range b.Txs {
				out = append(out, tx.ID())
			}
			h++
		}
	}
	return out, err
}

// argument returns an argument of "toychain rpc" as it is sent: the hash for the short
// name of a block or a transaction, the address for the name of a wallet, a string where the method wants one, and otherwise what
// param returns.
func (a *app) argument(ctx context.Context, n target, p rpc.Param, text string) (_ any, err error) {
	_, noHeight := strconv.ParseUint(text, 10, 31)
	switch short := beginning.MatchString(text); {
	case p.Is("blockhash") && (short || noHeight == nil), p.Is("hash_or_height") && short:
		return findBlock(ctx, n, text)
	case p.Is("txid") && short:
		return find(ctx, n, "transaction", text)
	case p.Is("txids"), p.Is("transactions"), p.Is("inputs"):
		text = regexp.MustCompile(`"[0-9a-fA-F]{4,63}"`).ReplaceAllStringFunc(text, func(s string) string {
			id, failed := find(ctx, n, "transaction", strings.Trim(s, `"`))
			err = errors.Join(err, failed)
			return strconv.Quote(id.String())
		})
	case p.Is("address") && slices.Contains(a.walletNames(), text):
		return a.addressText("", text)
	case p.Kind == rpc.KindString && text != "null":
		return text, nil
	}
	return param(text), err
}
