package testnet

import (
	"context"
	"slices"
	"strings"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// Settle waits until all nodes that may talk to each other are on one tip. If ctx ends
// first, or waiting is of no use, the error is an *Unsettled.
func (t *Testnet) Settle(ctx context.Context) error {
	var last []nodeTip
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

// nodeTip is the tip of one node.
type nodeTip struct {
	name string
	rpc.BlockchainInfo
}

// tips returns the tips of the awake nodes.
func (t *Testnet) tips(ctx context.Context) ([]nodeTip, error) {
	awake := t.awake()
	out := make([]nodeTip, len(awake))
	err := t.ask(awake, func(i int, c *rpc.Client) (err error) {
		out[i].name = awake[i]
		out[i].BlockchainInfo, err = c.BlockchainInfo(ctx)
		return err
	})
	return out, err
}

// stuck reports whether nodes that disagree will do so for ever: in each group all tips
// have equal work, every node knows its peers' tips, and no node mines by itself.
func (t *Testnet) stuck(ctx context.Context, all []nodeTip) (bool, error) {
	work := map[int]string{}
	var names []string
	for _, s := range all {
		names = append(names, s.name)
		group, mine := t.network().GroupOf(s.name), s.ChainWork.String()
		if known := work[group]; known != "" && known != mine {
			return false, nil
		}
		work[group] = mine
	}
	idle := make([]bool, len(all))
	err := t.ask(names, func(i int, c *rpc.Client) (err error) {
		idle[i], err = t.idle(ctx, c, all, all[i])
		return err
	})
	return err == nil && !slices.Contains(idle, false), err
}

// idle reports whether a node does not mine and knows the tips of its planned peers.
func (t *Testnet) idle(ctx context.Context, c *rpc.Client, all []nodeTip, s nodeTip) (bool, error) {
	if mining, err := rpc.GetMiningInfo.Call(ctx, c, rpc.None{}); err != nil || mining.Mining {
		return false, err
	}
	peers, err := rpc.GetPeerInfo.Call(ctx, c, rpc.None{})
	if err != nil {
		return false, err
	}
	planned := t.planned()
	for _, o := range all {
		knows := func(p rpc.Peer) bool { return t.nameOf(p.PeerID) == o.name && p.Tip == o.BestBlockHash }
		connected := slices.ContainsFunc(planned, func(p topology.Pair) bool { return p.Joins(s.name, o.name) })
		if connected && !slices.ContainsFunc(peers, knows) {
			return false, nil
		}
	}
	return true, nil
}

// disagreement returns which nodes of one group are on which tips, or "".
func (t *Testnet) disagreement(all []nodeTip) string {
	var out []string
	for _, g := range t.network().Parted() {
		var tips []topology.Tip[block.Hash]
		for _, s := range all {
			if slices.Contains(g, s.name) {
				tips = append(tips, topology.Tip[block.Hash]{Node: s.name, Block: s.BestBlockHash, Name: s.BestBlockHash.Short(),
					Height: int32(s.Blocks), Work: s.ChainWork.String()})
			}
		}
		if text := topology.Disagreement(tips); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}
