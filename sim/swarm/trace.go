package swarm

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/peer"
	"toychain/sim"
)

// Line is one line of a trace: an event of a node with the fields that /events of a node has, a
// message that arrived, or an action. Only the fields of its kind are present.
type Line struct {
	AtMS int64   `json:"at_ms"` // of virtual time
	Node peer.ID `json:"node,omitempty"`
	Kind string  `json:"kind"` // of the event: block, refused, tip, …; or message, action, violation

	TimeMS    int64        `json:"time_ms,omitempty"` // on the node's clock
	Hash      block.Hash   `json:"hash,omitzero"`     // block, refused, tip, message
	Prev      block.Hash   `json:"prev,omitzero"`
	Height    block.Height `json:"height,omitempty"`
	Txs       int          `json:"txs,omitempty"`
	Size      int          `json:"size,omitempty"`
	Active    bool         `json:"active,omitempty"`
	Bits      string       `json:"bits,omitempty"`
	OldBits   string       `json:"old_bits,omitempty"`
	ChainWork string       `json:"chainwork,omitempty"`
	Reorg     *LineReorg   `json:"reorg,omitempty"`
	TxID      block.Hash   `json:"txid,omitzero"`
	Reason    string       `json:"reason,omitempty"`
	PeerID    peer.ID      `json:"peer_id,omitempty"`

	Message string  `json:"message,omitempty"` // what arrived: block, tx, status, headers, …
	From    peer.ID `json:"from,omitempty"`
	SentMS  int64   `json:"sent_ms,omitempty"`
	Action  string  `json:"action,omitempty"`
}

// LineReorg is a reorganisation: which blocks left and joined, the lowest first.
type LineReorg struct {
	From   Point   `json:"from"`
	To     Point   `json:"to"`
	Fork   Point   `json:"fork"`
	Depth  int     `json:"depth"`
	Left   []Point `json:"left"`
	Joined []Point `json:"joined"`

	Returned []block.Hash `json:"returned"`
}

// Writer writes lines as JSON objects, one on each line.
type Writer struct {
	to  *json.Encoder
	err error
}

// NewWriter returns a Writer.
func NewWriter(to io.Writer) *Writer { return &Writer{to: json.NewEncoder(to)} }

// Line writes a line. After an error it does nothing.
func (w *Writer) Line(l Line) {
	if w.err == nil {
		w.err = w.to.Encode(l)
	}
}

// Err returns the first error.
func (w *Writer) Err() error { return w.err }

// Point is a block.
type Point struct {
	Hash   block.Hash   `json:"hash"`
	Height block.Height `json:"height"`
}

// lineOf writes a record of the world as a line.
func lineOf(rec *sim.Record) Line {
	l := Line{AtMS: rec.At.Milliseconds(), Node: rec.Node, Kind: "message", Message: rec.Kind, From: rec.From, Hash: rec.ID}
	ev := rec.Event
	if ev == nil {
		l.SentMS = rec.Sent.Milliseconds()
		return l
	}
	l.Kind, l.TimeMS, l.TxID, l.Reason, l.PeerID = string(ev.Kind), ev.Time.UnixMilli(), ev.Tx, ev.Reason, ev.Peer
	if b := ev.Block; b != nil {
		l.Hash, l.Prev, l.Height, l.Txs, l.Size, l.Active = b.Hash, b.Prev, b.Height, b.Txs, b.Size, b.Active
	}
	if t := ev.Tip; t != nil {
		l.Hash, l.Height, l.ChainWork = t.Hash, t.Height, t.Work
		l.Bits, l.OldBits = fmt.Sprintf("%08x", t.Bits), fmt.Sprintf("%08x", t.OldBits)
	}
	if j := ev.Reorg; j != nil {
		l.Reorg = &LineReorg{Point(j.From), Point(j.To), Point(j.Fork), j.Depth(), points(j.Left), points(j.Joined), j.Returned}
	}
	return l
}

func points(of []chain.Point) []Point {
	out := make([]Point, len(of))
	for i, p := range of {
		out[i] = Point(p)
	}
	return out
}

// record takes what happens: for the trace, for marks, and for the checks of a fork choice.
func (r *run) record(rec *sim.Record) {
	if r.trace != nil {
		r.trace(lineOf(rec))
	}
	w := r.byID[rec.Node]
	if w == nil || r.twin(w, rec) {
		return
	}
	if rec.Event == nil {
		r.arrived(w, rec)
		return
	}
	switch ev := rec.Event; ev.Kind {
	case engine.BlockAdded:
		if w.waiting[ev.Block.Hash] {
			r.marks[OrphanResolved] = true
		}
	case engine.BlockRejected:
		r.marks[BlockRefused] = true
	case engine.TipChanged:
		r.moved(w, ev.Tip.Hash)
		if e := w.node.Engine(); e != nil && w.reorgs > 0 && r.tip(w) != nil {
			r.checkPool(w) // at once: the next block may make right what is wrong
		}
	case engine.Reorganised:
		r.reorganised(w, ev.Reorg)
	case engine.TxRemoved:
		r.dropped(ev.Reason)
	case engine.PeerPenalized:
		w.penalized[ev.Peer] = true
		r.marks[Penalized] = true
		if strings.Contains(ev.Reason, "have less work than our tip") {
			r.marks[PresyncRefused] = true
		}
	}
}

// twin reports whether a record is that of the second engine under n1's ID.
func (r *run) twin(w *watched, rec *sim.Record) bool { return rec.Index() >= len(r.nodes) }

// arrived looks at a message.
func (r *run) arrived(w *watched, rec *sim.Record) {
	f := r.ledger.facts[rec.ID]
	if rec.Kind != "block" || f == nil || w.node.Engine() == nil {
		return
	}
	if f.parent != nil && !w.node.Engine().Tree().Has(f.parent.hash) {
		w.waiting[f.hash] = true
	}
	if int64(f.Header.Time) > w.node.Clock().Add(r.ledger.params.Future).Unix() {
		r.marks[TooEarly] = true
	}
	r.arrivedFrom(w, rec.From, f)
}

// moved checks that a tip is left for one with more work only.
func (r *run) moved(w *watched, to block.Hash) {
	from, tip := r.ledger.facts[w.history[len(w.history)-1].tip], r.ledger.facts[to]
	w.history = append(w.history, past{to, len(w.journal)})
	if tip == nil || from == nil || from.under(tip) {
		return
	}
	if tip.work.Cmp(from.work) <= 0 {
		r.violated("S3", w.node, "it left its tip %s at height %d for %s at height %d, which has no more work", from.hash, from.height, tip.hash, tip.height)
	}
	if tip.height < from.height {
		r.marks[Shorter] = true
	}
}

func (r *run) reorganised(w *watched, j *chain.Reorg) {
	w.journal = append(w.journal, *j)
	w.reorgs++
	w.to = j.To.Hash
	for _, p := range j.Left {
		w.left = append(w.left, p.Hash)
	}
	if len(j.Left) >= 2 {
		r.marks[ReorgOf2] = true
	}
	if len(j.Left) >= 6 {
		r.marks[ReorgOf6] = true
	}
	if len(j.Returned) > 0 {
		r.marks[PaymentReturned] = true
	}
}

func (r *run) dropped(reason string) {
	switch {
	case strings.HasPrefix(reason, "conflicts"):
		r.marks[ConflictEvicted] = true
	case strings.HasPrefix(reason, "replaced"):
		r.marks[Replaced] = true
	case strings.HasPrefix(reason, "too early"):
		r.marks[DroppedEarly] = true
	}
}
