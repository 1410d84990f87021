package server

import (
	"context"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
)

// gateChange is a new set of peers that the node may not talk to.
type partitionChange struct {
	at            time.Time
	before, after []peer.ID
}

// gate notes a change of the gate. One that comes while too many others wait is
// not measured.
func (m *metrics) partitionChanged(before, after []peer.ID) {
	select {
	case m.partitions <- partitionChange{time.Now(), before, after}:
	default:
	}
}

// healing is a partition that has ended for this node, until its peers agree with it.
// Its methods may be called on nil, which is no healing.
type healing struct {
	since  time.Time
	across map[peer.ID]bool // who was shut out
	ticker *time.Ticker
}

const (
	// healTick is how often a healing node looks at its peers' tips. It bounds the
	// precision of what is measured.
	healTick = 20 * time.Millisecond
	// healPatience is how long it looks: a node in the middle of its side of a large
	// network may never get a peer from across.
	healTimeout = 10 * time.Minute
)

// healing returns what the change begins: nothing, unless it ends a partition.
func (c partitionChange) healing() *healing {
	if len(c.before) == 0 || len(c.after) > 0 {
		return nil
	}
	h := &healing{since: c.at, across: make(map[peer.ID]bool), ticker: time.NewTicker(healTick)}
	for _, id := range c.before {
		h.across[id] = true
	}
	return h
}

func (h *healing) ticks() <-chan time.Time {
	if h == nil {
		return nil
	}
	return h.ticker.C
}

func (h *healing) stop() {
	if h != nil {
		h.ticker.Stop()
	}
}

// look reports whether a healing is over, and notes how long it took if the peers
// agree.
func (m *metrics) checkHealing(ctx context.Context, h *healing) bool {
	var tip block.Hash
	if err := m.server.node.Look(ctx, func(e *engine.Engine) { tip = e.Tree().Tip().Hash }); err != nil {
		return true // the node has ended
	}
	took := time.Since(h.since)
	if !h.agreed(tip, m.server.node.Net().Peers()) {
		return took > healTimeout
	}
	m.healTime.Observe(took.Seconds())
	return true
}

// agreed reports whether all peers told this tip, and one of them was shut out. Somebody
// who is not one of us has no say.
func (h *healing) agreed(tip block.Hash, peers []p2p.PeerInfo) bool {
	met := false
	for _, p := range peers {
		if p.Joined && p.Status.Tip != tip || !p.Joined && h.across[p.ID] {
			return false
		}
		met = met || p.Joined && h.across[p.ID]
	}
	return met
}
