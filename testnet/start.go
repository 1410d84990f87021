package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/consensus"
	"toychain/rpc"
	"toychain/wallet"
)

// This file starts nodes.

// launch starts the process of one node, which dials the nodes that ran before it and that it
// may be connected to. A node that ran before gets its old ports back, so that its peers find
// it, unless another process has them by now.
func (t *Testnet) launch(name string) error {
	n := t.node(name)
	if err := t.within(name); err != nil {
		return err
	}
	if err := os.MkdirAll(n.Datadir, 0o700); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(n.Datadir, t.params.Name, addrFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // the old file must not be taken for the new node's
	}
	listen, addr := "/ip4/127.0.0.1/tcp/0", "127.0.0.1:0"
	if n.RPC != "" && portsFree(*n) {
		listen, _, _ = strings.Cut(n.Multiaddr, "/p2p/")
		addr = n.RPC
	}
	args := []string{"node", "run", "--network", t.state.Network, "--datadir", n.Datadir,
		"--listen", listen, "--rpc", addr, "--rest", "--name", name}
	if t.state.Hashrate > 0 {
		args = append(args, "--hashrate", strconv.FormatFloat(t.state.Hashrate, 'f', -1, 64))
	}
	if t.state.BlockMax > 0 {
		args = append(args, "--block-max-size", strconv.Itoa(t.state.BlockMax))
	}
	if offset := t.state.Clocks[name]; offset != 0 {
		args = append(args, "--clock-offset", (time.Duration(offset) * time.Second).String())
	}
	if t.tied {
		args = append(args, "--exit-on-stdin-close")
	}
	network := t.network()
	for _, to := range t.state.Nodes {
		if to.Name != name && to.Multiaddr != "" && network.May(to.Name, name) {
			args = append(args, "--peer", to.Multiaddr)
		}
	}
	binary, err := program(t.state.Binary)
	if err != nil {
		return err
	}
	p, err := launch{binary: binary, args: args, dir: n.Datadir, log: n.Log, tied: t.tied}.start()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.procs[name], n.PID, t.state.Born[name] = p, p.pid, p.born
	return nil
}

// program returns the file to start nodes from: binary, or this program's own if that is
// gone, as the one of "go run" is once it has ended.
func program(binary string) (string, error) {
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	return os.Executable()
}

// waitAnswer waits until these nodes answer by RPC, and stores how to reach them.
func (t *Testnet) waitAnswer(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	nodes := make([]*Node, len(names)) // looked up now: each goroutine writes to its own
	for i, name := range names {
		nodes[i] = t.node(name)
	}
	return each(names, func(i int, name string) error {
		n, p := nodes[i], t.procs[name]
		var last error
		err := Poll(ctx, func() (bool, error) {
			if !p.alive() {
				last = nil // it never will answer
				return false, fmt.Errorf("the node ended by itself: %s (its log is %s)", exitReason(n.Log, p.said), n.Log)
			}
			last = t.greet(ctx, n)
			return last == nil, nil
		})
		if err != nil && last != nil {
			return fmt.Errorf("%w; it does not answer: %w; its log is %s", err, last, n.Log)
		}
		return err
	})
}

// greet calls a node for its peer ID and address.
func (t *Testnet) greet(ctx context.Context, n *Node) error {
	b, err := os.ReadFile(filepath.Join(n.Datadir, t.params.Name, addrFile))
	if err != nil {
		return err
	}
	addr := strings.TrimSpace(string(b))
	c, err := t.Dial(Node{RPC: addr, Cookie: n.Cookie})
	if err != nil {
		return err
	}
	info, err := rpc.GetNetworkInfo.Call(ctx, c, rpc.None{})
	if err != nil {
		return err
	}
	if info.PeerID == "" || len(info.Multiaddrs) == 0 {
		return errors.New("it does not listen to peers yet")
	}
	n.RPC, n.PeerID, n.Multiaddr = addr, info.PeerID, info.Multiaddrs[0]
	return nil
}

