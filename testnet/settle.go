package testnet

import (
	"context"
	"slices"
	"strings"

	"toychain/rpc"
	"toychain/testnet/topology"
)

// Settle waits until all nodes that may talk to each other are on one tip. If ctx ends
// first, or waiting is of no use, the error is an *Unsettled.
func (t *Testnet) Settle(ctx context.Context) error {
	var last []topology.Tip
	stuck := false
	err := Poll(ctx, func() (bool, error) {
		now, err := t.tips(ctx)
		if err != nil {
			return false, err
		}
		last = now
		if t.disagreement(now) == "" {
			return true, nil
		}
		if stuck, err = t.stuck(ctx, now); !stuck || err != nil {
			return false, err
		}
		again, err := t.tips(ctx) // a block may have come meanwhile
		stuck = err == nil && t.disagreement(again) == t.disagreement(now)
		return stuck, err
	})
	if last != nil && (stuck || err != nil && ctx.Err() != nil) {
		return &Unsettled{Disagreement: t.disagreement(last), err: ctx.Err()}
	}
	return err
}

// Unsettled says that nodes which may talk to each other are on different tips. It wraps
// the error of the context that ended while they might have agreed, or nothing if they know
// all blocks: of two branches with equal work a node keeps the one that it saw first.
type Unsettled struct {
	Disagreement string // which nodes are on which tips
	err          error
}

func (u *Unsettled) Error() string { return "not settled: " + u.Disagreement }
func (u *Unsettled) Unwrap() error { return u.err }

// tips returns the tips of the awake nodes.
func (t *Testnet) tips(ctx context.Context) ([]topology.Tip, error) {
	awake := t.awake()
	out := make([]topology.Tip, len(awake))
	err := t.ask(awake, func(i int, c *rpc.Client) error {
		is, err := c.BlockchainInfo(ctx)
		out[i] = topology.Tip{Node: awake[i], Block: is.BestBlockHash, Name: is.BestBlockHash.Short(),
			Height: int32(is.Blocks), Work: is.ChainWork.String()}
		return err
	})
	return out, err
}

// stuck reports whether nodes that disagree will do so for ever: in each group all tips
// have equal work, every node knows its peers' tips, and no node mines by itself.
func (t *Testnet) stuck(ctx context.Context, all []topology.Tip) (bool, error) {
	work := map[int]string{}
	var names []string
	for _, s := range all {
		names = append(names, s.Node)
		group := t.network().GroupOf(s.Node)
		if known := work[group]; known != "" && known != s.Work {
			return false, nil
		}
		work[group] = s.Work
	}
	idle := make([]bool, len(all))
	err := t.ask(names, func(i int, c *rpc.Client) (err error) {
		idle[i], err = t.idle(ctx, c, all, names[i])
		return err
	})
	return err == nil && !slices.Contains(idle, false), err
}

// idle reports whether a node does not mine and knows the tips of its planned peers.
func (t *Testnet) idle(ctx context.Context, c *rpc.Client, all []topology.Tip, name string) (bool, error) {
	if mining, err := rpc.GetMiningInfo.Call(ctx, c, rpc.None{}); err != nil || mining.Mining {
		return false, err
	}
	peers, err := rpc.GetPeerInfo.Call(ctx, c, rpc.None{})
	if err != nil {
		return false, err
	}
	planned := t.planned()
	for _, o := range all {
		knows := func(p rpc.Peer) bool { return t.nameOf(p.PeerID) == o.Node && p.Tip == o.Block }
		connected := slices.ContainsFunc(planned, func(p topology.Pair) bool { return p.Joins(name, o.Node) })
		if connected && !slices.ContainsFunc(peers, knows) {
			return false, nil
		}
	}
	return true, nil
}

// disagreement returns which nodes of one group are on which tips, or "".
func (t *Testnet) disagreement(all []topology.Tip) string {
	var out []string
	for _, g := range t.network().Parted() {
		other := func(s topology.Tip) bool { return !slices.Contains(g, s.Node) }
		if text := topology.Disagreement(slices.DeleteFunc(slices.Clone(all), other)); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}
