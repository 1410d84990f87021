package p2p

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multistream"
)

// The status stream: one in each direction, with a status after each change and at least
// every statusEvery. The first status is the greeting, later ones report new tips in
// order, and silence reveals a peer that is gone without closing its connection.

// pingEvery is how often a peer's round trip is measured (Core: PING_INTERVAL).
const pingEvery = 2 * time.Minute

// sendStatuses sends our status to the peer for as long as the session lasts, on a new
// stream whenever one breaks.
func (n *Net) sendStatuses(ctx context.Context, s *session) {
	wait := redialFirst
	for ctx.Err() == nil {
		begun := time.Now()
		err := n.sendStatusStream(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if isMalformed(err) {
			n.penalize(s.peer, err)
			return
		}
		if unknown := new(multistream.ErrNotSupported[protocol.ID]); errors.As(err, unknown) {
			n.disconnectIncompatible(ctx, s)
			return
		}
		n.log.Debug("status stream", "peer", text(s.peer), "err", err)
		if time.Since(begun) > redialKept {
			wait = redialFirst
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, redialKept)
	}
}

// sendStatusStream opens one stream and writes our status to it until it breaks or ctx ends.
func (n *Net) sendStatusStream(ctx context.Context, s *session) error {
	status, err := n.handler.Status(ctx)
	if err != nil {
		return fmt.Errorf("our own status: %w", err)
	}
	stream, err := n.open(ctx, s.peer)
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	var answer int
	go func() { // the peer sends nothing on this stream: a read returns when it ends
		defer close(closed)
		answer, _ = stream.Read(make([]byte, 1))
	}()
	stop := context.AfterFunc(ctx, func() { stream.Reset() })
	defer func() { stop(); stream.Reset(); <-closed }()

	pinged := time.Now()
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		if err := writeFrame(stream, kindStatus, encodeStatus(status)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-closed:
			if answer > 0 {
				return malformedf("answered a status")
			}
			return errors.New("the peer closed the stream")
		case <-s.outbox:
			status = s.announced()
		case <-tick.C: // the same again: a node that is busy for a minute is not gone
			if time.Since(pinged) >= pingEvery {
				pinged = time.Now()
				n.task(func() { n.ping(ctx, s) })
			}
		}
	}
}

// disconnectIncompatible disconnects a peer that does not speak our sync protocol. The
// dialing side disconnects at once; the other waits a moment for that, so that the dialing
// side, where a user may be waiting, can report the reason.
func (n *Net) disconnectIncompatible(ctx context.Context, s *session) {
	err := n.incompatibleError(s.peer)
	if conns := n.swarm.ConnsToPeer(s.peer); len(conns) > 0 && conns[0].Stat().Direction == network.DirInbound {
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	n.mu.Lock()
	n.addrman.postpone(s.peer, time.Now().Add(redialFound))
	n.mu.Unlock()
	n.log.Info("disconnected an incompatible peer", "peer", text(s.peer), "why", err)
	n.disconnect(s.peer, err)
}

// incompatibleError describes a peer that does not speak our sync protocol; nil if it
// does, or if identify has not reported its protocols.
func (n *Net) incompatibleError(p corepeer.ID) error {
	speaks, _ := n.host.Peerstore().GetProtocols(p)
	if len(speaks) == 0 || slices.Contains(speaks, n.names.sync) {
		return nil
	}
	for _, s := range speaks {
		if strings.HasPrefix(string(s), family) {
			return fmt.Errorf("peer %s runs another network's rules: it speaks %.64q, this node %s", text(p), s, n.names.sync)
		}
	}
	return fmt.Errorf("peer %s is no toychain node of this version: it does not speak %s", text(p), n.names.sync)
}

// ping measures the round trip to the peer once.
func (n *Net) ping(ctx context.Context, s *session) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "ping"), frameTimeout)
	defer cancel()
	r, ok := <-ping.Ping(ctx, n.host, s.peer)
	if !ok || r.Error != nil {
		return
	}
	s.mu.Lock()
	s.latency = r.RTT
	s.mu.Unlock()
}

// receiveStatuses reads statuses until the stream ends.
func receiveStatuses(s *session, stream network.Stream, payload []byte) error {
	for {
		status, err := parseStatus(payload)
		if err != nil {
			return err
		}
		s.receive(status)
		stream.SetReadDeadline(time.Now().Add(statusSilence))
		if _, payload, err = readFrame(stream, kindStatus); err != nil {
			return err
		}
	}
}