// portsFree reports whether a node that does not run can have its old ports again.
func portsFree(n Node) bool {
	parts := strings.Split(n.Multiaddr, "/") // "", ip4, host, tcp, port, p2p, id
	if len(parts) < 5 {
		return true // it never had any
	}
	for _, addr := range []string{n.RPC, net.JoinHostPort(parts[2], parts[4])} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// MinersWords are the twelve words of the wallet that receives what the nodes mine, unless
// Config.MineTo says otherwise: those of every example about BIP39. Everyone knows them,
// so everyone can spend the coins, and "wallet restore" makes the wallet yours.
const MinersWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// MinerAddress returns the i-th node's address in the wallet of MinersWords, from 0.
func MinerAddress(params *consensus.Params, i int) (string, error) {
	keys, err := wallet.NewKeychain(MinersWords, "", params.Prefixes)
	if err != nil {
		return "", err
	}
	to, err := keys.Account().Address(wallet.Path{Branch: wallet.Receive, Index: uint32(i)})
	if err != nil {
		return "", err
	}
	return to.Encode(params.Prefixes), nil
}

// MinerOf returns the address that receives what a node of the testnet mines.
func (t *Testnet) MinerOf(name string) (string, error) {
	if t.state.MineTo != "" {
		return t.state.MineTo, nil
	}
	return MinerAddress(t.params, t.numberOf(name))
}

// Hashrate has nodes mine by themselves, each at most at the given rate in hashes per second, or 0
// for no cap; below 0 they stop. It holds for nodes that are started again too.
func (t *Testnet) Hashrate(ctx context.Context, names []string, rate float64) error {
	for _, name := range names {
		if _, err := t.named(name); err != nil {
			return fmt.Errorf("hashrate: %w", err)
		}
	}
	return t.change(ctx, "hashrate", []string{strings.Join(names, ","), strconv.FormatFloat(rate, 'f', -1, 64)}, func() error {
		before := t.state.Rates
		t.state.Rates = maps.Clone(before)
		if t.state.Rates == nil {
			t.state.Rates = map[string]float64{}
		}
		for _, name := range names {
			t.state.Rates[name] = rate
		}
		awake := slices.DeleteFunc(t.awake(), func(name string) bool { return !slices.Contains(names, name) })
		err := t.setMiners(ctx, awake)
		if err == nil {
			return nil
		}
		after := t.state.Rates
		t.state.Rates = before
		undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if bad := t.setMiners(undoing, awake); bad != nil {
			t.state.Rates = after
			return fmt.Errorf("incomplete, repeat the command: %w; it cannot be undone: %w", err, bad)
		}
		return undone{err}
	})
}

// Rate returns the cap of a node's miner in hashes per second, 0 if it has none, and whether the
// node is to mine by itself.
func (t *Testnet) Rate(name string) (cap float64, mines bool) {
	if rate, ok := t.state.Rates[name]; ok {
		return max(rate, 0), rate >= 0
	}
	return t.state.Hashrate, t.state.Mine
}

// mine sets the miners of these nodes as planned. A node begins once it is connected: before, it
// would mine a chain that only it has.
func (t *Testnet) mine(ctx context.Context, names []string) error {
	if !t.state.Mine && t.state.Rates == nil {
		return nil
	}
	return t.setMiners(ctx, names)
}

// setMiners is mine, also if no node is to mine.
func (t *Testnet) setMiners(ctx context.Context, names []string) error {
	return t.ask(names, func(i int, c *rpc.Client) error {
		rate, mines := t.Rate(names[i])
		if !mines {
			_, err := c.SetMining(ctx, "", 0)
			return err
		}
		to, err := t.MinerOf(names[i])
		if err == nil {
			_, err = c.SetMining(ctx, to, rate)
		}
		if err != nil {
			return fmt.Errorf("mining for %s: %w", to, err)
		}
		return nil
	})
}
