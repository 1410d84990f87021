package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/network"
	"toychain/rpc"
	"toychain/store"
	"toychain/testnet"
	"toychain/testnet/topology"
)

// addrFile is where a running node writes the HOST:PORT that it answers at, in its
// network's directory.
const addrFile = "rpc.addr"

// target is the node that a command talks to.
type target struct {
	*rpc.Client
	params *consensus.Params
}

// on makes cmd call do with what open returns: a node or a testnet that the flags name.
func on[N any](cmd *cobra.Command, open func() (N, error), do func(ctx context.Context, n N, given []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		n, err := open()
		if err != nil {
			return err
		}
		return do(cmd.Context(), n, given)
	}
	return cmd
}

// show makes cmd print what get returns: with --json as JSON, and otherwise as text writes
// it, where tabs separate the cells of a table.
func show[N, T any](a *app, cmd *cobra.Command, open func() (N, error),
	get func(ctx context.Context, n N, given []string) (T, error), text func(w io.Writer, v T)) *cobra.Command {
	asJSON := cli.JSONFlag(cmd)
	return on(cmd, open, func(ctx context.Context, n N, given []string) error {
		v, err := get(ctx, n, given)
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(v)
		}
		out := bufio.NewWriter(a.Stdout) // which returns an error of any line when it is flushed
		rows := cli.Table(out)
		text(rows, v)
		return errors.Join(rows.Flush(), out.Flush())
	})
}

// none is what nothing opens, for a command that needs neither a node nor a testnet.
type none struct{}

func nothing() (none, error) { return none{}, nil }

// dial returns the node that the flags name, see doc.go.
func (a *app) dial() (target, error) {
	g := &a.global
	a.takeFirst()
	if g.node != "" && (g.rpc == "" || a.typed["node"]) {
		if a.taken {
			fmt.Fprintf(a.Stderr, "the node %s of the testnet in %s\n", g.node, a.testnetFolder())
		}
		t, n, err := a.namedNode()
		if err != nil {
			return target{}, err
		}
		c, err := t.Client(n.Name)
		if err == nil {
			a.asked = n.RPC
		}
		return target{c, t.Params()}, err
	}
	if a.typed["dir"] && g.rpc == "" {
		return target{}, a.whichNode()
	}
	p, err := network.Load(g.network)
	if err != nil {
		return target{}, err
	}
	addr := g.rpc
	if addr == "" || strings.HasSuffix(addr, ":0") { // "any port" is for node run
		if addr, err = a.leftAddr(p); err != nil {
			return target{}, err
		}
	}
	if err := checkHostPort(addr); err != nil {
		return target{}, err
	}
	a.asked = addr
	c, err := rpc.Dial(addr, cmp.Or(g.cookie, filepath.Join(a.networkDir(p), rpc.CookieName)))
	// A missing cookie is no error yet: if a node answers, it will refuse the login, and if none
	// does, that error is the more useful one.
	if g.rpcUser != "" || errors.Is(err, rpc.ErrUnreachable) {
		return target{rpc.NewClient(addr, g.rpcUser, g.rpcPassword), p}, nil
	}
	return target{c, p}, err
}

// takeFirst makes the first running node of the testnet the one that is asked, as --node would, if
// no node is named and none runs in the data directory.
func (a *app) takeFirst() {
	g := &a.global
	anyPort := g.rpc == "" || strings.HasSuffix(g.rpc, ":0") && !a.typed["rpc"] // "any port" is for node run
	if g.node != "" || !anyPort || g.cookie != "" || g.rpcUser != "" || a.typed["datadir"] && !a.typed["dir"] {
		return
	}
	p, err := network.Load(g.network)
	if err != nil || !a.typed["dir"] && store.InUse(filepath.Join(a.networkDir(p), "chain")) {
		return
	}
	t, err := testnet.Open(a.testnetFolder())
	if err != nil || a.typed["network"] && p.Digest() != t.Params().Digest() {
		return
	}
	awake := slices.Concat(t.Talking()...)
	i := slices.IndexFunc(t.Names(), func(name string) bool { return slices.Contains(awake, name) })
	if i < 0 {
		return
	}
	g.node, g.rpc, a.taken = t.Names()[i], "", true
	if p.Digest() != t.Params().Digest() {
		fmt.Fprintf(a.Stderr, "the network %s, of the testnet in %s\n", t.Params().Name, t.Dir())
	}
}

