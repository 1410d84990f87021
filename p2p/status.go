package p2p

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multistream"
)

// The status line: one stream in each direction on which statuses follow each
// other, at least every statusEvery. It says hello, it tells of new tips in
// order, and its silence tells of a peer that is gone without a word.

// push tells the peer our status for as long as the session lasts, over as many
// streams as it takes.
func (n *Net) push(ctx context.Context, s *session) {
	wait := redialFirst
	for ctx.Err() == nil {
		begun := time.Now()
		err := n.pushStatus(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if isGarbled(err) {
			n.blame(s.peer, err)
			return
		}
		if unknown := new(multistream.ErrNotSupported[protocol.ID]); errors.As(err, unknown) {
			n.stranger(ctx, s)
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

// pushStatus opens one stream and writes our status to it until one of both ends.
func (n *Net) pushStatus(ctx context.Context, s *session) error {
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
	go func() { // nothing comes back: the read ends with the stream
		defer close(closed)
		answer, _ = stream.Read(make([]byte, 1))
	}()
	stop := context.AfterFunc(ctx, func() { stream.Reset() })
	defer func() { stop(); stream.Reset(); <-closed }()

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
				return garble("answered a status")
			}
			return errors.New("the peer closed it")
		case <-s.told:
			status = s.announced()
		case <-tick.C:
			if status, err = n.handler.Status(ctx); err != nil {
				return fmt.Errorf("our own status: %w", err)
			}
			n.task(func() { n.ping(ctx, s) })
		}
	}
}

// stranger parts from a peer that does not speak our sync protocol. The side
// that called hangs up at once; the other waits a moment for that, so that the
// caller, who may have a user waiting, sees the reason and not a dead line.
func (n *Net) stranger(ctx context.Context, s *session) {
	err := n.strangerError(s.peer)
	if conns := n.swarm.ConnsToPeer(s.peer); len(conns) > 0 && conns[0].Stat().Direction == network.DirInbound {
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	n.mu.Lock()
	n.book.postpone(s.peer, time.Now().Add(redialFound))
	n.mu.Unlock()
	n.log.Info("hung up", "peer", text(s.peer), "why", err)
	n.hangUp(s.peer, err)
}

// strangerError says what a peer is that does not speak our sync protocol; nil
// when it does, or when identify has not told what it speaks.
func (n *Net) strangerError(p corepeer.ID) error {
	speaks, _ := n.host.Peerstore().GetProtocols(p)
	if len(speaks) == 0 {
		return nil
	}
	for _, s := range speaks {
		if s == n.names.sync {
			return nil
		}
	}
	for _, s := range speaks {
		if strings.HasPrefix(string(s), family) {
			return fmt.Errorf("peer %s runs another network's rules: it speaks %s, this node %s", text(p), s, n.names.sync)
		}
	}
	return fmt.Errorf("peer %s is no toychain node of this version: it does not speak %s", text(p), n.names.sync)
}

// ping measures the way to the peer and back once.
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

// serveStatus hears one status after the other until the stream ends.
func serveStatus(s *session, stream network.Stream, payload []byte) error {
	for {
		status, err := parseStatus(payload)
		if err != nil {
			return err
		}
		s.hear(status)
		stream.SetReadDeadline(time.Now().Add(statusSilence))
		if _, payload, err = readFrame(stream, kindStatus); err != nil {
			return err
		}
	}
}
