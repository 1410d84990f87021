package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// NodeStatus is what one node is at.
type NodeStatus struct {
	Name     string       `json:"name"`
	Running  bool         `json:"running"`
	Paused   bool         `json:"paused"`
	Group    int          `json:"group"` // of the partition, from 1; 0: there is none
	Height   block.Height `json:"height"`
	Tip      block.Hash   `json:"tip,omitzero"`
	Work     string       `json:"work"`  // hashes up to the tip, 64 hex digits; "" if it does not tell
	Peers    []string     `json:"peers"` // names of the nodes that it is connected to, then ids of others
	Pool     int          `json:"pool"`  // pending payments
	Mining   bool         `json:"mining"`
	Hashrate float64      `json:"hashrate"` // of its miners over the last seconds, hashes per second
	Memory   int64        `json:"memory"`   // resident bytes; 0: not known
	RPC      string       `json:"rpc"`
	PID      int          `json:"pid"`
	Error    string       `json:"error,omitempty"` // why it runs and does not tell
}

// answerTime is how long Status and Tree wait for a node that runs.
const answerTime = 5 * time.Second

// Status asks all nodes at once what they are at. A node that does not run or does
// not answer is no error: it says so itself.
func (t *Testnet) Status(ctx context.Context) ([]NodeStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	out := make([]NodeStatus, len(t.state.Nodes))
	err := eachIndex(t.state.names(), func(i int, name string) error {
		n := t.node(name)
		s := NodeStatus{Name: name, RPC: n.RPC, PID: n.PID, Peers: []string{}}
		if len(t.state.Groups) > 0 {
			s.Group = t.groupOf(name) + 1
		}
		seen, ok := t.procs[name].look()
		s.Running, s.Paused, s.Memory = ok, seen.paused, seen.memory
		if ok && !seen.paused {
			if err := t.ask(ctx, &s); err != nil {
				s.Error = err.Error()
			}
		}
		out[i] = s
		return nil
	})
	return out, err
}

// ask fills in what only the node itself knows.
func (t *Testnet) ask(ctx context.Context, s *NodeStatus) error {
	c, err := t.Client(s.Name)
	if err != nil {
		return err
	}
	info, err := c.BlockchainInfo(ctx)
	if err != nil {
		return err
	}
	s.Height, s.Tip, s.Work = info.Blocks, info.BestBlockHash, info.ChainWork.String()
	peers, err := c.PeerInfo(ctx)
	if err != nil {
		return err
	}
	for _, p := range peers {
		s.Peers = append(s.Peers, t.nameOf(p.PeerID))
	}
	slices.SortFunc(s.Peers, byName)
	mining, err := c.MiningInfo(ctx)
	if err != nil {
		return err
	}
	s.Pool, s.Mining, s.Hashrate = mining.PooledTx, mining.Mining, float64(mining.Hashrate)
	return nil
}

// nameOf returns the name of the node with this peer id, or the id if it is a stranger's.
func (t *Testnet) nameOf(id string) string {
	for _, n := range t.state.Nodes {
		if n.PeerID == id {
			return n.Name
		}
	}
	return id
}

// byName puts n2 before n10.
func byName(a, b string) int {
	if d := len(a) - len(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// Tree asks all nodes at once for the blocks that they know from a height on, and
// merges the answers. Nodes that do not run are listed as silent.
func (t *Testnet) Tree(ctx context.Context, from block.Height) (TreeInput, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	awake := t.awake()
	views := make([]View, len(awake))
	err := eachIndex(awake, func(i int, name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		views[i].Node = name
		views[i].Tree, err = c.Tree(ctx, from)
		return err
	})
	if err != nil {
		return TreeInput{}, fmt.Errorf("tree: %w", err)
	}
	in := MergeTrees(views)
	for _, name := range t.state.names() {
		if !slices.Contains(awake, name) {
			in.Silent = append(in.Silent, name)
		}
	}
	return in, nil
}

// Settle waits until all nodes that may talk to each other stand on one tip. If ctx
// ends first, the error says who disagrees, and whether they ever will agree: of two
// branches with equal work every node keeps the one that it saw first.
func (t *Testnet) Settle(ctx context.Context) error {
	var last []stance
	err := poll(ctx, func() (bool, error) {
		now, err := t.stances(ctx)
		if err != nil {
			return false, err
		}
		last = now
		return t.odds(now) == "", nil
	})
	if err != nil && ctx.Err() != nil && last != nil {
		return fmt.Errorf("not settled: %s: %w", t.odds(last), ctx.Err())
	}
	return err
}

// stance is where a node stands.
type stance struct {
	name string
	rpc.BlockchainInfo
}

func (t *Testnet) stances(ctx context.Context) ([]stance, error) {
	awake := t.awake()
	out := make([]stance, len(awake))
	err := eachIndex(awake, func(i int, name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		out[i].name = name
		out[i].BlockchainInfo, err = c.BlockchainInfo(ctx)
		return err
	})
	return out, err
}

// odds says which nodes of one group are at odds, or "".
func (t *Testnet) odds(all []stance) string {
	var out []string
	for _, g := range t.groups() {
		var tips []stance // one for each tip
		byTip := map[block.Hash][]string{}
		for _, s := range all {
			if !slices.Contains(g, s.name) {
				continue
			}
			if byTip[s.BestBlockHash] == nil {
				tips = append(tips, s)
			}
			byTip[s.BestBlockHash] = append(byTip[s.BestBlockHash], s.name)
		}
		if len(tips) < 2 {
			continue
		}
		var parts []string
		equal := true
		for _, s := range tips {
			equal = equal && s.ChainWork == tips[0].ChainWork
			parts = append(parts, fmt.Sprintf("%s on %s at height %d", nodeList(byTip[s.BestBlockHash], "…"), s.BestBlockHash.Short(), s.Blocks))
		}
		text := strings.Join(parts, ", ")
		if equal {
			text += " (of equal work: each keeps what it saw first, and one more block decides)"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}
