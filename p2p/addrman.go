package p2p

import (
	"math/rand/v2"
	"slices"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// addrMan is the address manager (Core: AddrMan): where peers listen and when to dial them
// next. It knows no clock and no network; the caller guards it with a lock.
type addrMan struct {
	self  corepeer.ID
	peers map[corepeer.ID]*knownPeer
}

// knownPeer is one peer in the address manager.
type knownPeer struct {
	addrs      []ma.Multiaddr // without /p2p/; at most maxAddrs, the latest last
	manual     bool           // named by the user: dialed however often it fails, whether or not there is room
	healed     bool           // unblocked just now: to be dialed once, whether or not there is room
	dialing    bool           // a dial is in progress
	lastJoined time.Time      // zero for a peer known by hearsay only
	fails      int            // failed dials since
	reported   bool           // the user has been warned that it does not answer
	nextDial   time.Time      // not to be dialed before
}

func newAddrMan(self corepeer.ID) *addrMan {
	return &addrMan{self: self, peers: map[corepeer.ID]*knownPeer{}}
}

// add remembers addresses of a peer, and reports whether the peer was new. When the address
// manager is full, it accepts only peers that the user names.
func (b *addrMan) add(id corepeer.ID, addrs []ma.Multiaddr, keep bool) bool {
	if id == b.self || id == "" {
		return false
	}
	c, known := b.peers[id]
	if !known {
		if len(b.peers) >= maxKnownPeers && !keep {
			return false
		}
		c = &knownPeer{}
		b.peers[id] = c
	}
	c.manual = c.manual || keep
	for _, a := range addrs {
		if !slices.ContainsFunc(c.addrs, a.Equal) {
			c.addrs = append(c.addrs, a)
		}
	}
	if extra := len(c.addrs) - maxAddrs; extra > 0 {
		first := 0
		if c.manual {
			first = 1 // the address that the user named
		}
		c.addrs = slices.Delete(c.addrs, first, first+extra)
	}
	return !known
}

// joined records that a peer joined and where it says it listens. An address that the user
// named stays: a peer behind a port forwarding does not know its own.
func (b *addrMan) joined(id corepeer.ID, addrs []ma.Multiaddr, now time.Time) {
	b.add(id, nil, false)
	c := b.peers[id]
	if c == nil {
		return
	}
	if !c.manual && len(addrs) > 0 {
		c.addrs = nil
	}
	b.add(id, addrs, false)
	c.lastJoined, c.fails, c.reported, c.healed, c.nextDial = now, 0, false, false, time.Time{}
}

// failed records a failed dial: the wait before the next one doubles. A peer known only by
// hearsay that never answers is deleted.
func (b *addrMan) failed(id corepeer.ID, now time.Time) {
	c := b.peers[id]
	if c == nil {
		return
	}
	c.healed = false
	c.fails++
	if !c.manual && c.fails > 20 {
		delete(b.peers, id)
		return
	}
	longest := redialFound
	if c.manual {
		longest = redialKept
	}
	wait := min(redialFirst<<min(c.fails-1, 20), longest)
	c.nextDial = now.Add(wait)
}

// reportOnce reports whether the user should be warned that a manual peer does not answer:
// true once between two times that it joins.
func (b *addrMan) reportOnce(id corepeer.ID) bool {
	c := b.peers[id]
	if c == nil || !c.manual || c.reported {
		return false
	}
	c.reported = true
	return true
}

// postpone delays the next dial of a peer.
func (b *addrMan) postpone(id corepeer.ID, until time.Time) {
	if c := b.peers[id]; c != nil {
		c.nextDial = until
	}
}

// heal forgets failed dials of a peer and makes it due at once.
func (b *addrMan) heal(id corepeer.ID) {
	if c := b.peers[id]; c != nil {
		c.healed, c.fails, c.nextDial = true, 0, time.Time{}
	}
}

// retry forgets all failed dials.
func (b *addrMan) retry() {
	for _, c := range b.peers {
		c.fails, c.nextDial = 0, time.Time{}
	}
}

// forget deletes a peer and reports whether it was known.
func (b *addrMan) forget(id corepeer.ID) bool {
	_, ok := b.peers[id]
	delete(b.peers, id)
	return ok
}

// toDial returns the peers to dial now: all that are manual or just healed, and as many
// others as there is room for, in random order. may reports whether a peer may be dialed at
// all (not connected, not refused). Each peer returned counts as being dialed until dialed
// is called.
func (b *addrMan) toDial(now time.Time, room int, may func(corepeer.ID) bool) []corepeer.AddrInfo {
	var must, could []corepeer.AddrInfo
	for id, c := range b.peers {
		if c.dialing || len(c.addrs) == 0 || c.nextDial.After(now) || !may(id) {
			continue
		}
		info := corepeer.AddrInfo{ID: id, Addrs: slices.Clone(c.addrs)}
		if c.manual || c.healed {
			must = append(must, info)
		} else {
			could = append(could, info)
		}
	}
	rand.Shuffle(len(could), func(i, j int) { could[i], could[j] = could[j], could[i] })
	list := append(must, could[:max(0, min(len(could), room-len(must)))]...)
	for _, info := range list {
		b.peers[info.ID].dialing = true
	}
	return list
}

// dialed ends what toDial began.
func (b *addrMan) dialed(id corepeer.ID) {
	if c := b.peers[id]; c != nil {
		c.dialing = false
	}
}

// dialing returns the number of dials in progress.
func (b *addrMan) dialing() (n int) {
	for _, c := range b.peers {
		if c.dialing {
			n++
		}
	}
	return n
}

// nextDial returns when the next known peer becomes due, zero if none waits.
func (b *addrMan) nextDial(now time.Time) (at time.Time) {
	for _, c := range b.peers {
		if c.nextDial.After(now) && (at.IsZero() || c.nextDial.Before(at)) {
			at = c.nextDial
		}
	}
	return at
}
