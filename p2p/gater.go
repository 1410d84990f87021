package p2p

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// gater decides which peers may be connected: not while the network is off, not those on
// the blocklist, not banned ones. libp2p asks it at every stage of every connection, in
// both directions. It never closes an existing connection: the caller that changes the
// gater does (see Net.SetBlocklist). The zero gater refuses every connection.
type gater struct {
	now   func() time.Time
	alone bool // accept no inbound connection

	handshakes handshakes

	mu      sync.Mutex
	open    bool                     // Run is running
	active  bool                     // SetActive
	blocked map[corepeer.ID]struct{} // SetBlocklist
	banned  map[corepeer.ID]Ban
}

var _ connmgr.ConnectionGater = (*gater)(nil)

func newGater(now func() time.Time) *gater {
	return &gater{now: now, active: true,
		blocked: map[corepeer.ID]struct{}{}, banned: map[corepeer.ID]Ban{}}
}

// refusal returns why p may not be connected, or nil.
func (g *gater) refusal(p corepeer.ID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.closed(); err != nil {
		return err
	}
	if _, ok := g.blocked[p]; ok {
		return fmt.Errorf("%s is on the blocklist", short(p))
	}
	if ban, ok := g.banned[p]; ok {
		if left := ban.Until.Sub(g.now()); left > 0 {
			return fmt.Errorf("%s is banned for another %v", short(p), left.Round(time.Second))
		}
		delete(g.banned, p)
	}
	return nil
}

// closed returns why no peer may be connected, or nil. The caller holds mu.
func (g *gater) closed() error {
	if !g.open {
		return fmt.Errorf("the network is not running")
	}
	if !g.active {
		return fmt.Errorf("the network is switched off")
	}
	return nil
}

func (g *gater) setOpen(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}

// setActive reports whether the value changed.
func (g *gater) setActive(active bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.active != active
	g.active = active
	return changed
}

func (g *gater) isActive() bool { return locked(&g.mu, &g.active) }

// block replaces the set of blocked peers and returns those that are new in it and those
// that are no longer in it.
func (g *gater) block(ids []corepeer.ID) (cut, healed []corepeer.ID) {
	want := make(map[corepeer.ID]struct{}, len(ids))
	for _, id := range ids {
		want[id] = struct{}{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range want {
		if _, ok := g.blocked[id]; !ok {
			cut = append(cut, id)
		}
	}
	for id := range g.blocked {
		if _, ok := want[id]; !ok {
			healed = append(healed, id)
		}
	}
	g.blocked = want
	return cut, healed
}

func (g *gater) blockedPeers() []corepeer.ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Sorted(maps.Keys(g.blocked))
}

func (g *gater) ban(p corepeer.ID, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now() // keys are cheap: delete expired bans, so that they do not accumulate
	maps.DeleteFunc(g.banned, func(_ corepeer.ID, b Ban) bool { return !b.Until.After(now) })
	if until.After(g.banned[p].Until) { // a longer ban stays
		g.banned[p] = Ban{now, until}
	}
}

// unban reports whether p was banned.
func (g *gater) unban(p corepeer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	ban, ok := g.banned[p]
	delete(g.banned, p)
	return ok && ban.Until.After(g.now())
}

func (g *gater) bans() map[corepeer.ID]Ban {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	maps.DeleteFunc(g.banned, func(_ corepeer.ID, b Ban) bool { return !b.Until.After(now) })
	return maps.Clone(g.banned)
}

// The five questions of libp2p, in the order of a connection's life.

func (g *gater) InterceptPeerDial(p corepeer.ID) bool { return g.refusal(p) == nil }

func (g *gater) InterceptAddrDial(p corepeer.ID, _ ma.Multiaddr) bool { return g.refusal(p) == nil }

// InterceptAccept comes before the handshake, when the peer is not known yet.
func (g *gater) InterceptAccept(c network.ConnMultiaddrs) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed() != nil || g.alone {
		return false
	}
	g.handshakes.begin(c, g.now())
	return true
}

func (g *gater) InterceptSecured(dir network.Direction, p corepeer.ID, c network.ConnMultiaddrs) bool {
	if dir == network.DirInbound {
		g.handshakes.end(c)
	}
	return g.refusal(p) == nil
}

func (g *gater) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.refusal(c.RemotePeer()) == nil, 0
}
