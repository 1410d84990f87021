package server

import (
	"fmt"
	"net/http"
	"time"

	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
)

const (
	// keepAlive is how often a silent stream sends a sign of life, and eventTimeout how
	// long a reader may take for an event: a slower one is disconnected.
	keepAlive    = 15 * time.Second
	eventTimeout = 10 * time.Second
)

// handleEvents sends all events of the node as server-sent events, until the reader
// leaves or is too slow.
func (s *Server) handleEvents(w http.ResponseWriter, r *http.Request) {
	if !s.streams.take() {
		http.Error(w, "too many are listening to events", http.StatusServiceUnavailable)
		return
	}
	defer s.streams.release()
	ctl := http.NewResponseController(w)
	ctl.SetReadDeadline(time.Time{})
	events := s.node.Watch(r.Context())
	send := func(text string) bool {
		ctl.SetWriteDeadline(time.Now().Add(eventTimeout))
		_, err := w.Write([]byte(text))
		return err == nil && ctl.Flush() == nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if !send(": events of a toychain node\n\n") {
		return
	}
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		text := ": alive\n\n"
		select {
		case <-beat.C:
		case ev, open := <-events:
			if !open {
				return
			}
			text = fmt.Sprintf("event: %s\ndata: %s\n\n", ev.Kind, marshal(s.showEvent(&ev)))
		}
		if !send(text) {
			return
		}
	}
}

func (s *Server) showEvent(ev *engine.Event) rpc.Event {
	out := rpc.Event{Event: string(ev.Kind), TimeMS: ev.Time.UnixMilli(), TxID: ev.Tx, Reason: ev.Reason, PeerID: string(ev.Peer),
		DurationMS: float64(ev.Duration) / float64(time.Millisecond)}
	if b := ev.Block; b != nil {
		out.Hash, out.Prev, out.Height, out.Txs, out.Size, out.Active = b.Hash, b.Prev, b.Height, b.Txs, b.Size, b.Active
	}
	if t := ev.Tip; t != nil {
		out.Hash, out.Height, out.Bits, out.OldBits, out.ChainWork = t.Hash, t.Height, answer.Bits(t.Bits), answer.Bits(t.OldBits), t.Work
	}
	if ev.Reorg != nil {
		r, err := answer.Reorg(ev.Reorg, placeIn(s.node.Store()))
		if err != nil {
			s.log.Error("sending the event of a reorganisation", "err", err)
		}
		out.Reorg = &r
	}
	return out
}
