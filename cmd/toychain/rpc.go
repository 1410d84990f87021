package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/internal/nearest"
	"toychain/rpc"
	"toychain/rpc/server"
)

func (a *app) rpcCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rpc METHOD [ARG...]", SuggestFor: methodsNow(a, nil), Annotations: map[string]string{cli.TakesWord: "yes"}, Short: "Call any method of the node, as bitcoin-cli does.",
		Example: "toychain rpc getblockhash 12\ntoychain rpc --named getblock blockhash=HASH verbosity=2\ntoychain rpc help getblock",
		Long: `Call any method of the node, as bitcoin-cli does.

Where the method wants a string, an argument is sent as one. Any other that is a JSON
number, true, false, null, an array or an object is sent as such, and the rest as
strings; write -- before a negative number. Blocks and transactions may be named as in
'toychain chain block' and 'toychain chain tx', and a wallet instead of its address. The result is printed as JSON, and a
string without its quotes.`,
		Args: cli.Args(1, math.MaxInt, "METHOD: 'toychain rpc help' lists them"),
	}
	named := cmd.Flags().Bool("named", false, "arguments are `NAME=VALUE`")
	return on(cmd, nothing, func(ctx context.Context, _ none, given []string) error {
		if given[0] == "help" && len(given) <= 2 && !*named {
			_, err := fmt.Fprintln(a.Stdout, server.Help(append(given, "")[1]))
			return err
		}
		n, err := a.dial()
		if err != nil {
			return err
		}
		var result json.RawMessage
		params, err := a.arguments(ctx, n, given[0], given[1:], *named)
		if err == nil {
			err = n.Call(ctx, given[0], params, &result)
		}
		if hasCode(err, rpc.CodeMethodNotFound) {
			hint := ""
			if near, far := nearest.Of(given[0], slices.Sorted(maps.Keys(server.Methods()))); far <= 2 {
				hint = "did you mean " + near + "? "
			}
			return &userError{fmt.Sprintf("the node has no method %q: %s'toychain rpc help' lists them", given[0], hint), err}
		}
		if err != nil {
			return err
		}
		return a.printResult(result)
	})
}

// arguments returns a method's arguments as they are sent, by position or by name.
func (a *app) arguments(ctx context.Context, n target, method string, given []string, named bool) (_ any, err error) {
	known, list, byName := server.Methods()[method], make([]any, len(given)), make(map[string]any)
	for i, text := range given {
		at := i
		name, value, ok := strings.Cut(text, "=")
		if named {
			if !ok || name == "" {
				return nil, cli.Usagef("%q: want NAME=VALUE", text)
			}
			if _, twice := byName[name]; twice {
				return nil, cli.Usagef("%s is given twice", name)
			}
			at, text = slices.IndexFunc(known, func(p rpc.Param) bool { return p.Is(name) }), value
		}
		var p rpc.Param // its zero is one that is not known
		if at >= 0 && at < len(known) {
			p = known[at]
		}
		if list[i], err = a.argument(ctx, n, p, text); err != nil {
			return nil, err
		}
		byName[name] = list[i]
	}
	if named {
		return byName, nil
	}
	return list, nil
}

// param parses an argument whose kind is not known. A hash that has digits only is a string.
func param(text string) any {
	if len(text) == 64 || strings.HasPrefix(text, `"`) || !json.Valid([]byte(text)) {
		return text
	}
	return json.RawMessage(text)
}

// printResult prints a result as bitcoin-cli does, and nothing for null.
func (a *app) printResult(result json.RawMessage) error {
	var text string
	switch {
	case string(result) == "null":
		return nil
	case json.Unmarshal(result, &text) == nil:
		_, err := fmt.Fprintln(a.Stdout, text)
		return err
	}
	return a.PrintJSON(result)
}
