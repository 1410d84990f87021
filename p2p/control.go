package p2p

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/peer"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// What a user or a script may change about the network.

// Connect dials a peer once and returns when its status has arrived. addr is complete:
// a listen address followed by /p2p/ and the peer's ID. The error distinguishes a
// failed dial, a peer that disconnects, and a peer with another network's rules. To have
// the peer dialed again whenever it is gone, use Keep. If the peer is connected already,
// it is not dialed.
func (n *Net) Connect(ctx context.Context, addr string) error {
	info, err := n.addrInfo(addr)
	if err != nil {
		return err
	}
	return n.connect(ctx, info)
}

// Keep adds a peer like those in Config.Seeds: it is dialed now, and again whenever it
// is gone. Keep does not wait; addr is as for Connect.
func (n *Net) Keep(addr string) error {
	info, err := n.addrInfo(addr)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.addrman.name(info.ID, info.Addrs)
	n.addrman.heal(info.ID)
	n.mu.Unlock()
	n.wakeDialer()
	return nil
}

// addrInfo parses a peer's address and rejects our own.
func (n *Net) addrInfo(addr string) (corepeer.AddrInfo, error) {
	info, err := parseAddr(addr)
	if err == nil && info.ID == n.host.ID() {
		err = fmt.Errorf("peer address %q is this node's own", addr)
	}
	return info, err
}

// Forget undoes Keep and deletes the peer from the address manager. An existing
// connection stays.
func (n *Net) Forget(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	n.mu.Lock()
	known := n.addrman.forget(id)
	n.unsaved = true
	n.mu.Unlock()
	if !known {
		return fmt.Errorf("peer %s: nothing to forget, it was not known", p.Short())
	}
	return nil
}

// Disconnect closes the connections to a peer. Either side may connect again, ours not
// within the next half minute: to keep a peer away use Ban or SetBlocklist.
func (n *Net) Disconnect(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if len(n.swarm.ConnsToPeer(id)) == 0 {
		return fmt.Errorf("peer %s is not connected", p.Short())
	}
	n.mu.Lock()
	n.addrman.postpone(id, time.Now().Add(30*time.Second))
	n.mu.Unlock()
	n.disconnect(id, errors.New("disconnected by request"))
	return nil
}

// disconnect closes the connections to a peer and ends its session.
func (n *Net) disconnect(id corepeer.ID, why error) {
	s := n.existing(id)
	if s != nil {
		s.setReason(why)
	}
	n.swarm.ClosePeer(id)
	if s != nil {
		s.end(why)
	}
}

// Ban disconnects a peer and refuses connections with it for d, in both directions. Bans
// do not survive a restart, and a new key makes a new peer: a ban stops faulty peers, not
// malicious ones.
func (n *Net) Ban(p peer.ID, d time.Duration) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	n.ban(id, d, errors.New("banned"))
	return nil
}

func (n *Net) ban(id corepeer.ID, d time.Duration, why error) {
	n.gater.ban(id, time.Now().Add(d))
	n.disconnect(id, why)
}

// Banned returns the banned peers.
func (n *Net) Banned() map[peer.ID]Ban {
	out := map[peer.ID]Ban{}
	for id, ban := range n.gater.bans() {
		out[text(id)] = ban
	}
	return out
}

// Unban lifts a ban, and dials the peer if its address is known.
func (n *Net) Unban(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if !n.gater.unban(id) {
		return fmt.Errorf("peer %s is not banned", p.Short())
	}
	n.heal(id)
	return nil
}

// SetBlocklist replaces the set of peers that this node may not talk to. Connections to
// peers that are new in it are closed, with all their streams, and refused from now on in
// both directions. Of those that are no longer in it, the ones that this node had dialed are
// dialed at once, and others if there is room. A partition is clean only if both sides block
// each other: a node that is blocked by one side only keeps dialing.
func (n *Net) SetBlocklist(blocked []peer.ID) error {
	ids := make([]corepeer.ID, 0, len(blocked))
	for _, p := range blocked {
		id, err := decode(p)
		if err != nil {
			return err
		}
		if id != n.host.ID() {
			ids = append(ids, id)
		}
	}
	cut, healed := n.gater.block(ids)
	for _, id := range cut {
		n.mu.Lock()
		n.addrman.cutOff(id, time.Now())
		n.mu.Unlock()
		n.disconnect(id, errors.New("the peer is on the blocklist"))
	}
	n.mu.Lock()
	n.addrman.healCut(healed, time.Now())
	n.mu.Unlock()
	n.wakeDialer()
	return nil
}

// Blocklist returns the set that SetBlocklist set, sorted by ID.
func (n *Net) Blocklist() []peer.ID {
	out := []peer.ID{}
	for _, id := range n.gater.blockedPeers() {
		out = append(out, text(id))
	}
	slices.Sort(out)
	return out
}

// heal dials a peer at once that was refused until now.
func (n *Net) heal(id corepeer.ID) {
	n.mu.Lock()
	n.addrman.heal(id)
	n.mu.Unlock()
	n.wakeDialer()
}

// SetLink sets the quality of the link to a peer, connected or not; the zero Link makes
// it perfect again.
func (n *Net) SetLink(p peer.ID, l Link) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if err := l.Check(); err != nil {
		return err
	}
	n.links.set(id, l)
	n.poke(id)
	return nil
}

// SetActive switches the network off: every connection is closed and none is made or
// accepted. When it is switched on again, the node dials the peers that it knows at once.
func (n *Net) SetActive(active bool) {
	if !n.gater.setActive(active) {
		return
	}
	if !active {
		for _, id := range n.swarm.Peers() {
			n.disconnect(id, errors.New("the network was switched off"))
		}
		return
	}
	n.mu.Lock()
	n.addrman.retry()
	n.mu.Unlock()
	n.wakeDialer()
}

// Active reports whether the network is switched on.
func (n *Net) Active() bool { return n.gater.isActive() }
