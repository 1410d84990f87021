package swarm

import (
	"strings"

	"toychain/block"
	"toychain/chain"
	"toychain/engine"
	"toychain/sim"
)

// record takes what happens: for the trace, for marks, and for the checks of a fork choice.
func (r *run) record(rec *sim.Record) {
	if r.trace != nil {
		r.trace(rec)
	}
	if rec.Node == nil || rec.Fault != "" || rec.Node.Outside() {
		return
	}
	w := r.byID[rec.Node.ID]
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
