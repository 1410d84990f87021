package recorder

import (
	"fmt"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/sim"
	"toychain/testnet/draw"
	"toychain/testnet/replay"
)

// Recorder takes the records of a world. Its zero value is ready.
type Recorder struct {
	All bool // messages, connections and payments, too

	events []replay.Event
	nodes  []*seen // in the order in which they first had a record
	of     map[*sim.Node]*seen
	blocks map[block.Hash]rpc.TreeBlock // as they were when they were new
	err    error
}

// seen is what was recorded of a node.
type seen struct {
	*sim.Node
	tip     block.Hash
	whole   map[block.Hash]bool // blocks that it has, and whether more than their headers
	changes int64               // of its tree, that were looked at
}

// Record takes a record: it is a sim.Config.Trace.
func (r *Recorder) Record(rec *sim.Record) {
	switch n := rec.Node; {
	case r.err != nil:
	case n == nil:
		r.add(rec, rec.Fault, rec.Args...)
	case n.Outside():
	case rec.Fault != "":
		r.add(rec, rec.Fault, rec.Args...)
		if rec.Fault == "restart" {
			r.restarted(rec, r.node(n))
		}
	case n.Engine() == nil: // it died after that, and what it had not stored is lost
	case rec.Event != nil:
		r.event(rec, r.node(n), rec.Event)
	default:
		if rec.Kind == "headers" {
			r.look(rec, r.node(n))
		}
		if r.All {
			r.add(rec, "gets", rec.Kind, "from", string(rec.From))
		}
	}
}

// node returns what was recorded of a node.
func (r *Recorder) node(n *sim.Node) *seen {
	if r.of == nil {
		r.of, r.blocks = map[*sim.Node]*seen{}, map[block.Hash]rpc.TreeBlock{}
	}
	w := r.of[n]
	if w == nil {
		w = &seen{Node: n, whole: map[block.Hash]bool{}, changes: -1}
		r.of[n], r.nodes = w, append(r.nodes, w)
	}
	return w
}

// add adds an event.
func (r *Recorder) add(rec *sim.Record, event string, args ...string) *replay.Event {
	e := replay.Event{TimeMS: rec.Time.UnixMilli(), Event: event, Args: args}
	if rec.Node != nil {
		e.Node = rec.Node.Name()
	}
	r.events = append(r.events, e)
	return &r.events[len(r.events)-1]
}

// event adds an event of an engine.
func (r *Recorder) event(rec *sim.Record, n *seen, ev *engine.Event) {
	switch ev.Kind {
	case engine.BlockAdded:
		if info, known := n.Engine().Tree().Info(ev.Block.Hash); known {
			r.show(rec, n, &info)
		}
	case engine.BlockRejected:
		r.add(rec, "refuses", "block", ev.Block.Hash.Short()+":", ev.Reason)
	case engine.Reorganised:
		r.look(rec, n)
		shown, err := answer.Reorg(ev.Reorg, n.among)
		r.err = err
		n.tip = shown.To.Hash
		e := r.add(rec, replay.Reorg)
		e.Block, e.Reorg = &shown.To, &shown
	case engine.TipChanged:
		if n.tip != ev.Tip.Hash {
			r.look(rec, n)
			n.tip = ev.Tip.Hash
			r.add(rec, replay.Tip).Block = &rpc.BlockRef{Hash: ev.Tip.Hash, Height: ev.Tip.Height}
		}
	case engine.PeerPenalized:
		r.add(rec, "bans", string(ev.Peer)+":", ev.Reason)
	}
	if !r.All {
		return
	}
	switch ev.Kind {
	case engine.TxAdded:
		r.add(rec, "keeps", "payment", ev.Tx.Short())
	case engine.TxRemoved:
		r.add(rec, "drops", "payment", ev.Tx.Short()+":", ev.Reason)
	case engine.PeerUp:
		r.add(rec, "sees", string(ev.Peer))
	case engine.PeerDown:
		r.add(rec, "loses", string(ev.Peer))
	}
}

