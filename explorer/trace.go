package explorer

import (
	"fmt"
	"maps"
	"slices"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/replay"
)

// Play fills the log with the events of a run.
func Play(log *Log, events []replay.Event) error {
	p := &played{log: log, said: make(map[block.Hash]Said), made: make(map[block.Hash]*rpc.TreeBlock), nodes: make(map[string]*Node), known: make(map[block.Hash]uint64)}
	var in draw.Tree
	for i := range events {
		e := &events[i]
		if e.Made != nil && p.made[e.Made.Hash] == nil {
			if e.Made.Height == 1 && p.made[e.Made.Prev] == nil { // genesis is no event
				g := &rpc.TreeBlock{Hash: e.Made.Prev, Txs: 1}
				p.made[g.Hash], in.Blocks = g, append(in.Blocks, *g)
				p.genesis = g.Hash
			}
			p.made[e.Made.Hash], in.Blocks = e.Made, append(in.Blocks, *e.Made)
		}
		if e.Node != "" && p.nodes[e.Node] == nil {
			if len(p.nodes) == maxNodes {
				return fmt.Errorf("the recording has more than %d nodes", maxNodes)
			}
			p.nodes[e.Node] = &Node{Name: e.Node, State: "up"}
			in.Tips = append(in.Tips, draw.NodeTip{Node: e.Node})
		}
	}
	p.begin(&in)
	for i := range events {
		p.play(&events[i])
	}
	return nil
}

// played is a recording that is being put into a log.
type played struct {
	log     *Log
	said    map[block.Hash]Said
	made    map[block.Hash]*rpc.TreeBlock
	nodes   map[string]*Node
	known   map[block.Hash]uint64
	lanes   *draw.Lanes
	genesis block.Hash
}

// begin resets the log to the state before the first event.
func (p *played) begin(in *draw.Tree) {
	p.lanes = draw.NewLanes(*in)
	names := make([]string, 0, len(p.nodes))
	for name := range p.nodes {
		names = append(names, name)
	}
	slices.SortFunc(names, byNumber)
	s := State{Blocks: []Block{}, Nodes: []Node{}, Groups: []string{}}
	for i, name := range names {
		n := p.nodes[name]
		n.Bit, n.Tip = i, p.genesis
		s.Nodes = append(s.Nodes, *n)
		p.known[p.genesis] |= 1 << i
	}
	if p.made[p.genesis] != nil {
		s.Blocks = append(s.Blocks, p.block(p.genesis, true))
	}
	p.log.Reset(s)
}

// byNumber orders n2 before n10.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
}

func (p *played) block(hash block.Hash, whole bool) Block {
	b := show(p.made[hash])
	if !whole {
		b.Txs, b.Size, b.Miner, b.Address = 0, 0, "", ""
	}
	b.Lane, b.Known = p.lanes.Add(b.Hash, b.Prev, b.Height, b.Height-1), p.known[hash]
	return b
}

// say returns a message as all nodes together know it, after what an event says of one.
func (p *played) say(e *replay.Event) Said {
	before, there := p.said[e.Said.ID]
	s := Said{ID: e.Said.ID, From: e.Said.From, Address: e.Said.Address, Text: e.Said.Text, TimeMS: e.Said.TimeMS,
		Height: e.Said.Height, On: map[string]chat.State{}}
	if there {
		s.On, s.Height = maps.Clone(before.On), max(s.Height, before.Height)
	}
	s.On[e.Node] = chat.State(e.Said.State)
	p.said[s.ID] = s
	return s
}

// play adds one event to the log.
func (p *played) play(e *replay.Event) {
	out := Event{TimeMS: e.TimeMS, Node: e.Node, Kind: e.Event, Text: e.String(), Groups: groupsOf(e)}
	n := p.nodes[e.Node]
	switch {
	case e.Undone || e.Error != "":
	case e.Event == replay.Chat:
		out.Chat = []Said{p.say(e)}
	case e.Event == replay.Header || e.Event == replay.Block:
		whole := e.Event == replay.Block
		p.log.Now(func(s *State) {
			if old := s.Block(e.Block.Hash); old != nil {
				whole = whole || old.Txs > 0
			}
		})
		p.known[e.Block.Hash] |= 1 << n.Bit
		out.Blocks = []Block{p.block(e.Block.Hash, whole)}
	case e.Event == replay.Tip || e.Event == replay.Reorg:
		n.Tip, n.Height = e.Block.Hash, e.Block.Height
	case e.Event == "wipe" && n != nil:
		n.Tip, n.Height = p.genesis, 0
	case e.Event == "up":
		for _, n := range p.nodes {
			n.State = "up"
			out.Nodes = append(out.Nodes, *n)
		}
	}
	if n != nil {
		if !e.Undone && e.Error == "" {
			n.State = stateAfter(e.Event, n.State)
		}
		out.Nodes = append(out.Nodes, *n)
	}
	p.log.Append(out)
}
