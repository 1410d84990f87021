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

// What a user may do to the network, by hand or by script.

// Connect calls a peer once and returns when it has told its status. addr is
// complete: where the peer listens and /p2p/ with its ID. The error says whether
// nobody answered, the peer hung up, or it runs another network's rules. To have
// it called again whenever it is gone, use Keep. A peer that is connected already
// is not called at all.
func (n *Net) Connect(ctx context.Context, addr string) error {
	info, err := n.foreign(addr)
	if err != nil {
		return err
	}
	return n.connect(ctx, info)
}

// Keep remembers a peer like those of Config.Seeds: it is called now, and again
// whenever it is gone. It does not wait; addr is as for Connect.
func (n *Net) Keep(addr string) error {
	info, err := n.foreign(addr)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.book.add(info.ID, info.Addrs, true)
	n.book.heal(info.ID)
	n.mu.Unlock()
	n.protect(info.ID)
	n.lookAgain()
	return nil
}

// foreign reads a peer's address and refuses our own.
func (n *Net) foreign(addr string) (corepeer.AddrInfo, error) {
	info, err := parseAddr(addr)
	if err == nil && info.ID == n.host.ID() {
		err = fmt.Errorf("peer address %q is this node's own", addr)
	}
	return info, err
}

// Forget undoes Keep and strikes the peer out of the address book. A connection
// that stands is left alone.
func (n *Net) Forget(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	n.mu.Lock()
	known := n.book.forget(id)
	n.unsaved = true
	n.mu.Unlock()
	n.host.ConnManager().Unprotect(id, "kept")
	if !known {
		return fmt.Errorf("peer %s: nothing to forget, it was not known", p.Short())
	}
	return nil
}

// Disconnect closes the connections to a peer. Either side may call again, ours
// not before half a minute has passed: to keep a peer away use Ban or SetGate.
func (n *Net) Disconnect(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if len(n.swarm.ConnsToPeer(id)) == 0 {
		return fmt.Errorf("peer %s is not connected", p.Short())
	}
	n.mu.Lock()
	n.book.postpone(id, time.Now().Add(30*time.Second))
	n.mu.Unlock()
	n.hangUp(id, errors.New("disconnected by request"))
	return nil
}

// hangUp closes the connections to a peer and ends its session.
func (n *Net) hangUp(id corepeer.ID, why error) {
	n.mu.Lock()
	s := n.sessions[id]
	n.mu.Unlock()
	if s != nil {
		s.because(why)
	}
	n.swarm.ClosePeer(id)
	if s != nil {
		s.end(why)
	}
}

// Ban drops a peer and refuses it for d, in and out. Bans do not outlive the
// process, and a new key makes a new peer: it keeps off the faulty, not the
// malicious.
func (n *Net) Ban(p peer.ID, d time.Duration) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	n.ban(id, d, errors.New("banned"))
	return nil
}

func (n *Net) ban(id corepeer.ID, d time.Duration, why error) {
	n.gate.ban(id, time.Now().Add(d))
	n.hangUp(id, why)
}

// Banned returns the peers that are refused, and until when.
func (n *Net) Banned() map[peer.ID]time.Time {
	out := map[peer.ID]time.Time{}
	for id, until := range n.gate.bans() {
		out[text(id)] = until
	}
	return out
}

// Unban forgives a peer, and calls it if its address is known.
func (n *Net) Unban(p peer.ID) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if !n.gate.unban(id) {
		return fmt.Errorf("peer %s is not banned", p.Short())
	}
	n.heal(id)
	return nil
}

// SetGate replaces the set of peers that this node may not talk to. Connections
// to peers that are new in it are closed, with every stream on them, and refused
// from now on in both directions. Peers that are no longer in it are called at
// once, as far as their addresses are known. A cut is clean only when the gates
// of both sides are set: a node that is cut off from one side keeps calling.
func (n *Net) SetGate(blocked []peer.ID) error {
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
	cut, healed := n.gate.block(ids)
	for _, id := range cut {
		n.hangUp(id, errors.New("the gate was closed"))
	}
	n.heal(healed...)
	return nil
}

// Gate returns the set that SetGate set, in the order of the IDs.
func (n *Net) Gate() []peer.ID {
	out := []peer.ID{}
	for _, id := range n.gate.blockedPeers() {
		out = append(out, text(id))
	}
	slices.Sort(out)
	return out
}

// GateChanged returns when SetGate or SetActive last changed who this node may talk to;
// zero if they never did.
func (n *Net) GateChanged() time.Time { return n.gate.lastChange() }

// heal has peers called at once that were refused until now.
func (n *Net) heal(ids ...corepeer.ID) {
	n.mu.Lock()
	for _, id := range ids {
		n.book.heal(id)
	}
	n.mu.Unlock()
	n.lookAgain()
}

// SetLink makes the line to a peer as bad as l says, whether it is connected or
// not; the zero Link makes it perfect again.
func (n *Net) SetLink(p peer.ID, l Link) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	if err := l.Check(); err != nil {
		return err
	}
	n.lines.set(id, l)
	n.poke(id)
	return nil
}

// SetActive switches the network off: every connection is closed and none is
// made or taken. Switched on again, the node calls
// whom it knows without waiting.
func (n *Net) SetActive(active bool) {
	if !n.gate.setActive(active) {
		return
	}
	if !active {
		for _, id := range n.swarm.Peers() {
			n.hangUp(id, errors.New("the network was switched off"))
		}
		return
	}
	n.mu.Lock()
	n.book.retry()
	n.mu.Unlock()
	n.lookAgain()
}

// Active reports whether the network is switched on.
func (n *Net) Active() bool { return n.gate.isActive() }