// restarted adds the tip that a node starts from.
func (r *Recorder) restarted(rec *sim.Record, n *seen) {
	n.changes = -1
	if n.Engine() == nil {
		return // its power failed again
	}
	r.look(rec, n)
	if tip := n.Engine().Tree().Tip(); tip.Hash != n.tip && !(tip.Height == 0 && n.tip.IsZero()) {
		n.tip = tip.Hash
		r.add(rec, replay.Tip).Block = &rpc.BlockRef{Hash: tip.Hash, Height: tip.Height}
	}
}

// look adds what has changed in a node's tree.
func (r *Recorder) look(rec *sim.Record, n *seen) {
	tree := n.Engine().Tree()
	infos, known := tree.ChangedSince(n.changes)
	if n.changes < 0 || !known {
		infos = nil
		for _, e := range tree.Entries() {
			if info, known := tree.Info(e.Header.Hash()); known {
				infos = append(infos, info)
			}
		}
	}
	n.changes = tree.Changes()
	slices.SortFunc(infos, answer.ByArrival)
	for i := range infos {
		r.show(rec, n, &infos[i])
	}
}

// show adds that a node has a block, or its header, if that is new.
func (r *Recorder) show(rec *sim.Record, n *seen, info *chain.Info) {
	whole := info.Status&chain.HasBody != 0
	had, known := n.whole[info.Hash]
	if known && (had || !whole) {
		return
	}
	n.whole[info.Hash] = whole
	shown, err := answer.BlockWithText(n.Engine().Tree(), info)
	if err != nil {
		r.err = err
		return
	}
	if old, known := r.blocks[info.Hash]; !known || old.Txs == 0 {
		shown.ReceivedMS = rec.Time.UnixMilli()
		if known {
			shown.ReceivedMS = old.ReceivedMS
		}
		if whole {
			shown.CompleteMS = rec.Time.UnixMilli()
		}
		r.blocks[info.Hash] = shown
	}
	if info.State.Height == 0 {
		return // all nodes begin with it
	}
	e := r.add(rec, replay.Header)
	if e.Block = (&rpc.BlockRef{Hash: info.Hash, Height: info.State.Height}); whole {
		e.Event, e.Miner = replay.Block, shown.Message
	}
}

// among returns which of some blocks has a transaction; nil: none.
func (n *seen) among(id block.Hash, blocks []chain.Point) (*rpc.BlockRef, error) {
	for _, p := range blocks {
		b, err := n.Engine().Tree().Block(p.Hash)
		if err != nil {
			return nil, err
		}
		if slices.Contains(b.TxIDs(), id) {
			return new(answer.Ref(p)), nil
		}
	}
	return nil, nil
}

// Run returns what was recorded. What a block came to in the end is asked of the nodes now.
func (r *Recorder) Run() (*replay.Run, error) {
	if r.err != nil {
		return nil, fmt.Errorf("recording: %w", r.err)
	}
	var names []string
	views := []draw.View{{}}
	for _, b := range r.blocks {
		b.Status = "" // as it was then
		views[0].Tree.Blocks = append(views[0].Tree.Blocks, b)
	}
	slices.SortFunc(views[0].Tree.Blocks, func(a, b rpc.TreeBlock) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	for _, n := range r.nodes {
		names = append(names, n.Name())
		if n.Engine() == nil {
			continue
		}
		tree, err := answer.Tree(n.Engine().Tree())
		if err != nil {
			return nil, err
		}
		views = append(views, draw.View{Node: n.Name(), Tree: tree})
	}
	all := draw.Merge(views).Blocks
	for i := range all { // the nodes' clocks may be wrong
		all[i].ReceivedMS, all[i].CompleteMS = r.blocks[all[i].Hash].ReceivedMS, r.blocks[all[i].Hash].CompleteMS
	}
	return replay.Recorded(r.events, names, all), nil
}
