//go:build unix

package testnet

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"toychain/internal/atomicfile"
	"toychain/mempool"
	"toychain/network"
	"toychain/node"
	"toychain/rpc/server"
)

// realNodes has the test start real nodes.
func realNodes(t *testing.T) {
	t.Helper()
	t.Setenv("TESTNET_NODE", "real")
}

// runRealNode is a minimal "toychain node run": a real node and its RPC.
func runRealNode(args []string) int {
	f := flag.NewFlagSet("node run", flag.ContinueOnError)
	netName := f.String("network", "", "")
	data := f.String("datadir", "", "")
	listen := f.String("listen", "", "")
	addr := f.String("rpc", "", "")
	name := f.String("name", "", "")
	hashrate := f.Float64("hashrate", 0, "")
	clock := f.Duration("clock-offset", 0, "")
	tied := f.Bool("exit-on-stdin-close", false, "")
	f.Bool("rest", false, "")
	var peers []string
	f.Func("peer", "", func(s string) error { peers = append(peers, s); return nil })
	if err := f.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if *tied {
		go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	}
	params, err := network.Load(*netName)
	if err == nil {
		dir := filepath.Join(*data, params.Name)
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		err = serveNode(ctx, stop, *addr, node.Config{Params: params, Dir: dir, Name: *name, Version: "0.0.0",
			Listen: []string{*listen}, Peers: peers, Hashrate: *hashrate, Clock: *clock, Pool: mempool.DefaultPolicy(), Log: log})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// serveNode runs a node and its RPC until ctx ends.
func serveNode(ctx context.Context, stop func(), addr string, cfg node.Config) error {
	n, err := node.Open(cfg)
	if err != nil {
		return err
	}
	s, err := server.New(server.Config{Listen: addr, Dir: cfg.Dir, Log: cfg.Log, Stop: stop}, n)
	if err != nil {
		return err
	}
	done := make(chan error, 2)
	go func() { done <- n.Run(ctx) }()
	go func() { done <- s.Run(ctx) }()
	path := filepath.Join(cfg.Dir, addrFile)
	if err := atomicfile.Replace(path, atomicfile.Synced([]byte(s.Addr()+"\n"))); err != nil {
		return err
	}
	first := <-done
	stop()
	if err := <-done; first == nil {
		first = err
	}
	os.Remove(path)
	return first
}
