package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"toychain/rpc"
	"toychain/testnet/topology"
)

// network returns which nodes there are, and which of them may be connected.
func (t *Testnet) network() *topology.Network {
	return &topology.Network{Nodes: t.state.names(), Groups: t.state.Groups, Pairs: t.state.Pairs}
}

// planned returns the connections that there are to be, without those over which one
// end hears nothing of the other.
func (t *Testnet) planned() []topology.Pair {
	return slices.DeleteFunc(t.network().Planned(), func(p topology.Pair) bool {
		return slices.ContainsFunc(t.state.Links, func(l topology.Link) bool { return l.OneWay() && l.Pair().Joins(p[0], p[1]) })
	})
}

// Talking returns the nodes that run, are not paused and can reach each other as
// planned, directly or through others: one group for each part of the network.
func (t *Testnet) Talking() [][]string { return topology.Parts(t.awake(), t.planned()) }

// Connect makes these the network's connections, and no others: the nodes of a pair are
// connected unless they are in different groups of a partition. Nil makes a mesh again.
// See topology.Shape.
func (t *Testnet) Connect(ctx context.Context, pairs []topology.Pair) error {
	var args []string
	for _, p := range pairs {
		args = append(args, p.String())
	}
	return t.replan(ctx, "connect", args, func() { t.state.Pairs = slices.Clone(pairs) })
}

// liftBans lifts a node's bans of other nodes, which is said: else they would not be connected.
func (t *Testnet) liftBans(ctx context.Context, name string, c *rpc.Client) error {
	bans, err := c.Bans(ctx)
	for _, b := range bans {
		if other := t.nameOf(b.Address); t.node(other) != nil && err == nil {
			err = rpc.SetBan.Do(ctx, c, rpc.SetBanArgs{Peer: b.Address, Command: "remove"})
			t.say(fmt.Sprintf("%s had banned %s: the ban is lifted", name, other))
		}
	}
	return err
}

// step is done with each node.
type step func(ctx context.Context, name string, c *rpc.Client) error

// join connects the awake nodes as planned, and returns when they are: no node is
// connected to another group, and all planned connections stand. The nodes keep it so by
// themselves. Nodes that have just started also get the faults of their links and clocks.
func (t *Testnet) join(ctx context.Context, first ...step) (err error) {
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	// First all blocklists, then the calls: a call to a node that still blocks the caller
	// would be repeated only seconds later.
	for _, f := range append(first, t.configure, t.dialPeers) {
		if err == nil {
			err = t.reach(ctx, f)
		}
	}
	if err == nil {
		err = t.waitJoined(ctx, t.awake())
	}
	if err == nil {
		t.state.Incomplete = ""
	}
	return err
}

// unasked returns an error that names the nodes of an orchestrator that do not answer: they cannot be
// configured later, when they do.
func (t *Testnet) unasked() error {
	awake := t.awake()
	if t.state.Runner == nil || len(awake) == len(t.state.Nodes) {
		return nil
	}
	silent := slices.DeleteFunc(t.state.names(), func(name string) bool { return slices.Contains(awake, name) })
	return fmt.Errorf("%s: no answer, so nothing was changed there; repeat the command once %s runs it", strings.Join(silent, ", "), t.state.Runner.Name)
}

// reach calls f for all awake nodes at once. Those that cannot be reached are skipped, as if they
// were down, which is said.
func (t *Testnet) reach(ctx context.Context, f step) error {
	return each(t.awake(), func(_ int, name string) error {
		c, err := t.Client(name)
		if err == nil {
			err = f(ctx, name, c)
		}
		if err == nil || ctx.Err() != nil || c != nil && !errors.Is(err, rpc.ErrUnreachable) && !errors.Is(err, rpc.ErrRefused) {
			return err
		}
		t.mu.Lock()
		t.lost[name] = true
		t.mu.Unlock()
		t.say(fmt.Sprintf("%s is skipped, it cannot be reached (%s); it follows with: toychain testnet restart %s --dir %s", name, err, name, t.dir))
		return nil
	})
}

