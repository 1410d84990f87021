package p2p

import (
	"math/rand/v2"
	"slices"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// book is the address book: where peers can be called, and when to call whom
// again. It knows no clock and no network; the caller guards it with a lock.
type book struct {
	self     corepeer.ID
	contacts map[corepeer.ID]*contact
}

// contact is one peer in the book.
type contact struct {
	addrs   []ma.Multiaddr // without /p2p/; at most maxAddrs, the latest heard last
	kept    bool           // named by the user: called for ever, room or not
	healed  bool           // cut off until just now: to be called once, room or not
	calling bool           // a call is under way
	good    time.Time      // when it last joined us; zero for hearsay
	fails   int            // calls that failed since
	missed  bool           // the user was told that it does not answer
	next    time.Time      // not to be called before
}

func newBook(self corepeer.ID) *book { return &book{self: self, contacts: map[corepeer.ID]*contact{}} }

// add remembers addresses of a peer, and reports whether the peer was new. A
// full book takes only peers that the user names.
func (b *book) add(id corepeer.ID, addrs []ma.Multiaddr, keep bool) bool {
	if id == b.self || id == "" {
		return false
	}
	c, known := b.contacts[id]
	if !known {
		if len(b.contacts) >= maxContacts && !keep {
			return false
		}
		c = &contact{}
		b.contacts[id] = c
	}
	c.kept = c.kept || keep
	for _, a := range addrs {
		if !slices.ContainsFunc(c.addrs, a.Equal) {
			c.addrs = append(c.addrs, a)
		}
	}
	if extra := len(c.addrs) - maxAddrs; extra > 0 {
		first := 0
		if c.kept {
			first = 1 // what the user said
		}
		c.addrs = slices.Delete(c.addrs, first, first+extra)
	}
	return !known
}

// joined notes that the peer is one of us and where it says it listens. What the
// user said stays: a peer behind a port forwarding does not know its own address.
func (b *book) joined(id corepeer.ID, addrs []ma.Multiaddr, now time.Time) {
	b.add(id, nil, false)
	c := b.contacts[id]
	if c == nil {
		return
	}
	if !c.kept && len(addrs) > 0 {
		c.addrs = nil
	}
	b.add(id, addrs, false)
	c.good, c.fails, c.missed, c.healed, c.next = now, 0, false, false, time.Time{}
}

// failed notes that a call failed: the next waits twice as long as this one did.
// A peer known only by hearsay that never answers is forgotten.
func (b *book) failed(id corepeer.ID, now time.Time) {
	c := b.contacts[id]
	if c == nil {
		return
	}
	c.healed = false
	c.fails++
	if !c.kept && c.fails > 20 {
		delete(b.contacts, id)
		return
	}
	longest := redialFound
	if c.kept {
		longest = redialKept
	}
	wait := min(redialFirst<<min(c.fails-1, 20), longest)
	c.next = now.Add(wait)
}

// missed notes that the user's peer does not answer, and reports whether that is
// news: not known since it last joined us.
func (b *book) missed(id corepeer.ID) bool {
	c := b.contacts[id]
	if c == nil || !c.kept || c.missed {
		return false
	}
	c.missed = true
	return true
}

// postpone makes the next call to a peer wait.
func (b *book) postpone(id corepeer.ID, until time.Time) {
	if c := b.contacts[id]; c != nil {
		c.next = until
	}
}

// heal forgets failed calls and has the peer called at once.
func (b *book) heal(id corepeer.ID) {
	if c := b.contacts[id]; c != nil {
		c.healed, c.fails, c.next = true, 0, time.Time{}
	}
}

// retry forgets all failed calls.
func (b *book) retry() {
	for _, c := range b.contacts {
		c.fails, c.next = 0, time.Time{}
	}
}

// forget strikes out a peer and reports whether it was in the book.
func (b *book) forget(id corepeer.ID) bool {
	_, ok := b.contacts[id]
	delete(b.contacts, id)
	return ok
}

// due returns whom to call now: everybody who is kept or just healed, and of the
// others as many as there is room for, in random order. may says whether a peer
// may be called at all: not connected, not refused. Each one returned counts as
// being called until called is.
func (b *book) due(now time.Time, room int, may func(corepeer.ID) bool) []corepeer.AddrInfo {
	var must, could []corepeer.AddrInfo
	for id, c := range b.contacts {
		if c.calling || len(c.addrs) == 0 || c.next.After(now) || !may(id) {
			continue
		}
		info := corepeer.AddrInfo{ID: id, Addrs: slices.Clone(c.addrs)}
		if c.kept || c.healed {
			must = append(must, info)
		} else {
			could = append(could, info)
		}
	}
	rand.Shuffle(len(could), func(i, j int) { could[i], could[j] = could[j], could[i] })
	list := append(must, could[:max(0, min(len(could), room-len(must)))]...)
	for _, info := range list {
		b.contacts[info.ID].calling = true
	}
	return list
}

// called ends what due began.
func (b *book) called(id corepeer.ID) {
	if c := b.contacts[id]; c != nil {
		c.calling = false
	}
}

// calls returns how many calls are under way.
func (b *book) calls() (n int) {
	for _, c := range b.contacts {
		if c.calling {
			n++
		}
	}
	return n
}

// wake returns when the next contact becomes due, zero when none waits.
func (b *book) wake(now time.Time) (at time.Time) {
	for _, c := range b.contacts {
		if c.next.After(now) && (at.IsZero() || c.next.Before(at)) {
			at = c.next
		}
	}
	return at
}
