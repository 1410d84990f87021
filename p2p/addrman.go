package p2p

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// addrMan is the address manager (Core: AddrMan): where peers listen and when to dial them
// next. It knows no clock and no network; the caller guards it with a lock. Any peer may tell
// any address, so what is heard and what is known are two tables, as in Core:
//
//	tried   a connection that we dialed joined there: dialed whenever there is room
//	new     hearsay, one entry for each source that told it: few are dialed in a minute
//
//	    getpeers ──► new ──dialed, joined──► tried     what a joined peer says of itself goes
//	                  │                                where the connection belongs: to tried
//	        failed maxFailures times: deleted          if we dialed it, else to new
//
// Nothing that is heard touches tried. A source can fill only a part of new, and when that is
// full, the source with the most entries makes room: many false addresses displace each other,
// not the few true ones. Core hashes into buckets for that; a thousand entries can be counted.
type addrMan struct {
	self  corepeer.ID
	peers map[corepeer.ID]*knownPeer
	dials bucket // dials of addresses in new
}

// knownPeer is one peer in the address manager. No address contains /p2p/.
type knownPeer struct {
	named []ma.Multiaddr // by the user: dialed however often that fails, whether or not there is room
	tried []ma.Multiaddr // the peer joined there; at most maxAddrs
	heard []hearsay      // in new; each of another source

	connected  bool      // it has joined and not left
	ours       bool      // the last connection with it is ours to restore
	leftAt     time.Time // when it left last
	cut        bool      // the blocklist closed a connection that we had dialed
	healed     bool      // unblocked just now: to be dialed, whether or not there is room
	dialing    bool      // a dial is in progress
	lastJoined time.Time
	fails      int         // failed dials since
	reported   bool        // the user has been warned that it does not answer
	nextDial   time.Time   // not to be dialed before
	dialed     corepeer.ID // the source whose hearsay is dialed; "" for named and tried
	tells      bucket      // peers that it may tell us
}

// hearsay is what one source told about one peer.
type hearsay struct {
	source corepeer.ID    // or own
	group  string         // of the source: see groupOf
	addrs  []ma.Multiaddr // at most maxHeard
	fails  int            // failed dials
}

// own is the source of what peers that dialed us say of themselves, and of mDNS. Its share is
// for all of them together, and the latest replaces one whose peer is not connected.
const own corepeer.ID = "own"

func newAddrMan(self corepeer.ID) *addrMan {
	return &addrMan{self: self, peers: map[corepeer.ID]*knownPeer{}}
}

// manual reports whether the user named the peer.
func (c *knownPeer) manual() bool { return c != nil && len(c.named) > 0 }

// all returns the addresses of a peer in both tables, at most maxAddrs: what the user named
// and what worked first.
func (c *knownPeer) all() []ma.Multiaddr {
	lists := [][]ma.Multiaddr{c.named, c.tried}
	for _, h := range c.heard {
		lists = append(lists, h.addrs)
	}
	return merged(lists...)
}

// peer returns the entry of a peer, a new one if there is none; nil for ourselves.
func (b *addrMan) peer(id corepeer.ID) *knownPeer {
	if id == b.self || id == "" {
		return nil
	}
	if b.peers[id] == nil {
		b.peers[id] = &knownPeer{}
	}
	return b.peers[id]
}

// name adds addresses of a peer that the user named.
func (b *addrMan) name(id corepeer.ID, addrs []ma.Multiaddr) {
	if c := b.peer(id); c != nil {
		c.named = merged(c.named, addrs)
	}
}

// merged returns the addresses of the lists, each once and at most maxAddrs, the first first.
func merged(lists ...[]ma.Multiaddr) (out []ma.Multiaddr) {
	for _, a := range slices.Concat(lists...) {
		if len(out) < maxAddrs && !slices.ContainsFunc(out, a.Equal) {
			out = append(out, a)
		}
	}
	return out
}

func atMost(n int, addrs []ma.Multiaddr) []ma.Multiaddr { return addrs[:min(len(addrs), n)] }

// hear adds what a source told about peers to new, and reports whether a peer was unknown.
// About a connected peer, and about ourselves, there is nothing to hear.
func (b *addrMan) hear(from source, told []corepeer.AddrInfo, now time.Time) (isNew bool) {
	for _, info := range told {
		addrs := from.credible(info.Addrs)
		if c := b.peers[info.ID]; info.ID == b.self || info.ID == "" || len(addrs) == 0 || c != nil && c.connected {
			continue
		}
		if teller := b.peers[from.id]; teller != nil && b.told(info.ID, from.id) == nil && !teller.tells.take(1, tellAtOnce, tellPerMinute, now) {
			return isNew
		}
		known := b.peers[info.ID] != nil
		isNew = b.addNew(info.ID, hearsay{source: from.id, group: groupOf(from.addr), addrs: addrs}) && !known || isNew
	}
	return isNew
}

// told returns what a source told us of a peer, nil if nothing.
func (b *addrMan) told(id, source corepeer.ID) *hearsay {
	if c := b.peers[id]; c != nil {
		if i := slices.IndexFunc(c.heard, func(h hearsay) bool { return h.source == source }); i >= 0 {
			return &c.heard[i]
		}
	}
	return nil
}

