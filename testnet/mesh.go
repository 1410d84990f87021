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

// planned returns the connections that there are to be and over which both ends hear
// each other.
func (t *Testnet) planned() []topology.Pair {
	return slices.DeleteFunc(t.network().Planned(), func(p topology.Pair) bool { return t.deaf(p[0], p[1]) })
}

// Talking returns the nodes that run, are not paused and can reach each other, directly
// or through others, as connections are planned: one group for each part of the
// network. Over a line where one hears nothing of the other they do not reach each other.
func (t *Testnet) Talking() [][]string { return topology.Parts(t.awake(), t.planned()) }

// Connect makes these the network's connections, and no others: the nodes of a pair
// are connected unless a partition parts them. None at all lets the nodes plan
// for themselves, which is a mesh: up to ten nodes everybody is connected to everybody.
// See topology.Shape.
func (t *Testnet) Connect(ctx context.Context, pairs []topology.Pair) error {
	var args []string
	for _, p := range pairs {
		args = append(args, p.String())
	}
	return t.change(ctx, "connect", args, func() error {
		t.state.Pairs = slices.Clone(pairs)
		ctx, cancel := context.WithTimeout(ctx, joinTime)
		defer cancel()
		return t.join(ctx)
	})
}

// Pairs returns what Connect set.
func (t *Testnet) Pairs() []topology.Pair { return slices.Clone(t.state.Pairs) }

// shut tells a node whom it may not talk to.
func (t *Testnet) shut(ctx context.Context, name string) error {
	var cut, apart []string
	net := t.network()
	for _, n := range t.state.Nodes {
		switch {
		case net.GroupOf(n.Name) != net.GroupOf(name):
			cut = append(cut, n.PeerID)
		case n.Name != name && !net.May(n.Name, name):
			apart = append(apart, n.PeerID)
		}
	}
	c, err := t.Client(name)
	if err != nil {
		return err
	}
	_, err = c.SetPartition(ctx, cut, apart...)
	return err
}

// calls returns the nodes that name calls within its group.
func (t *Testnet) calls(name string) (out []string) {
	for _, p := range t.network().Planned() {
		if p[0] == name {
			out = append(out, p[1])
		}
	}
	return out
}

// join makes the connections between the awake nodes what the groups say, and returns
// when they are: nobody is connected to another group, and within a group everybody
// is connected as planned. Afterwards the nodes keep it so by themselves. Lines and
// clocks that are to be bad are so too, for nodes that have just started.
func (t *Testnet) join(ctx context.Context) error {
	awake := t.awake()
	if err := each(awake, func(name string) error { return t.shut(ctx, name) }); err != nil {
		return err
	}
	if err := t.afflict(ctx, awake); err != nil {
		return err
	}
	err := each(awake, func(name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		for _, to := range t.calls(name) {
			err := c.AddPeer(ctx, t.node(to).Multiaddr)
			var said *rpc.Error
			if errors.As(err, &said) && said.Code == rpc.CodeNodeAdded {
				continue
			}
			if err != nil {
				return fmt.Errorf("calling %s: %w", to, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(t.waitJoined(ctx, awake), t.untold(awake))
}

// untold returns an error if somebody else runs nodes that do not answer: nobody can tell
// them later, when they do, what these were told.
func (t *Testnet) untold(awake []string) error {
	silent := slices.DeleteFunc(t.state.names(), func(name string) bool { return slices.Contains(awake, name) })
	if t.state.Runner == nil || len(silent) == 0 {
		return nil
	}
	return fmt.Errorf("%s: no answer, so nothing was told there; say it again once %s runs it", strings.Join(silent, ", "), t.state.Runner.Name)
}

// waitJoined waits until the connections are as planned. The error of ctx comes with
// the first one that is not.
func (t *Testnet) waitJoined(ctx context.Context, awake []string) error {
	var amiss string
	err := Poll(ctx, func() (bool, error) {
		peers, err := t.connections(ctx, awake)
		if err != nil {
			return false, err
		}
		amiss = t.amiss(awake, peers)
		return amiss == "", nil
	})
	if err != nil && amiss != "" {
		return fmt.Errorf("%s: %w", amiss, err)
	}
	return err
}

// connections returns for each node the names of those it is connected to.
func (t *Testnet) connections(ctx context.Context, names []string) (map[string][]string, error) {
	byID := map[string]string{}
	for _, n := range t.state.Nodes {
		byID[n.PeerID] = n.Name
	}
	rows := make([][]string, len(names))
	err := eachIndex(names, func(i int, name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		list, err := c.PeerInfo(ctx)
		for _, p := range list {
			if to := byID[p.PeerID]; to != "" && p.Joined {
				rows[i] = append(rows[i], to)
			}
		}
		return err
	})
	out := map[string][]string{}
	for i, name := range names {
		out[name] = rows[i]
	}
	return out, err
}

// amiss says which connection is missing or too many, or "".
func (t *Testnet) amiss(awake []string, peers map[string][]string) string {
	net := t.network()
	for _, name := range awake {
		for _, to := range peers[name] {
			if !net.May(to, name) {
				return fmt.Sprintf("%s is still connected to %s", name, to)
			}
		}
	}
	for _, p := range t.planned() {
		a, b := p[0], p[1]
		if !slices.Contains(awake, a) || !slices.Contains(awake, b) {
			continue
		}
		if !slices.Contains(peers[a], b) || !slices.Contains(peers[b], a) {
			return fmt.Sprintf("%s and %s are not connected", a, b)
		}
	}
	return ""
}

// each calls f for all names at once and returns all errors, each with its name.
func each(names []string, f func(name string) error) error {
	return eachIndex(names, func(_ int, name string) error { return f(name) })
}

// eachIndex is each for callers that fill in a slice.
func eachIndex(names []string, f func(i int, name string) error) error {
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
