package p2p

import (
	"context"
	"io"
	"time"

	"toychain/block"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// serve handles one stream that a peer opened: statuses, or one request.
func (n *Net) serve(ctx context.Context, stream network.Stream) {
	p := stream.Conn().RemotePeer()
	r := n.enter()
	if r == nil {
		stream.Reset()
		return
	}
	defer r.tasks.Done()
	s := r.session(p)
	if s == nil {
		stream.Reset()
		return
	}
	stop := context.AfterFunc(ctx, func() { stream.Reset() })
	defer stop()
	err := n.serveFirst(ctx, s, stream)
	if isMalformed(err) {
		n.penalize(p, err)
	}
	if err != nil {
		stream.Reset()
		return
	}
	stream.Close()
}

// serveFirst reads the first frame, which says what the stream is for.
func (n *Net) serveFirst(ctx context.Context, s *session, stream network.Stream) error {
	stream.SetReadDeadline(time.Now().Add(helloTimeout))
	k, payload, err := readFrame(stream, kindStatus, kindGetHeaders, kindGetBlocks, kindGetPool, kindGetTxs, kindGetPeers)
	if err != nil {
		return err
	}
	if k == kindStatus {
		return receiveStatuses(s, stream, payload)
	}
	if n.links.oneWay(s.peer) {
		return network.ErrReset
	}
	go func() { // nothing may follow a request: it would wait in memory until we have answered
		if extra, _ := stream.Read(make([]byte, 1)); extra > 0 {
			stream.Reset()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	select {
	case s.responses <- struct{}{}:
		defer func() { <-s.responses }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return n.respond(ctx, s.peer, stream, k, payload)
}

// held runs f, which returns a payload of at most most bytes, and writes the payload. Its
// bytes are taken from the budget before f, for as long as the peer takes to read them.
func (n *Net) held(ctx context.Context, w network.Stream, most int, f func() (kind, []byte, error)) error {
	h, err := n.serving.take(ctx, most, func() { w.Reset() })
	if err != nil {
		return err
	}
	defer h.release()
	k, payload, err := f()
	if err != nil {
		return err
	}
	h.shrink(len(payload))
	return writeFrame(w, k, payload)
}

// respond writes the response to one request.
func (n *Net) respond(ctx context.Context, p corepeer.ID, w network.Stream, k kind, payload []byte) error {
	switch k {
	case kindGetHeaders:
		locator, stop, err := parseGetHeaders(payload)
		if err != nil {
			return err
		}
		return n.held(ctx, w, kindHeaders.maxPayload(), func() (kind, []byte, error) {
			hs, err := n.handler.Headers(ctx, locator, stop)
			return kindHeaders, encodeHeaders(hs[:min(len(hs), peer.MaxHeaders)]), err
		})
	case kindGetBlocks:
		ids, err := parseHashes(payload, 1, peer.MaxBlocksAsked)
		if err != nil {
			return err
		}
		return n.respondEach(ctx, w, kindBlock, ids, n.handler.BlockBytes)
	case kindGetTxs:
		ids, err := parseHashes(payload, 1, peer.MaxTxsAsked)
		if err != nil {
			return err
		}
		return n.respondEach(ctx, w, kindTx, ids, n.handler.TxBytes)
	case kindGetPool:
		return n.held(ctx, w, kindPool.maxPayload(), func() (kind, []byte, error) {
			ids, err := n.handler.PoolIDs(ctx)
			return kindPool, encodeHashes(ids[:min(len(ids), peer.MaxPoolIDs)]), err
		})
	default: // kindGetPeers
		return writeFrame(w, kindPeers, encodePeers(n.addressesFor(p)))
	}
}

// respondEach writes a frame for each ID: the object, or that it is missing. Only one object
// is in memory at a time; the next is fetched when the peer has taken the last.
func (n *Net) respondEach(ctx context.Context, w network.Stream, k kind, ids []block.Hash,
	fetch func(context.Context, block.Hash) ([]byte, error)) error {
	for _, id := range ids {
		err := n.held(ctx, w, k.maxPayload(), func() (kind, []byte, error) {
			raw, err := fetch(ctx, id)
			if raw == nil {
				return kindMissing, id[:], err
			}
			return k, raw, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deadlineWriter is the half of a stream that writeFrame needs.
type deadlineWriter interface {
	io.Writer
	SetWriteDeadline(time.Time) error
}

// writeFrame writes one frame, in at most frameTimeout.
func writeFrame(w deadlineWriter, k kind, payload []byte) error {
	const small = 64 << 10 // worth a copy to save a write
	w.SetWriteDeadline(time.Now().Add(frameTimeout))
	if len(payload) <= small {
		_, err := w.Write(appendFrame(make([]byte, 0, frameHead+len(payload)), k, payload))
		return err
	}
	if _, err := w.Write(frameHeader(k, len(payload))); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

// Penalize disconnects a peer that broke a rule and bans it for BanTime. A peer that the user
// named (Keep, Config.Seeds) is only reported: whether it stays is the user's decision (Core
// spares manual connections).
func (n *Net) Penalize(p peer.ID, why error) {
	if id, err := decode(p); err == nil {
		n.penalize(id, why)
	}
}

func (n *Net) penalize(p corepeer.ID, why error) {
	n.mu.Lock()
	named := n.addrman.peers[p].manual()
	n.mu.Unlock()
	if named {
		n.log.Warn("peer broke a rule; it stays, because the user named it", "peer", text(p), "why", why)
		return
	}
	n.log.Warn("peer broke a rule and is banned", "peer", text(p), "for", BanTime, "why", why)
	n.ban(p, BanTime, why)
}
