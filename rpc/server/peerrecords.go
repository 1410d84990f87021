package server

import (
	"sync"
	"time"

	"toychain/p2p"
	"toychain/peer"
)

// peerRecords numbers connections, as Core does, and records when peers were banned.
type peerRecords struct {
	mu      sync.Mutex
	last    int
	numbers map[connection]int
	banned  map[peer.ID]time.Time
}

type connection struct {
	peer  peer.ID
	since int64
}

func newPeerRecords() *peerRecords {
	return &peerRecords{last: -1, numbers: make(map[connection]int), banned: make(map[peer.ID]time.Time)}
}

// maxNumbers is how many connections keep their number.
const maxNumbers = 10_000

func (r *peerRecords) number(p *p2p.PeerInfo) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := connection{p.ID, p.Connected.UnixNano()}
	n, ok := r.numbers[key]
	if !ok {
		if len(r.numbers) > maxNumbers {
			clear(r.numbers)
		}
		r.last++
		n = r.last
		r.numbers[key] = n
	}
	return n
}

// noteBan records when a peer was banned.
func (r *peerRecords) noteBan(p peer.ID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.banned[p] = now
}

// bannedSince returns when a peer was banned whose ban ends at until.
func (r *peerRecords) bannedSince(p peer.ID, until time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since, ok := r.banned[p]; ok && since.Before(until) {
		return since
	}
	return until.Add(-p2p.BanTime) // by the node itself, for breaking a rule
}