// addNew adds an entry to new, or addresses to the entry of the same source: the latest are
// first. It refuses an entry of a source, or of a group of sources, that has its share.
func (b *addrMan) addNew(id corepeer.ID, h hearsay) bool {
	if old := b.told(id, h.source); old != nil {
		old.addrs = atMost(maxHeard, merged(h.addrs, old.addrs))
		return true
	}
	h.addrs = atMost(maxHeard, merged(h.addrs))
	sources, groups, total := b.countNew()
	if h.source != own && (sources[h.source] >= maxFromSource || h.group != "" && groups[h.group] >= maxFromGroup) {
		return false
	}
	if h.source == own && sources[own] >= maxFromGroup {
		b.evictNew(own)
	} else if total >= maxNew {
		b.evictNew(slices.MaxFunc(slices.Collect(maps.Keys(sources)), func(a, b corepeer.ID) int { return cmp.Compare(sources[a], sources[b]) }))
	}
	c := b.peer(id)
	c.heard = append(c.heard, h)
	return true
}

// countNew counts the entries in new, by source and by group.
func (b *addrMan) countNew() (sources map[corepeer.ID]int, groups map[string]int, total int) {
	sources, groups = map[corepeer.ID]int{}, map[string]int{}
	for _, c := range b.peers {
		for _, h := range c.heard {
			sources[h.source]++
			groups[h.group]++
			total++
		}
	}
	return sources, groups, total
}

// evictNew deletes one entry of a source.
func (b *addrMan) evictNew(source corepeer.ID) {
	for id, c := range b.peers {
		if i := slices.IndexFunc(c.heard, func(h hearsay) bool { return h.source == source }); i >= 0 && !c.connected {
			c.heard = slices.Delete(c.heard, i, i+1)
			b.tidy(id)
			return
		}
	}
}

// tidy deletes a peer of which nothing is known any more.
func (b *addrMan) tidy(id corepeer.ID) {
	if c := b.peers[id]; c != nil && !c.connected && !c.dialing && len(c.named)+len(c.tried)+len(c.heard) == 0 {
		delete(b.peers, id)
	}
}

// joined records that a peer joined: the addresses where we dialed it, none if it dialed us,
// and where it says it listens.
func (b *addrMan) joined(id corepeer.ID, dialed, says []ma.Multiaddr, from ma.Multiaddr, now time.Time) {
	c := b.peer(id)
	if c == nil {
		return
	}
	c.connected, c.lastJoined, c.fails, c.reported, c.healed, c.cut, c.nextDial = true, now, 0, false, false, false, time.Time{}
	says = source{id, from}.credible(says)
	switch {
	case len(dialed) > 0:
		c.tried, c.heard = merged(dialed, says), nil
		b.boundTried()
	case len(says) > 0:
		b.addNew(id, hearsay{source: own, addrs: says})
	}
}

// boundTried deletes from tried the peer that joined longest ago, if there are too many.
func (b *addrMan) boundTried() {
	var oldest *knownPeer
	var of corepeer.ID
	n := 0
	for id, c := range b.peers {
		if len(c.tried) == 0 {
			continue
		}
		n++
		if !c.connected && (oldest == nil || c.lastJoined.Before(oldest.lastJoined)) {
			oldest, of = c, id
		}
	}
	if n > maxTried && oldest != nil {
		oldest.tried = nil
		b.tidy(of)
	}
}

// left records that a peer is no longer connected.
func (b *addrMan) left(id corepeer.ID, now time.Time) {
	if c := b.peers[id]; c != nil {
		c.connected, c.leftAt = false, now
		b.tidy(id)
	}
}

// toTell returns the addresses of a joined peer that others may be told: at most maxHeard, of
// those where it joined or, if it dialed us, where it says it listens.
func (b *addrMan) toTell(id corepeer.ID) []ma.Multiaddr {
	c := b.peers[id]
	if c == nil {
		return nil
	}
	if h := b.told(id, own); len(c.tried) == 0 && h != nil {
		return h.addrs
	}
	return atMost(maxHeard, c.tried)
}

// failed records a failed dial: the wait before the next one doubles. Hearsay that fails
// maxFailures times is deleted.
func (b *addrMan) failed(id corepeer.ID, now time.Time) {
	c := b.peers[id]
	if c == nil {
		return
	}
	c.fails++
	c.healed = c.healed && c.fails < healDials
	longest := redialFound
	if c.manual() {
		longest = redialKept
	}
	c.nextDial = now.Add(min(redialFirst<<min(c.fails-1, 20), longest))
	if h := b.told(id, c.dialed); h != nil {
		h.fails++
		c.heard = slices.DeleteFunc(c.heard, func(h hearsay) bool { return h.fails >= maxFailures })
		b.tidy(id)
	}
}

