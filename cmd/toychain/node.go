package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/atomicfile"
	"toychain/mempool"
	"toychain/network"
	"toychain/node"
	"toychain/rpc/server"
	"toychain/wallet"
)

func (a *app) nodeCommand() *cobra.Command {
	return cli.Noun("node", "Run a node.", "toychain node run\ntoychain node health", a.nodeRunCommand(), a.nodeHealthCommand())
}

// nodeFlags are the flags of "node run".
type nodeFlags struct {
	node.Config
	mine, level      string
	tied, json, rest bool
}

func (a *app) nodeRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", SuggestFor: []string{"start"}, Short: "Run a node until Ctrl-C.",
		Example: `toychain node run
toychain node run --mine ADDRESS --hashrate 20000
toychain node run --datadir /tmp/second --rpc 127.0.0.1:0 --peer MULTIADDR`,
		Long: `Run a node until Ctrl-C. It prints the addresses for peers and clients on stdout, and
its log on stderr. It connects to this machine only, unless --listen says otherwise.`,
	}
	o := nodeFlags{Config: node.Config{Version: version, Pool: mempool.DefaultPolicy()}}
	f := cmd.Flags()
	f.StringSliceVar(&o.Listen, "listen", nil, "`MULTIADDR` to listen on, like /ip4/0.0.0.0/tcp/4001; may be repeated (default: this machine, any port)")
	f.StringSliceVar(&o.Peers, "peer", nil, "`MULTIADDR` of a node to stay connected to; may be repeated")
	f.BoolVar(&o.MDNS, "mdns", false, "look for nodes on the local network")
	f.StringVar(&a.global.rpc, "rpc", "", "`HOST:PORT` for clients; 127.0.0.1 is ::1 as well, port 0: any (default: this machine, the network's usual port)")
	f.BoolVar(&o.rest, "rest", false, "answer Core's REST requests too, at the same address: reading needs no password then")
	f.StringVar(&o.mine, "mine", "", "mine continuously, for this `ADDRESS` or wallet")
	f.Float64Var(&o.Hashrate, "hashrate", 0, "with --mine, at most `N` hashes per second; 0: no limit")
	f.IntVar(&o.Pool.BlockSize, "block-max-size", consensus.MaxBlockSize, "the largest block that it makes, in `BYTES`; it accepts larger ones")
	f.IntVar(&o.Threads, "threads", 0, "of the miner; 0: one for each core")
	f.DurationVar(&o.Clock, "clock-offset", 0, "set the node's clock wrong, by `TIME` like 2h or -30m")
	f.StringVar(&o.Name, "name", "", "`NAME` of the node, which its blocks contain")
	f.StringVar(&o.Key, "node-key", "", "private `KEY` of the node's peer ID, as in the file node.key; safer in TOYCHAIN_NODE_KEY")
	f.StringVar(&o.level, "log-level", "info", "debug, info, warn or error")
	f.BoolVar(&o.json, "log-json", false, "log as JSON, for programs")
	f.BoolVar(&o.tied, "exit-on-stdin-close", false, "end when stdin is closed, and so with the program that started it")
	cli.Settable(f, "listen", "peer", "mdns", "rpc", "rest", "mine", "hashrate", "block-max-size", "threads", "name", "node-key", "log-level", "log-json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.process {
			cli.DropPassphrase()
		}
		return a.runNode(cmd.Context(), o)
	}
	return cmd
}

// checkBlockSize checks --block-max-size.
func checkBlockSize(bytes int) error {
	if bytes < minBlockSize || bytes > consensus.MaxBlockSize {
		return cli.Usagef("--block-max-size %d: want %d to %d bytes", bytes, minBlockSize, consensus.MaxBlockSize)
	}
	return nil
}

// minBlockSize is the smallest limit for blocks: a few payments have room beside the coinbase. Ours.
const minBlockSize = 2000

// complete sets what the flags do not say in the words of node.Config.
func (a *app) complete(o *nodeFlags) (err error) {
	if o.Params, err = network.Load(a.global.network); err != nil {
		return err
	}
	o.Dir = a.networkDir(o.Params)
	if o.Hashrate < 0 || o.Threads < 0 {
		return cli.Usagef("--hashrate and --threads: want 0 or more")
	}
	if err := checkBlockSize(o.Pool.BlockSize); err != nil {
		return err
	}
	if err := checkClock("--clock-offset", o.Clock); err != nil {
		return err
	}
	for _, addr := range o.Listen {
		if err := checkMultiaddr("--listen", addr, false); err != nil {
			return err
		}
	}
	for _, addr := range o.Peers {
		if err := checkMultiaddr("--peer", addr, true); err != nil {
			return err
		}
	}
	if o.Key != "" {
		if err := node.CheckKey(o.Key); err != nil {
			return cli.Usagef("--node-key: %w: want the text of a file node.key, as a node makes it", err)
		}
	}
	if err := checkHostPort(cmp.Or(a.global.rpc, usualAddr(o.Params.Name))); err != nil {
		return err
	}
	if o.mine != "" {
		to, err := a.addressOf("--mine", o.mine)
		if err != nil {
			return err
		}
		o.MineTo = to.Script()
	}
	o.Log, err = a.logger(o.level, o.json)
	return err
}

