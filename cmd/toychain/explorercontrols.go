package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"toychain/explorer"
	"toychain/testnet"
)

// controls are the commands that the page of a testnet may run, with {NAME} for each value.
var controls = []explorer.Control{
	{Verb: "mine", Of: "node", Label: "mine", Command: "mine {blocks} --node {node}"},
	{Verb: "start", Of: "node", Label: "start mining", Command: "testnet hashrate {node} {rate}"},
	{Verb: "stop", Of: "node", Label: "stop mining", Command: "testnet hashrate {node} 0"},
	{Verb: "kill", Of: "node", Label: "kill", Command: "testnet kill {node}"},
	{Verb: "restart", Of: "node", Label: "restart", Command: "testnet restart {node}"},
	{Verb: "cut", Of: "network", Label: "cut", Command: "testnet partition {groups}"},
	{Verb: "heal", Of: "network", Label: "heal", Command: "testnet heal"},
	{Verb: "link", Of: "link", Label: "slow down", Command: "testnet link {node} {other} --delay {delay} --loss {loss}"},
	{Verb: "perfect", Of: "link", Label: "make perfect", Command: "testnet link {node} {other} --clear"},
	{Verb: "pay", Of: "payment", Label: "pay", Command: "wallet send {to} {amount} --wallet {from} --node {node}"},
}

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

// Do runs a command as a process, so that it is the very command that is shown.
func (c *ownCommands) Do(ctx context.Context, verb string, values map[string]string) error {
	i := slices.IndexFunc(controls, func(o explorer.Control) bool { return o.Verb == verb })
	if i < 0 {
		return fmt.Errorf("there is no control %q", verb)
	}
	args, err := fillIn(controls[i].Command, values)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, append(args, c.flags...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s%w", said.String(), err)
	}
	return nil
}

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
