package p2p

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"toychain/block"
	"toychain/peer"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// ErrNotJoined is the error of a request to a peer that is not connected, has not sent its
// status, or whose link SetLink made one-way.
var ErrNotJoined = errors.New("it is not a joined peer")

// RequestHeaders returns the headers after the first hash of the locator that is on the
// peer's best chain: at most MaxHeaders, none if the peer has no newer ones. The locator
// has at most MaxLocator hashes. The headers are not validated.
func (n *Net) RequestHeaders(ctx context.Context, p peer.ID, locator []block.Hash, stop block.Hash) ([]block.Header, error) {
	if len(locator) > peer.MaxLocator {
		return nil, fmt.Errorf("locator of %d hashes, at most %d", len(locator), peer.MaxLocator)
	}
	return requestOne(ctx, n, p, kindGetHeaders, encodeGetHeaders(locator, stop), kindHeaders, parseHeaders)
}

// RequestBlocks requests at most MaxBlocksAsked blocks and calls each with every block, in
// the order of ids, as soon as it arrives. That a block's header has the requested hash is
// checked, nothing more. An error of each ends the request and is returned. A
// *peer.MissingError lists the blocks that the peer does not have.
func (n *Net) RequestBlocks(ctx context.Context, p peer.ID, ids []block.Hash, each func(raw []byte) error) error {
	if len(ids) > peer.MaxBlocksAsked {
		return fmt.Errorf("request for %d blocks, at most %d", len(ids), peer.MaxBlocksAsked)
	}
	return n.requestEach(ctx, p, kindGetBlocks, kindBlock, ids, each, func(raw []byte) block.Hash {
		return block.Sum(raw[:min(len(raw), block.HeaderSize)])
	})
}

// RequestTxs is RequestBlocks for at most MaxTxsAsked transactions of the peer's mempool.
func (n *Net) RequestTxs(ctx context.Context, p peer.ID, ids []block.Hash, each func(raw []byte) error) error {
	if len(ids) > peer.MaxTxsAsked {
		return fmt.Errorf("request for %d transactions, at most %d", len(ids), peer.MaxTxsAsked)
	}
	return n.requestEach(ctx, p, kindGetTxs, kindTx, ids, each, block.Sum)
}

// RequestPool returns the txids of the peer's mempool, at most MaxPoolIDs.
func (n *Net) RequestPool(ctx context.Context, p peer.ID) ([]block.Hash, error) {
	return requestOne(ctx, n, p, kindGetPool, nil, kindPool, func(payload []byte) ([]block.Hash, error) {
		return parseHashes(payload, 0, peer.MaxPoolIDs)
	})
}

// requestPeers returns the peers that a peer is connected to, with their listen addresses.
func (n *Net) requestPeers(ctx context.Context, p peer.ID) ([]corepeer.AddrInfo, error) {
	return requestOne(ctx, n, p, kindGetPeers, nil, kindPeers, parsePeers)
}

// requestOne sends a request whose response is one frame, and parses its payload.
func requestOne[T any](ctx context.Context, n *Net, p peer.ID, k kind, request []byte, reply kind, parse func([]byte) (T, error)) (out T, err error) {
	err = n.roundTrip(ctx, p, k, request, func(r *response) error {
		_, payload, err := r.frame(reply)
		if err != nil {
			return err
		}
		out, err = parse(payload)
		return err
	})
	return out, err
}

// requestEach requests objects by ID and checks that each has the ID that was requested,
// which is no question of validity.
func (n *Net) requestEach(ctx context.Context, p peer.ID, request, reply kind, ids []block.Hash,
	each func([]byte) error, idOf func([]byte) block.Hash) error {
	if len(ids) == 0 {
		return nil
	}
	missing := &peer.MissingError{Peer: p}
	err := n.roundTrip(ctx, p, request, encodeHashes(ids), func(r *response) error {
		for i, id := range ids {
			k, payload, err := r.frame(reply, kindMissing)
			if err != nil {
				return err
			}
			if k == kindMissing {
				if len(payload) != 32 || block.Hash(payload) != id {
					return malformedf("missing %x, want %v", payload, id)
				}
				missing.IDs = append(missing.IDs, id)
				continue
			}
			if got := idOf(payload); got != id {
				return malformedf("%v %d is %v, want %v", reply, i, got, id)
			}
			if err := r.judge(payload, each); err != nil {
				return err
			}
			n.delivered(p, reply)
		}
		return nil
	})
	if err == nil && len(missing.IDs) > 0 {
		return missing
	}
	return err
}

