package main

import (
	"context"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// show returns cmd, made to print what get returns: with --json as JSON, and otherwise
// with text.
func show[T any](a *app, cmd *cobra.Command, get func(cmd *cobra.Command, given []string) (T, error), text func(T) error) *cobra.Command {
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		v, err := get(cmd, given)
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(v)
		}
		return text(v)
	}
	return cmd
}

// onNode makes cmd call do with the node of the flags.
func (a *app) onNode(cmd *cobra.Command, do func(ctx context.Context, n target, given []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		return a.ask(cmd, func(ctx context.Context, n target) error { return do(ctx, n, given) })
	}
	return cmd
}

// showNode is show for what get asks a node.
func showNode[T any](a *app, cmd *cobra.Command, get func(ctx context.Context, n target, given []string) (T, error), text func(T) error) *cobra.Command {
	return show(a, cmd, func(cmd *cobra.Command, given []string) (v T, err error) {
		err = a.ask(cmd, func(ctx context.Context, n target) (err error) {
			v, err = get(ctx, n, given)
			return err
		})
		return v, err
	}, text)
}
