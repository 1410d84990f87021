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
	"toychain/chat"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) chatCommand() *cobra.Command {
	return cli.Noun("chat", "Talk on the chain: each message is a signed transaction.",
		"toychain chat send 'hello, all' --wallet alice\ntoychain chat list\ntoychain chat follow --node n2",
		a.chatSendCommand(), a.chatListCommand(), a.chatFollowCommand(), a.chatSearchCommand())
}

func (a *app) chatSendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "send TEXT", SuggestFor: []string{"say", "post", "write"}, Short: "Say something, and print the message's ID.",
		Example: "toychain chat send 'hello, all' --wallet alice\ntoychain chat send 'hello again' --wallet alice --as alice",
		Long: `Say something to all, and print the message's ID: the txid of its first part. A
message is a transaction with a data carrier, signed by the wallet; one of more than 69
bytes is several, up to 16. It costs their fees. The first message of a wallet also pays
a little to the address that its messages are from, so that they are all from one.

With --as, the wallet is known by a name from now on: the claim is signed, and on the
chain too. A name belongs to the first who claims it, and an address keeps its first
name; without one, its address is shown.

A message is pending until a block has it, and a reorganisation can take it back.`,
		Args: cli.Args(1, 1, "TEXT in quotes"),
	}
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	as := cmd.Flags().String("as", "", "be known by this `NAME` from now on: 1 to 12 small letters and digits")
	return show(a, cmd, nothing, func(ctx context.Context, _ none, given []string) (chat.Sent, error) {
		now := time.Now()
		if _, err := chat.Split(given[0], now); err != nil {
			return chat.Sent{}, cli.UsageError{Err: err}
		}
		if err := chat.CheckName(*as); *as != "" && err != nil {
			return chat.Sent{}, cli.UsageError{Err: fmt.Errorf("--as %w", err)}
		}
		at, n, err := a.payer(ctx, *name)
		if err != nil {
			return chat.Sent{}, err
		}
		keys, err := a.unlock(ctx, at.Wallet(), pass)
		if err != nil {
			return chat.Sent{}, err
		}
		w := chat.Writer{Payer: at, Keys: keys, Prefixes: n.params.Prefixes}
		return w.Say(ctx, given[0], *as, now)
	}, func(t io.Writer, s chat.Sent) { fmt.Fprintln(t, s.ID) })
}

const aboutChatOrder = `
By default the order is that of the chain: nodes that agree on the chain agree on it. With
--by written it is that of the times that the authors signed, which a clock that is wrong,
or a liar, can set to anything.`

// byFlag adds --by to a command that lists messages.
func byFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("by", "chain", "`ORDER`: chain or written")
}

func (a *app) chatListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", SuggestFor: []string{"ls", "read", "show"}, Short: "List the messages that a node knows.",
		Example: "toychain chat list\ntoychain chat list --by written --node n2\ntoychain chat list --json",
		Long: `List the messages that a node knows, with what they are there: pending (no block has it),
confirmed, or taken-back: a block of the best chain had it, and that block is stale now.
` + aboutChatOrder,
	}
	by := byFlag(cmd)
	return show(a, cmd, a.dial, func(ctx context.Context, n target, _ []string) ([]chat.Message, error) {
		return messages(ctx, n, *by, nil)
	}, a.printMessages)
}

func (a *app) chatSearchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "search WORDS...", SuggestFor: []string{"find", "grep"}, Short: "List the messages that have all of some words.",
		Example: "toychain chat search hello\ntoychain chat search alice lunch",
		Long: `List the messages that have all of some words in their text or their author's name.
Capitals do not matter.
` + aboutChatOrder,
		Args: cobra.MinimumNArgs(1),
	}
	by := byFlag(cmd)
	return show(a, cmd, a.dial, func(ctx context.Context, n target, given []string) ([]chat.Message, error) {
		return messages(ctx, n, *by, given)
	}, a.printMessages)
}

// messages returns a node's messages that have all of these words.
func messages(ctx context.Context, n target, by string, words []string) ([]chat.Message, error) {
	if by != "chain" && by != "written" {
		return nil, cli.Usagef("--by %q: want chain or written", by)
	}
	all, err := chat.NewReader(n.Client, n.params.Prefixes).Read(ctx)
	if by == "written" {
		chat.ByTime(all)
	}
	out := []chat.Message{}
	for i := range all {
		if all[i].Matches(words) {
			out = append(out, all[i])
		}
	}
	return out, err
}

func (a *app) printMessages(t io.Writer, all []chat.Message) {
	if len(all) == 0 {
		fmt.Fprintln(t, "nothing was said")
		return
	}
	for i := range all {
		fmt.Fprintln(t, a.messageLine(&all[i]))
	}
}

// messageLine returns a message on one line.
func (a *app) messageLine(m *chat.Message) string {
	c := a.Colours(a.Stdout)
	where := string(m.State)
	switch m.State {
	case chat.Confirmed:
		where = "block " + cli.Count(m.Height)
	case chat.TakenBack:
		where = c.Yellow(where)
	case chat.Pending:
		if m.Missing > 0 {
			where = fmt.Sprintf("pending, %d of %d parts", m.Parts-m.Missing, m.Parts)
		}
	}
	return fmt.Sprintf("%s  %s: %s  (%s)", time.UnixMilli(m.TimeMS).Format("15:04:05.000"), c.Bold(m.From), m.Text, where)
}

func (a *app) chatFollowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "follow", SuggestFor: []string{"watch", "tail"}, Short: "Show messages as they come, until Ctrl-C.",
		Example: "toychain chat follow\ntoychain chat follow --node n2 --json",
		Long: `Show the messages that a node knows, and then each one that comes or changes: pending,
confirmed, taken-back. It ends with Ctrl-C. With --json each is a line of JSON.`,
	}
	asJSON := cli.JSONFlag(cmd)
	return on(cmd, a.dial, func(ctx context.Context, n target, _ []string) error {
		reader := chat.NewReader(n.Client, n.params.Prefixes)
		shown := make(map[block.Hash]chat.Message)
		look := func() error {
			all, err := reader.Read(ctx)
			for i := range all {
				if shown[all[i].ID] == all[i] {
					continue
				}
				shown[all[i].ID] = all[i]
				if *asJSON {
					err = errors.Join(err, a.PrintJSONLine(all[i]))
				} else {
					_, bad := fmt.Fprintln(a.Stdout, a.messageLine(&all[i]))
					err = errors.Join(err, bad)
				}
			}
			return err
		}
		var begun error
		err := n.Watch(ctx, func() { begun = look() }, func(e rpc.Event) error {
			if begun != nil || !strings.Contains(" tx dropped tip reorg ", " "+e.Event+" ") {
				return begun
			}
			return look()
		})
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
}