// logger returns a log on stderr.
func (a *app) logger(name string, asJSON bool) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, cli.Usagef("--log-level %q: want debug, info, warn or error", name)
	}
	plain := &slog.HandlerOptions{Level: level}
	switch {
	case asJSON:
		return slog.New(slog.NewJSONHandler(a.Stderr, plain)), nil
	case cli.IsTerminal(a.Stderr):
		return slog.New(tint.NewTextHandler(a.Stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly,
			NoColor: !bool(a.Colours(a.Stderr))})), nil
	}
	return slog.New(slog.NewTextHandler(a.Stderr, plain)), nil
}

// runNode runs a node until ctx ends, a client calls stop, or the node fails. The RPC
// server ends before the node.
func (a *app) runNode(ctx context.Context, o nodeFlags) error {
	if err := a.complete(&o); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.tied {
		go func() {
			io.Copy(io.Discard, a.Stdin)
			stop()
		}()
	}
	n, err := node.Open(o.Config)
	if err != nil {
		return remedied(err, a.global.network)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	srv, err := server.New(server.Config{Listen: cmp.Or(a.global.rpc, usualAddr(o.Params.Name)), Dir: o.Dir,
		User: a.global.rpcUser, Pass: a.global.rpcPassword, REST: o.rest, Log: o.Log, Stop: stop}, n)
	if err != nil {
		end()
		return errors.Join(err, n.Run(life)) // which only closes it
	}
	ended := make(chan error, 1)
	go func() {
		ended <- n.Run(life)
		stop()
	}()
	err = a.announce(ctx, n, &o, srv.Addr())
	if err != nil {
		stop()
	}
	err = errors.Join(err, srv.Run(ctx))
	os.Remove(filepath.Join(o.Dir, addrFile))
	end()
	return remedied(errors.Join(err, <-ended), a.global.network)
}

// announce writes the node's address to a file for clients, and prints how to reach it.
func (a *app) announce(ctx context.Context, n *node.Node, cfg *nodeFlags, addr string) error {
	if err := atomicfile.Replace(filepath.Join(cfg.Dir, addrFile), atomicfile.Synced([]byte(addr+"\n"))); err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() {
			cfg.Log.Warn("clients on other machines can connect: the password is sent unencrypted", "rpc", addr)
			if cfg.rest {
				cfg.Log.Warn("they can read the chain and the mempool by REST without a password", "rest", addr)
			}
		}
	}
	var height block.Height
	if err := n.Look(ctx, func(e *engine.Engine) { height = e.Tree().Tip().Height }); err != nil {
		return nil // the node has ended, and Run returns the reason
	}
	t := cli.Table(a.Stdout)
	fmt.Fprintf(t, "toychain %s\tnetwork %s, height %s\n", version, cfg.Params.Name, cli.Count(height))
	fmt.Fprintf(t, "directory\t%s\n", cfg.Dir)
	for _, at := range n.Net().Addrs() {
		fmt.Fprintf(t, "peer\t%s\n", at)
	}
	fmt.Fprintf(t, "rpc\t%s\n", addr)
	if cfg.rest {
		fmt.Fprintf(t, "rest\thttp://%s/rest/chaininfo.json and others, without a password\n", addr)
	}
	if to, ok := wallet.AddressOf(cfg.MineTo); ok {
		limit := ""
		if cfg.Hashrate > 0 {
			limit = ", at most " + cli.Hashes(cfg.Hashrate)
		}
		fmt.Fprintf(t, "mining\tfor %s%s\n", to.Encode(cfg.Params.Prefixes), limit)
	} else if a.typed["hashrate"] {
		fmt.Fprintln(t, "mining\tno: --hashrate is only a limit; add --mine ADDRESS")
	}
	return t.Flush()
}

func (a *app) nodeHealthCommand() *cobra.Command {
	type health struct {
		Healthy bool   `json:"healthy"`
		RPC     string `json:"rpc"`
	}
	return show(a, &cobra.Command{
		Use: "health", Short: "Check that a node answers; needs no password.",
		Example: "toychain node health\ntoychain node health --rpc 127.0.0.1:18555 && echo up",
		Long: `Check that a node answers; this needs no password. The exit code is 0 if it does and
3 if it does not, for scripts and for health checks of containers.`,
	}, a.dial, func(ctx context.Context, n target, _ []string) (health, error) {
		return health{true, a.asked}, n.Health(ctx)
	}, func(w io.Writer, h health) { fmt.Fprintf(w, "the node at %s answers\n", h.RPC) })
}