// reportOnce reports whether the user should be warned that a manual peer does not answer:
// true once between two times that it joins.
func (b *addrMan) reportOnce(id corepeer.ID) bool {
	c := b.peers[id]
	if !c.manual() || c.reported {
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

// cutOff records that a peer is on the blocklist now. If the other side of a cut was faster, the
// connection is gone already.
func (b *addrMan) cutOff(id corepeer.ID, now time.Time) {
	if c := b.peers[id]; c != nil && (c.healed || c.ours && (c.connected || now.Sub(c.leftAt) < cutWithin)) {
		c.cut = true
	}
}

// healCut makes peers due that are no longer on the blocklist. The connections that it closed
// are restored, whether or not others took their place meanwhile: so a heal connects what a cut
// had separated, and makes no more connections than there were. If none of them was ours, one
// peer is dialed, or the cut's two sides might both have no room. The first is due at once and
// each other one healEvery later, when there is less to catch up with: the blocks then come from
// a few peers.
func (b *addrMan) healCut(ids []corepeer.ID, now time.Time) {
	var restored, others []corepeer.ID
	for _, id := range ids {
		c := b.peers[id]
		if c == nil {
			continue
		}
		c.healed, c.cut = c.cut, false
		switch {
		case c.connected && !c.healed:
		case c.healed || c.manual():
			restored = append(restored, id)
		case len(c.tried)+len(c.heard) > 0:
			others = append(others, id)
		}
	}
	for _, list := range [][]corepeer.ID{restored, others} {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for i, id := range slices.Concat(restored, others) {
		c := b.peers[id]
		c.fails, c.nextDial = 0, now.Add(time.Duration(i)*healEvery)
	}
	if len(restored) == 0 && len(others) > 0 {
		b.peers[others[0]].healed = true
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

// toDial returns the peers to dial now, with the addresses: all that are manual or just
// healed, and as many others as there is room for, those in tried first, each in random
// order. may reports whether a peer may be dialed at all (not connected, not refused). Each
// peer returned counts as being dialed until dialed is called.
func (b *addrMan) toDial(now time.Time, room int, may func(corepeer.ID) bool) (list []corepeer.AddrInfo) {
	var must, tried, heard []corepeer.ID
	for id, c := range b.peers {
		switch {
		case c.dialing || c.nextDial.After(now) || len(c.named)+len(c.tried)+len(c.heard) == 0 || !may(id):
		case c.manual() || c.healed:
			must = append(must, id)
		case len(c.tried) > 0:
			tried = append(tried, id)
		default:
			heard = append(heard, id)
		}
	}
	rand.Shuffle(len(tried), func(i, j int) { tried[i], tried[j] = tried[j], tried[i] })
	rand.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
	for i, id := range slices.Concat(must, tried, heard) {
		if i >= len(must) && len(list) >= room {
			break
		}
		if addrs := b.choose(id, now); len(addrs) > 0 {
			b.peers[id].dialing = true
			list = append(list, corepeer.AddrInfo{ID: id, Addrs: addrs})
		}
	}
	return list
}

// choose returns the addresses of a peer to dial now; none if they never worked and there were
// enough such dials. If those that worked fail, every other dial is of hearsay: the peer may
// have moved. What the peer said of itself counts for more than what others say.
func (b *addrMan) choose(id corepeer.ID, now time.Time) []ma.Multiaddr {
	c := b.peers[id]
	known := merged(c.named, c.tried)
	c.dialed = ""
	if len(c.heard) == 0 || len(known) > 0 && c.fails%2 == 0 || !c.healed && !b.dials.take(1, dialsAtOnce, dialsPerMinute, now) {
		return known
	}
	h := b.told(id, own)
	if h == nil {
		h = &c.heard[rand.N(len(c.heard))]
	}
	c.dialed = h.source
	return slices.Clone(h.addrs)
}

// ended ends what toDial began.
func (b *addrMan) ended(id corepeer.ID) {
	if c := b.peers[id]; c != nil {
		c.dialing = false
		b.tidy(id)
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

// tables returns both tables as the peers file has them.
func (b *addrMan) tables() (tried, heard []savedPeer) {
	tried, heard = []savedPeer{}, []savedPeer{} // [] in JSON, not null
	for id, c := range b.peers {
		if len(c.tried) > 0 {
			tried = append(tried, savedPeer{ID: id, Addrs: slices.Clone(c.tried), Good: c.lastJoined.UTC().Truncate(time.Second)})
		}
		for _, h := range c.heard {
			p := savedPeer{ID: id, Addrs: slices.Clone(h.addrs), Source: h.source, Group: h.group}
			if p.Source == own {
				p.Source = ""
			}
			heard = append(heard, p)
		}
	}
	order := func(a, b savedPeer) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source)) }
	slices.SortFunc(tried, order)
	slices.SortFunc(heard, order)
	return tried, heard
}

// load adds the tables of the peers file.
func (b *addrMan) load(f peersFile) {
	for _, p := range f.Tried {
		if c := b.peer(p.ID); c != nil && len(p.Addrs) > 0 {
			c.tried, c.lastJoined = merged(p.Addrs), p.Good
		}
	}
	for _, p := range f.New {
		if p.ID != b.self && len(p.Addrs) > 0 {
			b.addNew(p.ID, hearsay{source: cmp.Or(p.Source, own), group: p.Group, addrs: p.Addrs})
		}
	}
}
