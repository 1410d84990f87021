package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/topology"
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
	Error    string       `json:"error,omitempty"` // why it does not tell, though it may run
}

// answerTime is how long Status and Tree wait for a node that runs.
const answerTime = 5 * time.Second

// journalTime is how long Journals takes at most: it asks for everything.
const journalTime = 60 * time.Second

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
			s.Group = t.network().GroupOf(name) + 1
		}
		seen, ok := t.look(name)
		s.Running, s.Paused, s.Memory = ok, seen.paused, seen.memory
		if !ok && t.state.Runner != nil {
			s.Error = "it does not answer at " + n.RPC // running or not, who knows
		}
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
	slices.SortFunc(s.Peers, topology.Compare)
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

// Tree asks all nodes at once for the blocks that they know from a height on, and
// merges the answers. Of nodes that do not run, the folders are read: what they alone
// knew is there too, and where they stood last. Those that are paused, or never kept a
// chain, are silent.
func (t *Testnet) Tree(ctx context.Context, from block.Height) (draw.Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	awake := t.awake()
	views := make([]draw.View, len(awake))
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
		return draw.Tree{}, fmt.Errorf("tree: %w", err)
	}
	var silent []string
	for _, name := range t.state.names() {
		if slices.Contains(awake, name) {
			continue
		}
		tree, ok := t.left(ctx, name, from)
		if !ok {
			silent = append(silent, name)
			continue
		}
		views = append(views, draw.View{Node: name, Tree: tree})
	}
	if len(views) == 0 && t.state.Runner != nil {
		return draw.Tree{}, fmt.Errorf("tree: %w", t.nobody(""))
	}
	in := draw.Merge(views)
	in.Silent = silent
	in.Tips, in.LastTips = in.Tips[:len(awake)], in.Tips[len(awake):]
	return in, nil
}

// left returns what a node that does not run left in its folder, from a height on.
func (t *Testnet) left(ctx context.Context, name string, from block.Height) (rpc.Tree, bool) {
	if _, runs := t.look(name); runs || t.state.Runner != nil {
		return rpc.Tree{}, false
	}
	tree, _, err := t.readFolder(ctx, name, false)
	tree.Blocks = slices.DeleteFunc(tree.Blocks, func(b rpc.TreeBlock) bool { return b.Height < from })
	return tree, err == nil
}

// Settle waits until all nodes that may talk to each other stand on one tip. If ctx
// ends first, or nothing is left to wait for, the error is an *Unsettled.
func (t *Testnet) Settle(ctx context.Context) error {
	var last []stance
	stuck := false
	err := Poll(ctx, func() (bool, error) {
		now, err := t.stances(ctx)
		if err != nil {
			return false, err
		}
		last = now
		if t.odds(now) == "" {
			return true, nil
		}
		if stuck, err = t.stuck(ctx, now); !stuck || err != nil {
			return false, err
		}
		again, err := t.stances(ctx) // a block may have come meanwhile
		stuck = err == nil && t.odds(again) == t.odds(now)
		return stuck, err
	})
	if last != nil && (stuck || err != nil && ctx.Err() != nil) {
		return &Unsettled{Odds: t.odds(last), err: ctx.Err()}
	}
	return err
}

// Unsettled says that nodes which may talk to each other do not agree. It wraps the
// error of the context that ended while they might have; nothing if they know all that
// there is: of two branches with equal work every node keeps the one that it saw first.
type Unsettled struct {
	Odds string // who stands where
	err  error
}

func (u *Unsettled) Error() string { return "not settled: " + u.Odds }
func (u *Unsettled) Unwrap() error { return u.err }

// stuck reports whether the nodes, who are at odds, will be for ever: in each group all
// tips are of equal work, everybody was told of them, and nobody mines by itself.
func (t *Testnet) stuck(ctx context.Context, all []stance) (bool, error) {
	for _, g := range t.network().Parted() {
		var group []stance
		for _, s := range all {
			if slices.Contains(g, s.name) {
				group = append(group, s)
			}
		}
		for _, s := range group {
			if s.ChainWork != group[0].ChainWork {
				return false, nil
			}
		}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	done := make([]bool, len(all))
	err := eachIndex(names, func(i int, _ string) (err error) {
		done[i], err = t.told(ctx, all, all[i])
		return err
	})
	return err == nil && !slices.Contains(done, false), err
}

// told reports whether a node knows where those that are planned to be its peers stand,
// and does not mine.
func (t *Testnet) told(ctx context.Context, all []stance, s stance) (bool, error) {
	c, err := t.Client(s.name)
	if err != nil {
		return false, err
	}
	if mining, err := c.MiningInfo(ctx); err != nil || mining.Mining {
		return false, err
	}
	peers, err := c.PeerInfo(ctx)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		has := func(p rpc.Peer) bool { return t.nameOf(p.PeerID) == o.name && p.Tip == o.BestBlockHash }
		if t.linked(s.name, o.name) && !slices.ContainsFunc(peers, has) {
			return false, nil
		}
	}
	return true, nil
}

// linked reports whether two nodes are to be connected, and hear each other.
func (t *Testnet) linked(a, b string) bool {
	return slices.ContainsFunc(t.planned(), func(p topology.Pair) bool { return p.Joins(a, b) })
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
	for _, g := range t.network().Parted() {
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
			parts = append(parts, fmt.Sprintf("%s on %s at height %d", topology.List(byTip[s.BestBlockHash]), s.BestBlockHash.Short(), s.Blocks))
		}
		text := strings.Join(parts, ", ")
		if equal {
			text += " (of equal work: each keeps what it saw first, and one more block decides)"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}