// response is the peer's half of a request.
type response struct {
	n      *Net
	ctx    context.Context // of the request
	stream network.Stream
	held   *holding // for the frame that was read last
}

// frame reads the next frame, in at most frameTimeout. A large one takes its bytes from the
// budget until the next is read.
func (r *response) frame(wanted ...kind) (kind, []byte, error) {
	r.held.release()
	r.stream.SetReadDeadline(time.Now().Add(frameTimeout))
	k, n, err := readHead(r.stream, wanted...)
	if err == nil && n > smallMessage {
		r.held, err = r.n.receiving.take(r.ctx, n, func() { r.stream.Reset() })
	}
	var payload []byte
	if err == nil {
		payload, err = readGrowing(r.stream, n)
	}
	if err == io.EOF {
		err = errors.New("the peer closed the stream without a response")
	}
	return k, payload, err
}

// judge calls each with a payload, once there is room for what it becomes when it is parsed.
func (r *response) judge(payload []byte, each func([]byte) error) error {
	h, err := r.n.judging.take(r.ctx, judgedFactor*len(payload), nil)
	if err != nil {
		return err
	}
	defer h.release()
	r.held.release() // the peer has done its part
	return each(payload)
}

// roundTrip sends one request on a new stream and calls read with the response. A peer that
// violates the protocol is penalized. Errors name the peer.
func (n *Net) roundTrip(ctx context.Context, p peer.ID, k kind, request []byte, read func(*response) error) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	r := n.enter()
	if r == nil {
		return errNotRunning
	}
	defer r.tasks.Done()
	s := n.existing(id)
	if s == nil || !s.isJoined() {
		return fmt.Errorf("peer %s: %w", p.Short(), ErrNotJoined)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	select {
	case s.requests <- struct{}{}:
		defer func() { <-s.requests }()
	case <-ctx.Done():
	case <-s.done:
		return fmt.Errorf("peer %s: %w", p.Short(), ErrNotJoined)
	}
	if err := ctx.Err(); err != nil { // select may have taken a free slot all the same
		return fmt.Errorf("%v to peer %s: %w", k, p.Short(), err)
	}
	err = n.exchange(ctx, id, k, request, read)
	if isMalformed(err) {
		n.penalize(id, err)
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%v to peer %s: %w", k, p.Short(), err)
	}
	return nil
}

func (n *Net) exchange(ctx context.Context, id corepeer.ID, k kind, request []byte, read func(*response) error) error {
	stream, err := n.open(ctx, id)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { stream.Reset() })
	defer stop()
	if err = writeFrame(stream, k, request); err == nil {
		if err = stream.CloseWrite(); err == nil {
			r := &response{n: n, ctx: ctx, stream: stream}
			err = read(r)
			r.held.release()
		}
	}
	if err != nil {
		stream.Reset()
		return err
	}
	return stream.Close()
}

// open opens a stream of the sync protocol on an existing connection.
func (n *Net) open(ctx context.Context, id corepeer.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "sync"), frameTimeout)
	defer cancel()
	return n.host.NewStream(ctx, id, n.names.sync)
}

// Stream opens a stream of the sync protocol to a connected peer, or one of gossip, and
// writes nothing to it. The caller may violate every rule of the protocol on it: it is for
// programs that test how a node reacts.
func (n *Net) Stream(ctx context.Context, p peer.ID, gossip bool) (network.Stream, error) {
	id, err := decode(p)
	if err != nil {
		return nil, err
	}
	name := n.names.sync
	if gossip {
		name = pubsub.GossipSubID_v12
	}
	s, err := n.host.NewStream(network.WithNoDial(ctx, "test"), id, name)
	if err != nil {
		return nil, fmt.Errorf("stream to peer %s: %w", p.Short(), err)
	}
	return s, nil
}
