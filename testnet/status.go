package testnet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// NodeStatus is what one node is at.
type NodeStatus struct {
	Name     string          `json:"name"`
	Running  bool            `json:"running"`
	Paused   bool            `json:"paused"`
	Group    int             `json:"group"` // of the partition, from 1; 0: there is none
	Height   block.Height    `json:"height"`
	Tip      block.Hash      `json:"tip,omitzero"`
	Work     string          `json:"work"`  // hashes up to the tip, 64 hex digits; "" if it does not answer
	Peers    []string        `json:"peers"` // names of the nodes that it is connected to, then IDs of other peers
	Pool     int             `json:"pool"`  // pending transactions
	Mining   bool            `json:"mining"`
	Hashrate float64         `json:"hashrate"` // of its miners over the last seconds, hashes per second
	Memory   int64           `json:"memory"`   // resident bytes; 0: not known
	RPC      string          `json:"rpc"`
	PID      int             `json:"pid"`
	Clock    int64           `json:"clock_offset"`    // seconds by which its clock is set fast; below 0: slow
	Links    []topology.Link `json:"links"`           // of this node that have faults
	Error    string          `json:"error,omitempty"` // why it does not answer, though it may run
}

// answerTime is how long Status and Tree wait for a node that runs.
const answerTime = 5 * time.Second

// Status returns the status of all nodes. A node that does not run or does not answer is
// no error: its status says so.
func (t *Testnet) Status(ctx context.Context) ([]NodeStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	out := make([]NodeStatus, len(t.state.Nodes))
	err := each(t.state.names(), func(i int, name string) error {
		n := t.node(name)
		s := NodeStatus{Name: name, RPC: n.RPC, PID: n.PID, Peers: []string{}, Clock: t.state.Clocks[name], Links: []topology.Link{}}
		for _, l := range t.state.Links {
			if _, ok := l.Other(name); ok {
				s.Links = append(s.Links, l)
			}
		}
		if len(t.state.Groups) > 0 {
			s.Group = t.network().GroupOf(name) + 1
		}
		seen, ok := t.look(name)
		s.Running, s.Paused, s.Memory = ok, seen.paused, seen.memory
		if !ok && t.state.Runner != nil {
			s.Error = "it does not answer at " + n.RPC // running or not
		}
		if ok && !seen.paused {
			if err := t.callStatus(ctx, &s); err != nil {
				s.Error = err.Error()
			}
		}
		out[i] = s
		return nil
	})
	return out, err
}

// Bridges says which peers that are no nodes of the testnet carry blocks across its partition.
func (t *Testnet) Bridges(all []NodeStatus) []string {
	var connected []topology.Pair
	for _, s := range all {
		for _, p := range s.Peers {
			connected = append(connected, topology.Pair{s.Name, p})
		}
	}
	return t.network().Bridges(connected)
}

// callStatus adds what only the node itself knows.
func (t *Testnet) callStatus(ctx context.Context, s *NodeStatus) error {
	c, err := t.Client(s.Name)
	if err != nil {
		return err
	}
	info, err := c.BlockchainInfo(ctx)
	if err != nil {
		return err
	}
	s.Height, s.Tip, s.Work = info.Blocks, info.BestBlockHash, info.ChainWork.String()
	peers, err := rpc.GetPeerInfo.Call(ctx, c, rpc.None{})
	if err != nil {
		return err
	}
	for _, p := range peers {
		s.Peers = append(s.Peers, t.nameOf(p.PeerID))
	}
	slices.SortFunc(s.Peers, topology.Compare)
	mining, err := rpc.GetMiningInfo.Call(ctx, c, rpc.None{})
	if err != nil {
		return err
	}
	s.Pool, s.Mining, s.Hashrate = mining.PooledTx, mining.Mining, float64(mining.Hashrate)
	return nil
}

// Memory returns the most bytes of memory that a node has held at one moment since it
// started.
func (t *Testnet) Memory(name string) (int64, error) {
	n, err := t.named(name)
	if err != nil {
		return 0, err
	}
	if t.Runs(name) && t.state.Runner == nil {
		if most := mostMemory(n.PID); most > 0 {
			return most, nil
		}
	}
	return 0, fmt.Errorf("%s: how much memory it holds is not known here", name)
}

// nameOf returns the name of the node with this peer ID, or the ID of any other peer.
func (t *Testnet) nameOf(id string) string {
	for _, n := range t.state.Nodes {
		if n.PeerID == id {
			return n.Name
		}
	}
	return id
}
