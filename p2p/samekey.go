package p2p

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multistream"
)

// Two nodes with the same key, because a node's directory was copied, are one peer to
// all others: what the one sends looks like a change of mind of the other. So every
// process draws a name at its start and states it in identify's protocol version:
//
//	toychain/1 KX3…            the same on every connection of one process
//
// Two connections of one peer with two names are two processes, unless the older connection
// is dead, which TCP may notice late: then it does not answer. The node that sees this keeps
// the older connection, closes the newer with the code connSameKey, and warns; the process at
// the other end of the newer one learns why from the code, and warns, too.

const (
	identifyVersion = "toychain/1 "
	// connSameKey closes a connection whose peer is connected already, as another process.
	// libp2p's own codes end at 0x1fff.
	connSameKey network.ConnErrorCode = 0x7001
	// warningFor is how long a warning stays in Warnings, and how long it is not logged again.
	warningFor = 5 * time.Minute
	maxWarned  = 16 // warnings at a time: each is about another key
)

func processName() string { return identifyVersion + rand.Text() }

// warning is about a key that two processes have.
type warning struct {
	text string
	at   time.Time
}

// Warnings returns what the user should know about the network, one sentence each.
func (n *Net) Warnings() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []string{}
	for _, w := range n.warnings {
		if time.Since(w.at) < warningFor {
			out = append(out, w.text)
		}
	}
	return out
}

// warn adds a warning about a key and logs it, unless it did that lately.
func (n *Net) warn(about corepeer.ID, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w, known := n.warnings[about]; known && time.Since(w.at) < warningFor || !known && len(n.warnings) >= maxWarned {
		return
	}
	n.warnings[about] = warning{text, time.Now()}
	n.log.Warn(text)
}

// identified handles libp2p's event that a peer has said what it is, on one connection.
func (n *Net) identified(ctx context.Context, e event.EvtPeerIdentificationCompleted) {
	c := connOf(e.Conn)
	if c != nil {
		n.mu.Lock()
		c.listens = e.ListenAddrs[:min(len(e.ListenAddrs), maxAddrs)]
		s := n.sessions[e.Peer]
		n.mu.Unlock()
		if s != nil && s.isJoined() { // join did not wait for this
			n.remember(e.Peer, n.swarm.ConnsToPeer(e.Peer))
		}
	}
	if c == nil || !strings.HasPrefix(e.ProtocolVersion, identifyVersion) {
		return
	}
	c.process.Store(&e.ProtocolVersion)
	for _, other := range n.swarm.ConnsToPeer(e.Peer) {
		o := connOf(other)
		if o == nil || other == e.Conn {
			continue
		}
		if name := o.process.Load(); name != nil && *name != e.ProtocolVersion {
			older, newer := other, e.Conn
			if newer.Stat().Opened.Before(older.Stat().Opened) {
				older, newer = newer, older
			}
			n.task(func() { n.chooseProcess(ctx, older, newer) })
			return
		}
	}
}

// chooseProcess keeps one of two connections with different processes of the same key.
func (n *Net) chooseProcess(ctx context.Context, older, newer network.Conn) {
	if err := answers(ctx, older); err != nil {
		n.log.Debug("closing a dead connection", "peer", text(older.RemotePeer()), "err", err)
		older.Close()
		return
	}
	p := newer.RemotePeer()
	n.warn(p, fmt.Sprintf("two nodes have the same key, peer %s: they connect from %v and %v. Only the first is listened to: stop the other",
		text(p), older.RemoteMultiaddr(), newer.RemoteMultiaddr()))
	newer.CloseWithError(connSameKey)
}

// answers returns nil if the other end of a connection answers.
func answers(ctx context.Context, c network.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	s, err := c.NewStream(ctx)
	if err != nil {
		return err
	}
	defer s.Reset()
	s.SetDeadline(time.Now().Add(dialTimeout))
	return multistream.SelectProtoOrFail(ping.ID, s)
}

// closedWith handles the end of a connection to p: the other side may have said that it is
// connected with another process that has our key.
func (n *Net) closedWith(p corepeer.ID, err error) {
	var closed *network.ConnError
	if !errors.As(err, &closed) || !closed.Remote || closed.ErrorCode != connSameKey {
		return
	}
	remedy := "stop one of the two"
	if n.cfg.KeyFile != "" {
		remedy += ", or remove " + n.cfg.KeyFile + " from the copy, which then makes a new key"
	}
	n.warn(n.host.ID(), fmt.Sprintf("another node has the same key as this one, peer %s, and peer %s listens to that one: %s",
		text(n.host.ID()), text(p), remedy))
}