// leftAddr returns the address that the node of the data directory has left there. If
// there is none, or no node has the directory open (it was killed, or the directory is a
// copy), it is the network's usual port, unless the user named the directory: then a node
// at that port is another one, and the error is rpc.ErrUnreachable.
func (a *app) leftAddr(p *consensus.Params) (string, error) {
	text, err := os.ReadFile(filepath.Join(a.networkDir(p), addrFile))
	if addr := strings.TrimSpace(string(text)); err == nil && addr != "" && store.InUse(filepath.Join(a.networkDir(p), "chain")) {
		return addr, nil
	}
	if a.command.Flags().Changed("datadir") {
		return "", &userError{fmt.Sprintf("no node runs in %s: start one with 'toychain node run', or name another with --rpc", a.networkDir(p)), rpc.ErrUnreachable}
	}
	return usualAddr(p.Name), nil
}

// namedNode returns the node of the testnet that --node names, and the testnet.
func (a *app) namedNode() (*testnet.Testnet, testnet.Node, error) {
	t, err := a.namedTestnet()
	if err != nil {
		return nil, testnet.Node{}, err
	}
	i := slices.Index(t.Names(), a.global.node)
	if i < 0 {
		return nil, testnet.Node{}, topology.NoNode(a.global.node, t.Names())
	}
	return t, t.Nodes()[i], nil
}

// namedTestnet returns the testnet that the flags name. If --network is given too, it
// must be the testnet's.
func (a *app) namedTestnet() (*testnet.Testnet, error) {
	t, err := a.openTestnet()
	if err != nil || !a.typed["network"] {
		return t, err
	}
	p, err := network.Load(a.global.network)
	if err == nil && p.Digest() != t.Params().Digest() {
		err = fmt.Errorf("the testnet in %s runs the network %s, --network names %s: leave --network out", t.Dir(), t.Params().Name, p.Name)
	}
	return t, err
}

// whichNode returns the error for flags that name a testnet, but none of its nodes.
func (a *app) whichNode() error {
	t, err := a.openTestnet()
	if err != nil {
		return err
	}
	return cli.Usagef("a node of the testnet is wanted: name it with --node; there are %s", strings.Join(t.Names(), ", "))
}

// findDatadir replaces a leading ~ in --datadir, which a shell leaves in --datadir=~/x
// and in the environment.
func (a *app) findDatadir() error {
	dir := a.global.datadir
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || rest[0] == filepath.Separator) {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("the home directory is not known: %w: choose a directory with --datadir", err)
		}
		dir = filepath.Join(home, rest)
	}
	dir, err := filepath.Abs(dir)
	a.global.datadir = dir
	return err
}

// networkDir returns the directory of a network's data.
func (a *app) networkDir(p *consensus.Params) string { return filepath.Join(a.global.datadir, p.Name) }

// testnetFolder returns the directory of the testnet.
func (a *app) testnetFolder() string {
	return cmp.Or(a.global.testnetDir, filepath.Join(a.global.datadir, testnetName))
}

// openTestnet returns the testnet in its directory.
func (a *app) openTestnet() (*testnet.Testnet, error) {
	t, err := testnet.Open(a.testnetFolder())
	if err == nil {
		t.Notify(func(s string) { fmt.Fprintln(a.Stderr, s) })
	}
	return t, err
}

// network returns the network that the flags name, without asking a node. With --node, or a node
// of the testnet that is asked because none is named, it is the testnet's.
func (a *app) network() (*consensus.Params, error) {
	a.takeFirst()
	if a.global.node == "" || a.typed["network"] || a.typed["rpc"] {
		return network.Load(a.global.network)
	}
	t, err := a.openTestnet()
	if err != nil {
		return nil, err
	}
	return t.Params(), nil
}

// explain returns what an error of the node that was asked means for the user, and what to
// do.
func (a *app) explain(err error) error {
	addr := a.asked
	switch no, ok := errors.AsType[*rpc.Error](err); {
	case addr == "":
		return err
	case errors.Is(err, rpc.ErrUnreachable):
		return &userError{fmt.Sprintf("no node answers at %s: start one with 'toychain node run', or name another with --rpc%s", addr, a.nodeHint()), err}
	case errors.Is(err, rpc.ErrRefused):
		return &userError{fmt.Sprintf("the node at %s refuses the login: it wants the cookie of its own directory (--datadir, --network or --cookie), or --rpc-user and --rpc-password", addr), err}
	case ok && err == error(no):
		return &userError{"the node refuses: " + err.Error(), err}
	}
	return err
}

// hasCode reports whether err is a node's, with this code.
func hasCode(err error, code rpc.Code) bool {
	no, ok := errors.AsType[*rpc.Error](err)
	return ok && no.Code == code
}

// nodeHint returns the names of the testnet's nodes, if it is up.
func (a *app) nodeHint() string {
	t, err := a.openTestnet()
	if err != nil || a.global.node != "" || !t.Alive() {
		return ""
	}
	return "; a testnet is up: choose one of its nodes with --node (" + strings.Join(t.Names(), ", ") + ")"
}
