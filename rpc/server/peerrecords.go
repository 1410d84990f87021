package server

import (
	"sync"
	"time"

	"toychain/p2p"
	"toychain/peer"
)

// peerIDs numbers connections, as Core does, and remembers when peers were banned.
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

func (ids *peerRecords) number(p *p2p.PeerInfo) int {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	key := connection{p.ID, p.Connected.UnixNano()}
	n, ok := ids.numbers[key]
	if !ok {
		if len(ids.numbers) > maxNumbers {
			clear(ids.numbers)
		}
		ids.last++
		n = ids.last
		ids.numbers[key] = n
	}
	return n
}

// noteBan remembers when a peer was banned.
func (ids *peerRecords) noteBan(p peer.ID, now time.Time) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.banned[p] = now
}

// bannedSince returns when a peer was banned that is so until a time.
func (ids *peerRecords) bannedSince(p peer.ID, until time.Time) time.Time {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if since, ok := ids.banned[p]; ok && since.Before(until) {
		return since
	}
	return until.Add(-p2p.BanTime) // by the node itself, for breaking a rule
}
