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

// gate says who may be connected. libp2p asks it at every stage of every
// connection, in and out; it never closes one that stands: that is for whoever
// changes the gate (see Net.SetGate). The zero gate refuses everybody.
type gate struct {
	now  func() time.Time
	full func() bool // no room for another inbound connection

	mu      sync.Mutex
	open    bool                      // Run is running
	active  bool                      // SetActive
	blocked map[corepeer.ID]struct{}  // SetGate
	banned  map[corepeer.ID]time.Time // until when
	changed time.Time                 // when active or blocked last was another than before
}

var _ connmgr.ConnectionGater = (*gate)(nil)

func newGate(now func() time.Time) *gate {
	return &gate{now: now, active: true, full: func() bool { return false },
		blocked: map[corepeer.ID]struct{}{}, banned: map[corepeer.ID]time.Time{}}
}

// refuses says why p may not be connected, or nil.
func (g *gate) refuses(p corepeer.ID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.shut(); err != nil {
		return err
	}
	if _, ok := g.blocked[p]; ok {
		return fmt.Errorf("the gate is closed to %s", short(p))
	}
	if until, ok := g.banned[p]; ok {
		if left := until.Sub(g.now()); left > 0 {
			return fmt.Errorf("%s is banned for another %v", short(p), left.Round(time.Second))
		}
		delete(g.banned, p)
	}
	return nil
}

// shut says why nobody may be connected, or nil. The caller holds mu.
func (g *gate) shut() error {
	if !g.open {
		return fmt.Errorf("the network is not running")
	}
	if !g.active {
		return fmt.Errorf("the network is switched off")
	}
	return nil
}

func (g *gate) setOpen(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}

// setActive reports whether that was a change.
func (g *gate) setActive(active bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.active != active
	if g.active = active; changed {
		g.changed = g.now()
	}
	return changed
}

func (g *gate) isActive() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.active
}

// block replaces the set of blocked peers and returns who is new in it and who
// is free again.
func (g *gate) block(ids []corepeer.ID) (cut, healed []corepeer.ID) {
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
	if g.blocked = want; len(cut)+len(healed) > 0 {
		g.changed = g.now()
	}
	return cut, healed
}

func (g *gate) lastChange() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func (g *gate) blockedPeers() []corepeer.ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Sorted(maps.Keys(g.blocked))
}

func (g *gate) ban(p corepeer.ID, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now() // keys are cheap: do not collect the bans of yesterday
	maps.DeleteFunc(g.banned, func(_ corepeer.ID, until time.Time) bool { return !until.After(now) })
	if until.After(g.banned[p]) { // a longer ban stays
		g.banned[p] = until
	}
}

// unban reports whether p was banned.
func (g *gate) unban(p corepeer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.banned[p]
	delete(g.banned, p)
	return ok && until.After(g.now())
}

func (g *gate) bans() map[corepeer.ID]time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	maps.DeleteFunc(g.banned, func(_ corepeer.ID, until time.Time) bool { return !until.After(now) })
	return maps.Clone(g.banned)
}

// The five questions of libp2p, in the order of a connection's life.

func (g *gate) InterceptPeerDial(p corepeer.ID) bool { return g.refuses(p) == nil }

func (g *gate) InterceptAddrDial(p corepeer.ID, _ ma.Multiaddr) bool { return g.refuses(p) == nil }

// InterceptAccept comes before the handshake: nobody knows yet who calls.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut() == nil && !g.full()
}

func (g *gate) InterceptSecured(_ network.Direction, p corepeer.ID, _ network.ConnMultiaddrs) bool {
	return g.refuses(p) == nil
}

func (g *gate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.refuses(c.RemotePeer()) == nil, 0
}
