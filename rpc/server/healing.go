package server

import (
	"context"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
)

// partitionChange is the set of peers that a partition cuts this node off from, before
// and after a call of setpartition.
type partitionChange struct {
	at            time.Time
	before, after []peer.ID
}

// partitionChanged passes a change to watch. While too many others wait it is not
// measured.
func (m *metrics) partitionChanged(before, after []peer.ID) {
	select {
	case m.partitions <- partitionChange{time.Now(), before, after}:
	default:
	}
}

// healing is the time from the end of a partition until this node's peers agree with it.
// Its methods may be called on nil: nothing heals.
type healing struct {
	since  time.Time
	across map[peer.ID]bool // the peers that were cut off
	ticker *time.Ticker
}

const (
	// healTick is how often a healing node compares its peers' tips, and so the
	// precision of what is measured.
	healTick = 20 * time.Millisecond
	// healTimeout is how long it does: in a large network a node may never get a peer
	// from the other side.
	healTimeout = 10 * time.Minute
)

// healing returns the healing that the change begins; nil unless it ends a partition.
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

// checkHealing reports whether a healing is over, and observes how long it took if the
// peers agree.
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

// agreed reports whether all peers announced this tip, and one of them had been cut off.
// Peers that have not joined do not count, except one that had been cut off.
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