// configure sends a node its blocklist, the faults of its links, and its clock.
func (t *Testnet) configure(ctx context.Context, name string, c *rpc.Client) error {
	var blocked []string // by a partition, or not adjacent in the topology
	net := t.network()
	for _, n := range t.state.Nodes {
		if n.Name != name && !net.May(n.Name, name) {
			blocked = append(blocked, n.PeerID)
		}
	}
	if _, err := rpc.SetPartition.Call(ctx, c, rpc.SetPartitionArgs{Peers: blocked}); err != nil {
		return err
	}
	for _, l := range t.state.Links {
		if other, ok := l.Other(name); ok {
			if err := rpc.SetLink.Do(ctx, c, rpc.SetLinkArgs{Peer: t.node(other).PeerID, Link: l.At(name)}); err != nil {
				return err
			}
		}
	}
	if seconds := t.state.Clocks[name]; seconds != 0 {
		return rpc.SetClock.Do(ctx, c, rpc.SetClockArgs{Offset: seconds})
	}
	return nil
}

// dialPeers has a node connect to the peers that it is planned to dial.
func (t *Testnet) dialPeers(ctx context.Context, name string, c *rpc.Client) error {
	for _, p := range t.network().Planned() {
		if p[0] != name {
			continue
		}
		err := c.AddPeer(ctx, t.node(p[1]).Multiaddr)
		var refused *rpc.Error
		if err != nil && !(errors.As(err, &refused) && refused.Code == rpc.CodeNodeAdded) {
			return fmt.Errorf("connecting to %s: %w", p[1], err)
		}
	}
	return nil
}

// waitJoined waits until the connections are as planned. If ctx ends first, the error
// names one that is not.
func (t *Testnet) waitJoined(ctx context.Context, awake []string) error {
	var mismatch string
	err := Poll(ctx, func() (bool, error) {
		connected, err := t.connections(ctx, awake)
		if err != nil {
			return false, err
		}
		mismatch = t.mismatch(awake, connected)
		return mismatch == "", nil
	})
	if err != nil && mismatch != "" {
		return fmt.Errorf("%s: %w", mismatch, err)
	}
	return err
}

// connections returns the peers of these nodes: pairs of a node and a peer that joined it.
func (t *Testnet) connections(ctx context.Context, names []string) (out []topology.Pair, err error) {
	lists := make([][]rpc.Peer, len(names))
	err = t.ask(names, func(i int, c *rpc.Client) (err error) {
		lists[i], err = rpc.GetPeerInfo.Call(ctx, c, rpc.None{})
		return err
	})
	for i, list := range lists {
		for _, p := range list {
			if p.Joined {
				out = append(out, topology.Pair{names[i], t.nameOf(p.PeerID)})
			}
		}
	}
	return out, err
}

// sayBridges says which peers that are no nodes of the testnet carry blocks across the partition.
func (t *Testnet) sayBridges(ctx context.Context) error {
	if len(t.state.Groups) == 0 {
		return nil
	}
	connected, err := t.connections(ctx, t.awake())
	for _, s := range t.network().Bridges(connected) {
		t.say(s)
	}
	return err
}

// mismatch returns which connection is missing or must not be, or "".
func (t *Testnet) mismatch(awake []string, connected []topology.Pair) string {
	net := t.network()
	for _, p := range connected {
		if t.node(p[1]) != nil && !net.May(p[0], p[1]) {
			return fmt.Sprintf("%s is still connected to %s", p[0], p[1])
		}
	}
	for _, p := range t.planned() {
		both := slices.Contains(connected, p) && slices.Contains(connected, topology.Pair{p[1], p[0]})
		if !both && slices.Contains(awake, p[0]) && slices.Contains(awake, p[1]) {
			return fmt.Sprintf("%s and %s are not connected", p[0], p[1])
		}
	}
	return ""
}

// ask calls f for all these nodes at once with a client of each, and returns all errors.
func (t *Testnet) ask(names []string, f func(i int, c *rpc.Client) error) error {
	return each(names, func(i int, name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		return f(i, c)
	})
}

// each calls f for all names at once and returns all errors, each with its name.
func each(names []string, f func(i int, name string) error) error {
	errs := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			if err := f(i, name); err != nil {
				errs[i] = fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
