package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"toychain/rpc"
)

// This file starts nodes.

// launch starts the process of one node, which dials these peers. A node that ran before
// gets its old ports back, so that its peers find it.
func (t *Testnet) launch(name string, peers []string) error {
	n := t.node(name)
	network := filepath.Join(n.Datadir, t.params.Name)
	if err := os.MkdirAll(n.Datadir, 0o700); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(network, addrFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // the old file must not be taken for the new node's
	}
	listen, addr := "/ip4/127.0.0.1/tcp/0", "127.0.0.1:0"
	if n.RPC != "" {
		listen, _, _ = strings.Cut(n.Multiaddr, "/p2p/")
		addr = n.RPC
	}
	args := []string{"node", "run", "--network", t.state.Network, "--datadir", n.Datadir,
		"--listen", listen, "--rpc", addr, "--name", name}
	if t.state.Hashrate > 0 {
		args = append(args, "--hashrate", strconv.FormatFloat(t.state.Hashrate, 'f', -1, 64))
	}
	if offset := t.state.Clocks[name]; offset != 0 {
		args = append(args, "--clock-offset", (time.Duration(offset) * time.Second).String())
	}
	if t.tied {
		args = append(args, "--exit-on-stdin-close")
	}
	for _, p := range peers {
		args = append(args, "--peer", p)
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

// neighboursOf returns the addresses of the nodes that a node may be connected to.
func (t *Testnet) neighboursOf(name string) (peers []string) {
	net := t.network()
	for _, to := range t.state.Nodes {
		if to.Name != name && net.May(to.Name, name) {
			peers = append(peers, to.Multiaddr)
		}
	}
	return peers
}

// start starts a node that ran before. If another process has its ports by now, it gets
// others.
func (t *Testnet) start(ctx context.Context, name string) error {
	peers := t.neighboursOf(name)
	if err := t.launch(name, peers); err != nil {
		return err
	}
	err := t.waitAnswer(ctx, []string{name})
	if err == nil || ctx.Err() != nil || t.procs[name].alive() {
		return err
	}
	n := t.node(name)
	old := n.RPC
	n.RPC = ""
	if t.launch(name, peers) == nil && t.waitAnswer(ctx, []string{name}) == nil {
		return nil
	}
	n.RPC = old
	return err // the ports were not the reason, and the first error is as good
}
