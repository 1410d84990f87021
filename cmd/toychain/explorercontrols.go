package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"toychain/block"
	"toychain/explorer"
	"toychain/testnet"
)

// controls are the commands that the page of a testnet may run, with {NAME} for each value.
var controls = append(slices.Clone(explorer.Common), []explorer.Control{
	{Verb: "pay", Of: "payment", Label: "pay", Command: payCommand},
	{Verb: "chat", Of: "chat", Label: "say it", Command: "chat send {text} --wallet {from} --node {node}"},
	{Verb: "twice", Of: "payment", Label: "spend twice", Command: payCommand + "; toychain " + againCommand},
}...)

// The commands that spend one coin twice: the second one pays the payer itself with the coin
// that the first one spends, on another node.
const (
	payCommand   = "wallet send {to} {amount} --wallet {from} --node {node}"
	againCommand = "wallet send {from} {amount} --wallet {from} --node {other} --coin {coin}"
)

// ownCommands runs commands of this program on one testnet.
type ownCommands struct {
	list  []explorer.Control
	flags []string // that name the testnet
}

func (a *app) controlsOf(t *testnet.Testnet) explorer.Controls {
	c := &ownCommands{}
	if a.typed["dir"] {
		c.flags = append(c.flags, "--dir", t.Dir())
	}
	if a.typed["datadir"] {
		c.flags = append(c.flags, "--datadir", a.global.datadir)
	}
	for _, one := range controls {
		if t.Orchestrator() != nil && slices.Contains([]string{"kill", "restart"}, one.Verb) {
			continue // what runs the nodes does that
		}
		one.Command = strings.Join(append([]string{"toychain", one.Command}, c.flags...), " ")
		c.list = append(c.list, one)
	}
	return c
}

func (c *ownCommands) List() []explorer.Control { return c.list }

// value is what a page may put into a command: no flag, and nothing but a name, a number or
// groups of names.
var value = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.,%@:-]{0,200}$`)

func (c *ownCommands) Do(ctx context.Context, verb string, values map[string]string) error {
	if verb == "twice" {
		return c.spendTwice(ctx, values)
	}
	i := slices.IndexFunc(controls, func(o explorer.Control) bool { return o.Verb == verb })
	if i < 0 {
		return fmt.Errorf("there is no control %q", verb)
	}
	_, err := c.run(ctx, controls[i].Command, values)
	return err
}

// run runs a command as a process, so that it is the very command that is shown, and returns what
// it prints.
func (c *ownCommands) run(ctx context.Context, command string, values map[string]string) ([]byte, error) {
	args, err := fillIn(command, values)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append(args, c.flags...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s%w", said.String(), err)
	}
	return out, nil
}

// spendTwice pays, and then pays with the same coin on another node. Nothing is paid unless the
// other node has the coin, too.
func (c *ownCommands) spendTwice(ctx context.Context, values map[string]string) error {
	plan, err := c.run(ctx, payCommand+" --dry-run --json", values)
	if err != nil {
		return err
	}
	var planned struct{ Hex string }
	if err := json.Unmarshal(plan, &planned); err != nil {
		return err
	}
	raw, err := hex.DecodeString(planned.Hex)
	if err != nil {
		return err
	}
	tx, err := block.ParseTx(raw)
	if err != nil {
		return err
	}
	pay := payCommand
	for _, in := range tx.Inputs {
		pay += " --coin " + in.Prev.String()
	}
	coin := tx.Inputs[0].Prev
	values["txid"], values["n"], values["coin"] = coin.TxID.String(), fmt.Sprint(coin.Index), coin.String()
	switch known, err := c.run(ctx, "rpc gettxout {txid} {n} --node {other}", values); {
	case err != nil:
		return err
	case len(bytes.TrimSpace(known)) == 0:
		return fmt.Errorf("%s has no coin that both %s and %s know and that is not spent: mine a block that reaches both, and repeat this", values["from"], values["node"], values["other"])
	}
	if _, err := c.run(ctx, pay, values); err != nil {
		return err
	}
	_, err = c.run(ctx, againCommand, values)
	return err
}

// freeText is the one value that may be anything but a flag: it becomes one argument, and no shell
// sees it.
const freeText = "text"

// fillIn returns the words of a command, with values for the names in it. One value may be
// several words.
func fillIn(command string, values map[string]string) (args []string, err error) {
	for _, word := range strings.Fields(command) {
		name, is := strings.CutPrefix(word, "{")
		if !is {
			args = append(args, word)
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if name == freeText {
			if text := values[name]; text == "" || strings.HasPrefix(text, "-") {
				return nil, fmt.Errorf("%q is no text: it must not be empty, nor begin with -", text)
			}
			args = append(args, values[name])
			continue
		}
		words := strings.Fields(values[name])
		if len(words) == 0 {
			return nil, fmt.Errorf("%s is missing", name)
		}
		for _, w := range words {
			if !value.MatchString(w) {
				return nil, fmt.Errorf("%s: %q cannot be a part of a command", name, w)
			}
			args = append(args, w)
		}
	}
	return args, nil
}
