package explorer

import (
	"time"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/history"
	"toychain/testnet/replay"
)

// Told is a source of events that is told what happened, instead of asking nodes: for a simulation.
// One goroutine uses it at a time.
type Told struct {
	live *Live
	acts []history.Action // the last ones
}

// NewTold returns a source for nodes of these names, all of which have only the genesis block.
func NewTold(log *Log, names []string, genesis rpc.TreeBlock) *Told {
	l := &Live{log: log, nodes: make(map[string]*watched), order: names, lanes: draw.NewLanes(draw.Tree{}), heard: make(map[string]map[block.Hash]chat.State)}
	root := show(&genesis)
	s := State{Groups: []string{}}
	for i, name := range names {
		l.nodes[name] = &watched{shown: Node{Name: name, Bit: i, Tip: genesis.Hash, State: "up"}}
		s.Nodes = append(s.Nodes, l.nodes[name].shown)
		root.Known |= 1 << i
	}
	root.Lane = l.lanes.Add(root.Hash, root.Prev, 0, 0)
	s.Blocks = []Block{root}
	log.Reset(s)
	return &Told{live: l}
}

// Tree tells what changed in a node's tree, at a time.
func (t *Told) Tree(node string, tree rpc.Tree, at time.Time) {
	tree.Changes = true
	t.live.take(news{node: node, tree: tree, event: rpc.Event{TimeMS: at.UnixMilli()}})
}

// Did tells what was done to the network.
func (t *Told) Did(a history.Action) {
	const remembered = 50 // what a heal ends is among them
	t.acts = append(t.acts[max(0, len(t.acts)-remembered):], a)
	events := replay.New(nil, t.acts).Events
	for _, e := range events[min(len(t.acts)-1, len(events)):] {
		next := Event{TimeMS: a.TimeMS, Node: e.Node, Kind: e.Event, Text: e.String(), Groups: groupsOf(&e)}
		if w := t.live.nodes[e.Node]; w != nil {
			w.shown.State = stateAfter(e.Event, w.shown.State)
			next.Nodes = []Node{w.shown}
		}
		t.live.log.Append(next)
	}
}

// stateAfter returns the state of a node after something was done to it.
func stateAfter(verb, before string) string {
	switch verb {
	case "kill":
		return "down"
	case "pause":
		return "paused"
	case "start", "restart", "resume":
		return "up"
	}
	return before
}
