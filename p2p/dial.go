package p2p

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	// dialEvery is how often the dialer looks although nothing woke it: a ban may have expired.
	dialEvery = 10 * time.Second

	// saveEvery is how often the peers file is written at most: many join at once.
	saveEvery = 10 * time.Second

	// trimAgain is how soon another look is taken at a connection that is too many but busy.
	trimAgain = time.Second

	// morePeersFirst and morePeersEvery are the first and the longest wait between two
	// requests for more peers, while there are fewer than MaxOut.
	morePeersFirst = time.Second
	morePeersEvery = time.Minute
)

// dialLoop dials the known peers that are due, and requests more addresses from a joined
// peer while there are few.
func (n *Net) dialLoop(ctx context.Context) {
	var saved time.Time
	askAt, askWait, joinedBefore := time.Now().Add(morePeersFirst), morePeersFirst, 0
	for ctx.Err() == nil {
		now := time.Now()
		out := n.outbound()
		room := n.cfg.maxOut - len(out)
		busy := n.trim(out)
		n.mu.Lock()
		calls := n.addrman.toDial(now, room-n.addrman.dialing(), func(p corepeer.ID) bool {
			return n.sessions[p] == nil && n.swarm.Connectedness(p) != network.Connected && n.gater.refusal(p) == nil
		})
		next := n.addrman.nextDial(now)
		joined, unsaved := n.joinedPeers(), n.unsaved
		n.mu.Unlock()
		for _, info := range calls {
			n.task(func() { n.dial(ctx, info) })
		}
		if len(joined) > joinedBefore {
			askAt, askWait = now.Add(morePeersFirst), morePeersFirst
		}
		joinedBefore = len(joined)
		if room > 0 && len(joined) > 0 && !now.Before(askAt) {
			n.task(func() { n.requestMorePeers(ctx, joined[rand.N(len(joined))]) })
			askWait = min(2*askWait, morePeersEvery)
			askAt = now.Add(askWait)
		}

		wait := dialEvery
		if !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		if room > 0 && askAt.After(now) {
			wait = min(wait, askAt.Sub(now))
		}
		if due := saved.Add(saveEvery); unsaved && now.Before(due) {
			wait = min(wait, due.Sub(now))
		} else if unsaved {
			saved = now
			if err := n.savePeers(); err != nil {
				n.log.Warn("cannot save the peers' addresses", "err", err)
			}
		}
		if busy {
			wait = min(wait, trimAgain)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-n.dialWake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// outbound returns the connected peers that we dialed.
func (n *Net) outbound() []corepeer.ID {
	return slices.DeleteFunc(n.swarm.Peers(), func(p corepeer.ID) bool { return isInbound(n.swarm.ConnsToPeer(p)) })
}

// trim closes connections that are too many after a heal, of those that we dialed, and reports
// whether it has to look again, as one is busy. It keeps those that the user named, and then those
// that a heal restored. Of the rest the latest goes: it took the place of one that is back, and the
// oldest are what an attacker cannot have made lately (see selectToEvict). Peers cannot make us dial
// more than there is room for, so nothing that they send has anything closed here.
func (n *Net) trim(out []corepeer.ID) (busy bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running == nil {
		return false
	}
	var may []*session
	joined := 0
	for _, p := range out {
		s := n.sessions[p]
		if s == nil || !s.isJoined() || s.isEnding() || !n.counts(p, n.swarm.ConnsToPeer(p)) {
			continue
		}
		joined++
		if !n.addrman.peers[p].manual() {
			may = append(may, s)
		}
	}
	slices.SortFunc(may, func(a, b *session) int {
		if a.healed != b.healed {
			return map[bool]int{false: -1, true: 1}[a.healed]
		}
		return cmp.Or(b.since.Compare(a.since), cmp.Compare(b.number, a.number))
	})
	for _, s := range may[:max(0, min(len(may), joined-n.cfg.maxOut))] {
		if len(s.requests)+len(s.responses) > 0 {
			busy = true
			continue
		}
		n.log.Debug("closing a connection that is one too many", "peer", text(s.peer))
		if c := n.addrman.peers[s.peer]; c != nil {
			c.ours = false // a cut has nothing to restore here
		}
		s.end(errors.New("there are enough connections"))
		n.running.tasks.Go(func() { n.swarm.ClosePeer(s.peer) })
	}
	return busy
}

// counts reports whether a peer's connections are ours to restore and to close: we dialed it. Of
// two that dialed each other at the same time, one counts it.
func (n *Net) counts(p corepeer.ID, conns []network.Conn) bool {
	return len(conns) > 0 && !isInbound(conns) && (n.host.ID() < p || !slices.ContainsFunc(conns, isDialedByPeer))
}

// wakeDialer wakes dialLoop.
func (n *Net) wakeDialer() { signal(n.dialWake) }

// joinedPeers returns the joined peers. The caller holds mu.
func (n *Net) joinedPeers() (ids []peer.ID) {
	for id, s := range n.sessions {
		if s.isJoined() {
			ids = append(ids, text(id))
		}
	}
	return ids
}

// dial dials one known peer and records the result.
func (n *Net) dial(ctx context.Context, info corepeer.AddrInfo) {
	err := n.connect(ctx, info)
	refused := n.gater.refusal(info.ID) != nil // by this node
	news := false
	n.mu.Lock()
	n.addrman.ended(info.ID)
	if err != nil {
		n.addrman.failed(info.ID, time.Now())
		news = !refused && n.sessions[info.ID] == nil && n.addrman.reportOnce(info.ID)
	}
	n.mu.Unlock()
	switch {
	case err == nil || ctx.Err() != nil:
	case news:
		n.log.Warn("cannot reach a peer; it is dialed again until it answers", "err", err)
	default:
		n.log.Debug("dial failed", "peer", text(info.ID), "err", err)
	}
	n.wakeDialer()
}

// connect dials a peer and waits until its status has arrived: a peer that refuses us
// accepts the connection and then closes it.
func (n *Net) connect(ctx context.Context, info corepeer.AddrInfo) error {
	if err := n.gater.refusal(info.ID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	n.swarm.Backoff().Clear(info.ID) // the address manager decides when to dial
	if n.swarm.Connectedness(info.ID) != network.Connected {
		n.host.Peerstore().ClearAddrs(info.ID) // the address manager remembers addresses
		n.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
	}
	if err := n.host.Connect(ctx, corepeer.AddrInfo{ID: info.ID}); err != nil {
		return dialError(info.ID, err)
	}
	r := n.enter()
	if r == nil {
		return errNotRunning
	}
	s := r.session(info.ID)
	r.tasks.Done()
	if s == nil {
		return n.closedError(info.ID, nil)
	}
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		return n.closedError(info.ID, s.reason())
	case <-ctx.Done():
		return fmt.Errorf("peer %s is connected, but sends no status: %w", text(info.ID), ctx.Err())
	}
}

// closedError returns why a connection that was just made is closed.
func (n *Net) closedError(p corepeer.ID, why error) error {
	if err := n.incompatibleError(p); err != nil {
		return err
	}
	if err := n.gater.refusal(p); err != nil {
		return err
	}
	if why != nil {
		why = fmt.Errorf(" (%w)", why)
	} else {
		why = errors.New("")
	}
	return fmt.Errorf("peer %s disconnected at once: it may be cut off from us, have banned us or have no room%w", text(p), why)
}

// dialError makes one line of libp2p's many.
func dialError(p corepeer.ID, err error) error {
	var d *swarm.DialError
	if !errors.As(err, &d) || len(d.DialErrors) == 0 {
		return fmt.Errorf("cannot reach peer %s: %w", text(p), err)
	}
	var causes []string
	for _, e := range d.DialErrors {
		cause := e.Cause.Error()
		if other := new(sec.ErrPeerIDMismatch); errors.As(e.Cause, other) {
			cause = fmt.Sprintf("another peer listens there: %s", text(other.Actual))
		}
		if i := strings.LastIndex(cause, "connect: "); i >= 0 {
			cause = cause[i+len("connect: "):]
		}
		causes = append(causes, fmt.Sprintf("%v: %s", e.Address, cause))
	}
	return fmt.Errorf("cannot reach peer %s: %s", text(p), strings.Join(causes, "; "))
}

// requestMorePeers asks a peer for the peers that it knows and remembers them.
func (n *Net) requestMorePeers(ctx context.Context, p peer.ID) {
	if n.cfg.Alone {
		return
	}
	found, err := n.requestPeers(ctx, p)
	if err != nil {
		n.log.Debug("request for peers failed", "peer", p, "err", err)
		return
	}
	id, err := decode(p)
	if conns := n.swarm.ConnsToPeer(id); err == nil && len(conns) > 0 {
		n.hear(source{id, conns[0].RemoteMultiaddr()}, found)
	}
}

// hear adds hearsay to the address manager.
func (n *Net) hear(from source, told []corepeer.AddrInfo) {
	n.mu.Lock()
	isNew := n.addrman.hear(from, told, time.Now())
	n.unsaved = n.unsaved || isNew
	n.mu.Unlock()
	if isNew {
		n.wakeDialer()
	}
}

// addressesFor returns addresses of the joined peers for another peer, none of asker.
func (n *Net) addressesFor(asker corepeer.ID) (addrs []ma.Multiaddr) {
	if n.cfg.Tell != nil {
		return n.cfg.Tell()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, s := range n.sessions {
		if id == asker || !s.isJoined() {
			continue
		}
		who, err := ma.NewComponent("p2p", id.String())
		if err != nil {
			continue
		}
		for _, a := range n.addrman.toTell(id) {
			addrs = append(addrs, a.Encapsulate(who.Multiaddr()))
		}
	}
	return addrs
}
