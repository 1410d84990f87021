package p2p

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	// lookEvery is how often the redial loop looks into the book although
	// nothing woke it: a ban may have run out.
	lookEvery = 10 * time.Second

	// askFirst and askEvery are the first and the longest wait between two
	// questions for more peers, while there are fewer than MaxOut.
	askFirst = time.Second
	askEvery = time.Minute
)

// redialLoop calls whoever in the book is due, and while peers are few asks
// those there are for more.
func (n *Net) redialLoop(ctx context.Context) {
	askAt, askWait, joinedBefore := time.Now().Add(askFirst), askFirst, 0
	for ctx.Err() == nil {
		now := time.Now()
		room := MaxOut - len(n.swarm.Peers())
		n.mu.Lock()
		calls := n.book.due(now, room-n.book.calls(), func(p corepeer.ID) bool {
			return n.sessions[p] == nil && n.swarm.Connectedness(p) != network.Connected && n.gate.refuses(p) == nil
		})
		next := n.book.wake(now)
		joined := n.joinedPeers()
		n.mu.Unlock()
		for _, info := range calls {
			n.task(func() { n.call(ctx, info) })
		}
		if len(joined) > joinedBefore {
			askAt, askWait = now.Add(askFirst), askFirst
		}
		joinedBefore = len(joined)
		if room > 0 && len(joined) > 0 && !now.Before(askAt) {
			n.task(func() { n.learn(ctx, joined[rand.N(len(joined))]) })
			askWait = min(2*askWait, askEvery)
			askAt = now.Add(askWait)
		}

		wait := lookEvery
		if !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		if room > 0 && askAt.After(now) {
			wait = min(wait, askAt.Sub(now))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-n.redial:
		case <-timer.C:
		}
		timer.Stop()
		if err := n.savePeers(); err != nil {
			n.log.Warn("cannot save the peers' addresses", "err", err)
		}
	}
}

// lookAgain wakes the redial loop.
func (n *Net) lookAgain() {
	select {
	case n.redial <- struct{}{}:
	default:
	}
}

// joinedPeers returns who joined. The caller holds mu.
func (n *Net) joinedPeers() (ids []peer.ID) {
	for id, s := range n.sessions {
		if s.isJoined() {
			ids = append(ids, text(id))
		}
	}
	return ids
}

// call calls one peer from the book and notes how it went.
func (n *Net) call(ctx context.Context, info corepeer.AddrInfo) {
	err := n.connect(ctx, info)
	refused := n.gate.refuses(info.ID) != nil // by ourselves
	news := false
	n.mu.Lock()
	n.book.called(info.ID)
	if err != nil {
		n.book.failed(info.ID, time.Now())
		news = !refused && n.sessions[info.ID] == nil && n.book.missed(info.ID)
	}
	n.mu.Unlock()
	switch {
	case err == nil || ctx.Err() != nil:
	case news:
		n.log.Warn("call failed; the peer is called again until it answers", "err", err)
	default:
		n.log.Debug("call failed", "peer", text(info.ID), "err", err)
	}
	n.lookAgain()
}

// connect dials and waits until the peer has told its status: a gate or a ban at
// the other end lets the dial succeed and then hangs up.
func (n *Net) connect(ctx context.Context, info corepeer.AddrInfo) error {
	if err := n.gate.refuses(info.ID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	n.swarm.Backoff().Clear(info.ID) // the book does the waiting
	if n.swarm.Connectedness(info.ID) != network.Connected {
		n.host.Peerstore().ClearAddrs(info.ID) // the book does the remembering
	}
	n.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
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
		return n.hungUp(info.ID, nil)
	}
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		return n.hungUp(info.ID, s.reason())
	case <-ctx.Done():
		return fmt.Errorf("peer %s answers, but does not tell its status: %w", text(info.ID), ctx.Err())
	}
}

// hungUp says why a connection that was just made is gone.
func (n *Net) hungUp(p corepeer.ID, why error) error {
	if err := n.strangerError(p); err != nil {
		return err
	}
	if err := n.gate.refuses(p); err != nil {
		return err
	}
	if why != nil {
		why = fmt.Errorf(" (%w)", why)
	} else {
		why = errors.New("")
	}
	return fmt.Errorf("peer %s hung up at once: it may be cut off from us, have banned us or have no room%w", text(p), why)
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

// learn asks a peer whom it knows and remembers them.
func (n *Net) learn(ctx context.Context, p peer.ID) {
	if n.cfg.Alone {
		return
	}
	found, err := n.requestPeers(ctx, p)
	if err != nil {
		n.log.Debug("asked for peers", "peer", p, "err", err)
		return
	}
	n.found(found)
}

// found puts peers known by hearsay into the book.
func (n *Net) found(infos []corepeer.AddrInfo) {
	n.mu.Lock()
	isNew := false
	for _, info := range infos {
		if dialable(info.Addrs) {
			isNew = n.book.add(info.ID, info.Addrs, false) || isNew
		}
	}
	n.mu.Unlock()
	if isNew {
		n.lookAgain()
	}
}

// dialable reports whether all addresses are such as we can call.
func dialable(addrs []ma.Multiaddr) bool {
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(ma.P_TCP); err != nil {
			return false
		}
	}
	return len(addrs) > 0
}

// known returns the addresses of our peers, all but asker's own, at most three
// of each.
func (n *Net) known(asker corepeer.ID) (addrs []ma.Multiaddr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, s := range n.sessions {
		c := n.book.contacts[id]
		if id == asker || c == nil || !s.isJoined() {
			continue
		}
		who, err := ma.NewComponent("p2p", id.String())
		if err != nil {
			continue
		}
		for _, a := range c.addrs[:min(len(c.addrs), 3)] {
			addrs = append(addrs, a.Encapsulate(who.Multiaddr()))
		}
	}
	return addrs
}

// protect keeps libp2p from hanging up on a peer that the user named when there
// are too many connections.
func (n *Net) protect(p corepeer.ID) { n.host.ConnManager().Protect(p, "kept") }
