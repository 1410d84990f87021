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
)

// helloTimeout is how long a peer that connected may take to say who it is.
const helloTimeout = 15 * time.Second

// session is one connected peer, from the first connection to the end of the
// last. Each side opens one stream to the other and writes its status to it, now
// and whenever it changes: two one-way lines, so that each side learns the
// other's without asking. The session's own goroutine tells the Handler.
type session struct {
	peer   corepeer.ID
	since  time.Time
	cancel func()
	before <-chan struct{} // closed when the peer's session before this one has ended; may be nil

	wake   chan struct{} // capacity 1: something below changed
	told   chan struct{} // capacity 1: there is a status to announce
	ready  chan struct{} // closed when the peer joined (or would have, were we not deaf)
	done   chan struct{} // closed at the end
	asking chan struct{} // a place for each request under way

	mu      sync.Mutex
	first   block.Height // of its first status
	heard   *peer.Status // the last status the peer told
	at      time.Time    // when
	news    bool         // it has not been told to the Handler
	joined  bool
	out     peer.Status // the last status announced
	block   time.Time   // see PeerInfo.Block
	tx      time.Time
	latency time.Duration
	why     error // why the session ended
	ending  bool
}

// session returns the session of a connected peer and begins it if need be; nil
// when the peer is not connected, not welcome, or the network not running.
func (n *Net) session(ctx context.Context, p corepeer.ID) *session {
	if err := n.gate.refuses(p); err != nil {
		n.swarm.ClosePeer(p) // slipped through while the gate was being closed
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
	ctx, cancel := context.WithCancel(ctx)
	s := &session{peer: p, since: time.Now(), cancel: cancel,
		wake: make(chan struct{}, 1), told: make(chan struct{}, 1), ready: make(chan struct{}), done: make(chan struct{}),
		asking: make(chan struct{}, maxAsking)}
	if old != nil {
		s.before = old.done
	}
	n.sessions[p] = s
	g := n.running.gossip
	n.running.tasks.Go(func() { n.runSession(ctx, s, g) })
	return s
}

// runSession lives as long as the session.
func (n *Net) runSession(ctx context.Context, s *session, g *gossip) {
	if s.before != nil {
		<-s.before
	}
	var push sync.WaitGroup
	push.Go(func() { n.push(ctx, s) })
	n.follow(ctx, s, g)
	s.end(nil)
	push.Wait()

	n.mu.Lock()
	if n.sessions[s.peer] == s {
		delete(n.sessions, s.peer)
	}
	again := n.running
	if again != nil {
		again.tasks.Add(1)
	}
	n.mu.Unlock()
	close(s.done)
	n.lookAgain()
	if again != nil {
		again.session(s.peer) // connected again before libp2p noticed that it was not
		again.tasks.Done()
	}
}

// follow tells the Handler what becomes of the peer, until ctx ends.
func (n *Net) follow(ctx context.Context, s *session, g *gossip) {
	silence, topics := time.NewTimer(helloTimeout), time.NewTimer(time.Hour)
	defer silence.Stop()
	defer topics.Stop()
	joined, waited, first := false, false, true
	for ctx.Err() == nil {
		deaf := n.lines.deaf(s.peer)
		status, news := s.latest()
		if news && first {
			first = false
			topics.Reset(topicWait)
		}
		if news {
			silence.Reset(statusSilence)
		}
		switch {
		case joined && deaf:
			joined = false
			s.setJoined(false)
			n.handler.Left(text(s.peer))
		case !joined && !deaf && status != nil && (waited || g.reaches(s.peer)):
			joined = true
			n.join(ctx, s, *status)
		case joined && news:
			n.handler.PeerStatus(text(s.peer), *status)
		case deaf && status != nil:
			s.setReady()
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-topics.C:
			waited = true
		case <-silence.C:
			n.hangUp(s.peer, errors.New("it said nothing for too long"))
		}
	}
	if joined {
		s.setJoined(false)
		n.handler.Left(text(s.peer))
	}
}

// join makes the peer one of us.
func (n *Net) join(ctx context.Context, s *session, status peer.Status) {
	inbound := false
	for i, c := range n.swarm.ConnsToPeer(s.peer) {
		if i == 0 {
			inbound = c.Stat().Direction == network.DirInbound
		}
		select { // for where it listens: from now on it can be found again
		case <-n.host.IDService().IdentifyWait(c):
		case <-ctx.Done():
		}
	}
	n.mu.Lock()
	n.book.joined(s.peer, n.host.Peerstore().Addrs(s.peer), time.Now())
	n.unsaved = true
	n.mu.Unlock()
	s.setJoined(true)
	n.handler.Joined(text(s.peer), inbound)
	n.handler.PeerStatus(text(s.peer), status)
	s.setReady()
	n.log.Debug("peer joined", "peer", text(s.peer), "inbound", inbound, "height", status.Height, "agent", status.Agent)
	n.task(func() { n.learn(ctx, text(s.peer)) })
	n.task(func() { n.ping(ctx, s) })
}

// poke makes the peer's session look whether something changed.
func (n *Net) poke(p corepeer.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.sessions[p]; s != nil {
		s.poke()
	}
}

func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// hear notes a status that the peer told.
func (s *session) hear(status peer.Status) {
	s.mu.Lock()
	if s.heard == nil {
		s.first = status.Height
	}
	s.heard, s.at, s.news = &status, time.Now(), true
	s.mu.Unlock()
	s.poke()
}

// latest returns the peer's last status, nil if none, and whether it is news.
func (s *session) latest() (*peer.Status, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.news
	s.news = false
	return s.heard, news
}

// announce leaves a status to be pushed.
func (s *session) announce(status peer.Status) {
	s.mu.Lock()
	s.out = status
	s.mu.Unlock()
	select {
	case s.told <- struct{}{}:
	default:
	}
}

func (s *session) announced() peer.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out
}

func (s *session) setJoined(joined bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined = joined
}

func (s *session) isJoined() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joined
}

// setReady is called by the session's goroutine only.
func (s *session) setReady() {
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// because notes why the session is about to end; the first reason given stays.
func (s *session) because(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == nil {
		s.why = why
	}
}

// end ends the session.
func (s *session) end(why error) {
	s.because(why)
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.cancel()
}

func (s *session) isEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// brought notes that a peer brought a block or a transaction: see PeerInfo.Block.
func (n *Net) brought(p peer.ID, k kind) {
	id, err := decode(p)
	if err != nil {
		return
	}
	n.mu.Lock()
	s := n.sessions[id]
	n.mu.Unlock()
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
	info := PeerInfo{ID: text(s.peer), Connected: s.since, Latency: s.latency, Joined: s.joined, Block: s.block, Tx: s.tx}
	if s.heard != nil {
		info.Status, info.Agent, info.Heard, info.First = *s.heard, s.heard.Agent, s.at, s.first
	}
	return info
}
