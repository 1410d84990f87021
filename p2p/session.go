package p2p

import (
	"context"
	"errors"
	"sync"
	"time"

	"toychain/block"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// helloTimeout is the time in which a new peer must send its first status.
const helloTimeout = 15 * time.Second

// session is one connected peer, from the first connection to the end of the last. Each
// side opens one stream to the other and writes its status to it, now and whenever it
// changes: two one-way streams, so that neither side has to ask. The session's goroutine
// notifies the Handler (see notifyHandler).
type session struct {
	peer   corepeer.ID
	number int // see PeerInfo.Number
	since  time.Time
	cancel func()
	healed bool            // it was dialed because the blocklist had closed the connection before
	before <-chan struct{} // closed when the previous session of the same peer has ended; may be nil

	wake      chan struct{} // capacity 1: a field below changed
	outbox    chan struct{} // capacity 1: there is a status to send
	ready     chan struct{} // closed when the peer joined (or would have, were the link not one-way)
	done      chan struct{} // closed at the end
	requests  chan struct{} // a slot for each request in progress
	responses chan struct{} // a slot for each response in progress

	mu      sync.Mutex
	first   block.Height // of its first status
	status  *peer.Status // the last status received
	unread  bool         // the Handler has not seen it
	joined  bool
	ours    peer.Status // the last status that we sent, or are about to send
	block   time.Time   // see PeerInfo.Block
	tx      time.Time
	latency time.Duration
	why     error // why the session ended
	ending  bool
}

// session returns the session of a connected peer, a new one if there is none; nil if the
// peer is not connected or refused, or if Run does not run.
func (n *Net) session(ctx context.Context, p corepeer.ID) *session {
	if err := n.gater.refusal(p); err != nil {
		n.swarm.ClosePeer(p) // connected while the gater was changing
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running == nil || n.swarm.Connectedness(p) != network.Connected {
		return nil
	}
	old := n.sessions[p]
	if old != nil && !old.isEnding() {
		return old
	}
	if n.owes(p, time.Now()) || !n.makeRoom(p) {
		n.running.tasks.Go(func() { n.swarm.ClosePeer(p) })
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &session{peer: p, number: n.opened, since: time.Now(), cancel: cancel,
		wake: make(chan struct{}, 1), outbox: make(chan struct{}, 1), ready: make(chan struct{}), done: make(chan struct{}),
		requests: make(chan struct{}, maxRequests), responses: make(chan struct{}, maxResponses)}
	if c := n.addrman.peers[p]; c != nil {
		s.healed = c.healed
	}
	if old != nil {
		s.before = old.done
	}
	n.sessions[p] = s
	n.opened++
	g := n.running.gossip
	n.running.tasks.Go(func() { n.runSession(ctx, s, g) })
	return s
}

// runSession runs a session to its end.
func (n *Net) runSession(ctx context.Context, s *session, g *gossip) {
	if s.before != nil {
		<-s.before
	}
	var push sync.WaitGroup
	push.Go(func() { n.sendStatuses(ctx, s) })
	n.notifyHandler(ctx, s, g)
	s.end(nil)
	push.Wait()

	n.mu.Lock()
	if n.sessions[s.peer] == s {
		delete(n.sessions, s.peer)
		n.addrman.left(s.peer, time.Now())
	}
	again := n.running
	if again != nil {
		again.tasks.Add(1)
	}
	n.mu.Unlock()
	close(s.done)
	n.wakeDialer()
	if again != nil {
		again.session(s.peer) // it reconnected before libp2p noticed the disconnect
		again.tasks.Done()
	}
}

// notifyHandler calls the Handler's Joined, PeerStatus and Left for one peer until ctx
// ends:
//
//	            first status, and gossip reaches the peer
//	            (or topicWait is over): Joined, PeerStatus
//	connected ───────────────────────────────────────────► joined ─┐ new status:
//	    │  ▲                                                 │  ▲  │ PeerStatus
//	    │  └──────── the link becomes one-way: Left ◄────────┘  └──┘
//	    ▼
//	no first status in helloTimeout, no further one in statusSilence: disconnect
func (n *Net) notifyHandler(ctx context.Context, s *session, g *gossip) {
	silence, topics := time.NewTimer(helloTimeout), time.NewTimer(time.Hour)
	defer silence.Stop()
	defer topics.Stop()
	joined, waited, first := false, false, true
	for ctx.Err() == nil {
		oneWay := n.links.oneWay(s.peer)
		status, news := s.latest()
		if news && first {
			first = false
			topics.Reset(topicWait)
		}
		if news {
			silence.Reset(statusSilence)
		}
		switch {
		case joined && oneWay:
			joined = false
			s.setJoined(false)
			n.handler.Left(text(s.peer))
		case !joined && !oneWay && status != nil && (waited || g.reaches(s.peer)):
			joined = true
			n.join(ctx, s, *status)
		case joined && news:
			n.handler.PeerStatus(text(s.peer), *status)
		case oneWay && status != nil:
			s.setReady()
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-topics.C:
			waited = true
		case <-silence.C:
			n.log.Info("disconnected a peer that sent no status for too long", "peer", text(s.peer))
			n.disconnect(s.peer, errors.New("the peer sent no status for too long"))
		}
	}
	if joined {
		s.setJoined(false)
		n.handler.Left(text(s.peer))
	}
}

// join records the peer's addresses and notifies the Handler that it joined.
func (n *Net) join(ctx context.Context, s *session, status peer.Status) {
	inbound := false
	conns := n.swarm.ConnsToPeer(s.peer)
	for i, c := range conns {
		if i == 0 {
			inbound = c.Stat().Direction == network.DirInbound
		}
		select { // for its listen addresses: from now on the peer can be found again
		case <-n.host.IDService().IdentifyWait(c):
		case <-ctx.Done():
		}
	}
	n.remember(s.peer, conns)
	s.setJoined(true)
	n.handler.Joined(text(s.peer), inbound)
	n.handler.PeerStatus(text(s.peer), status)
	s.setReady()
	n.log.Debug("peer joined", "peer", text(s.peer), "inbound", inbound, "height", status.Height, "agent", status.Agent)
	if len(n.outbound()) < n.cfg.maxOut {
		n.task(func() { n.requestMorePeers(ctx, text(s.peer)) })
	}
	n.task(func() { n.ping(ctx, s) })
}

// remember records where a peer joined and where it says that it listens. libp2p's own list
// of addresses is not used: others may have added to it.
func (n *Net) remember(p corepeer.ID, conns []network.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var dialed, says []ma.Multiaddr
	for _, c := range conns {
		if c.Stat().Direction == network.DirOutbound {
			dialed = append(dialed, c.RemoteMultiaddr())
		}
		if shaped := connOf(c); shaped != nil {
			says = append(says, shaped.listens...)
		}
	}
	if len(conns) > 0 && n.sessions[p] != nil {
		n.addrman.joined(p, dialed, says, conns[0].RemoteMultiaddr(), time.Now())
		if c := n.addrman.peers[p]; c != nil {
			c.ours = n.counts(p, conns)
		}
		n.unsaved = true
	}
}

// existing returns the session of a peer, nil if there is none.
func (n *Net) existing(p corepeer.ID) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sessions[p]
}

// poke wakes the peer's session.
func (n *Net) poke(p corepeer.ID) {
	if s := n.existing(p); s != nil {
		signal(s.wake)
	}
}

// signal wakes the reader of a channel with capacity 1, who need not be waiting yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// receive stores a status that arrived from the peer.
func (s *session) receive(status peer.Status) {
	s.mu.Lock()
	if s.status == nil {
		s.first = status.Height
	}
	s.status, s.unread = &status, true
	s.mu.Unlock()
	signal(s.wake)
}

// latest returns the peer's last status, nil if none, and whether it is unread.
func (s *session) latest() (*peer.Status, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.unread
	s.unread = false
	return s.status, news
}

// announce leaves a status to be sent.
func (s *session) announce(status peer.Status) {
	s.mu.Lock()
	s.ours = status
	s.mu.Unlock()
	signal(s.outbox)
}

func (s *session) announced() peer.Status { return locked(&s.mu, &s.ours) }

func (s *session) setJoined(joined bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined = joined
}

func (s *session) isJoined() bool { return locked(&s.mu, &s.joined) }

// setReady may be called only by the session's goroutine.
func (s *session) setReady() {
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// setReason records why the session is about to end; the first reason stays.
func (s *session) setReason(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == nil {
		s.why = why
	}
}

// end ends the session.
func (s *session) end(why error) {
	s.setReason(why)
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.cancel()
}

func (s *session) isEnding() bool { return locked(&s.mu, &s.ending) }

func (s *session) reason() error { return locked(&s.mu, &s.why) }

// delivered records that a peer delivered a block or a transaction: see PeerInfo.Block.
func (n *Net) delivered(p peer.ID, k kind) {
	id, err := decode(p)
	if err != nil {
		return
	}
	s := n.existing(id)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k == kindBlock {
		s.block = time.Now()
	} else {
		s.tx = time.Now()
	}
}

func (s *session) info() PeerInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := PeerInfo{ID: text(s.peer), Number: s.number, Connected: s.since, Latency: s.latency, Joined: s.joined, Block: s.block, Tx: s.tx}
	if s.status != nil {
		info.Status, info.Agent, info.StartingHeight = *s.status, s.status.Agent, s.first
	}
	return info
}

// locked returns what v points to, read while mu is held.
func locked[T any](mu *sync.Mutex, v *T) T {
	mu.Lock()
	defer mu.Unlock()
	return *v
}
