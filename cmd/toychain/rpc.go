package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) rpcCommand() *cobra.Command {
	cmd := asking(&cobra.Command{
		Use: "rpc METHOD [ARG...]", Short: "Call any method of the node, as bitcoin-cli does.",
		Example: "toychain rpc getblockhash 12\ntoychain rpc --named getblock blockhash=HASH verbosity=2\ntoychain rpc help getblock",
		Long: `Call any method of the node, as bitcoin-cli does.

An argument that is a JSON number, true, false, null, an array or an object is sent
as such, every other as a string; write -- before a negative number. The result is
printed as JSON, and a string without its quotes.`,
		Args: cli.Args(1, math.MaxInt, "METHOD: 'toychain rpc help' lists them"),
	})
	named := cmd.Flags().Bool("named", false, "arguments are `NAME=VALUE`")
	return on(cmd, a.dial, func(ctx context.Context, n target, given []string) error {
		var result json.RawMessage
		var err error
		if *named {
			var params map[string]any
			if params, err = namedParams(given[1:]); err == nil {
				err = n.Call(ctx, given[0], params, &result)
			}
		} else {
			var params []any
			for _, text := range given[1:] {
				params = append(params, param(text))
			}
			err = n.Call(ctx, given[0], params, &result)
		}
		if hasCode(err, rpc.CodeMethodNotFound) {
			return noMethod(ctx, n, given[0], err)
		}
		if err != nil {
			return err
		}
		return a.printResult(result)
	})
}

// noMethod returns the error for an unknown method, with the name that may have been meant.
func noMethod(ctx context.Context, n target, name string, err error) error {
	var help string
	if n.Call(ctx, "help", nil, &help) != nil {
		return err
	}
	methods := &cobra.Command{SuggestionsMinimumDistance: 2}
	for line := range strings.Lines(help) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "==" {
			methods.AddCommand(&cobra.Command{Use: words[0], Run: func(*cobra.Command, []string) {}})
		}
	}
	hint := ""
	if near := methods.SuggestionsFor(name); len(near) > 0 {
		hint = "did you mean " + near[0] + "? "
	}
	return &userError{fmt.Sprintf("the node has no method %q: %s'toychain rpc help' lists them", name, hint), err}
}

func namedParams(given []string) (map[string]any, error) {
	out := make(map[string]any)
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, cli.Usagef("%q: want NAME=VALUE", text)
		}
		if _, twice := out[name]; twice {
			return nil, cli.Usagef("%s is given twice", name)
		}
		out[name] = param(value)
	}
	return out, nil
}

// param parses an argument. No string parameter of a method looks like a JSON number,
// except for a hash that has digits only, and that is long.
func param(text string) any {
	const hashDigits = 64
	if len(text) == hashDigits || strings.HasPrefix(text, `"`) || !json.Valid([]byte(text)) {
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
