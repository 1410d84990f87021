package p2p

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// GossipSub allocates a message of any announced length, and reads and writes without a
// deadline. gossipHost gives it streams that have deadlines, and that take what a message
// needs from the budget before GossipSub allocates it.
type gossipHost struct {
	host.Host
	arrivals *arrivals
}

func (h gossipHost) SetStreamHandler(id protocol.ID, f network.StreamHandler) {
	h.Host.SetStreamHandler(id, func(s network.Stream) { f(&gossipStream{Stream: s, peer: s.Conn().RemotePeer(), arrivals: h.arrivals}) })
}

func (h gossipHost) NewStream(ctx context.Context, p corepeer.ID, ids ...protocol.ID) (network.Stream, error) {
	s, err := h.Host.NewStream(ctx, p, ids...)
	if err != nil {
		return nil, err
	}
	return &gossipStream{Stream: s, peer: s.Conn().RemotePeer(), arrivals: h.arrivals}, nil
}

// gossipStream follows the messages on a stream: length (varint) | message. Only GossipSub's
// one reader calls Read.
type gossipStream struct {
	network.Stream
	peer     corepeer.ID
	arrivals *arrivals

	shift  uint // of the next seven bits of the length; 0: between messages
	length int
	left   int // bytes of the message that are still to come; 0: in the length
	held   *holding
}

// Write writes one message, of which GossipSub has made a copy for this peer.
func (s *gossipStream) Write(b []byte) (int, error) {
	if len(b) > smallMessage {
		defer s.arrivals.serving.force(len(b), func() { s.Stream.Reset() }).release()
	}
	s.SetWriteDeadline(time.Now().Add(frameTimeout))
	return s.Stream.Write(b)
}

// Reset is also how GossipSub answers a message that it cannot parse.
func (s *gossipStream) Reset() error {
	s.arrivals.forget(s.peer)
	return s.Stream.Reset()
}

func (s *gossipStream) Read(b []byte) (n int, err error) {
	if s.left > 0 || len(b) == 0 {
		n, err = s.Stream.Read(b[:min(len(b), s.left)])
		if s.left -= n; s.left == 0 && n > 0 {
			s.SetReadDeadline(time.Time{})
			s.arrivals.complete(s.peer, s.held)
			s.held = nil
		}
	} else if n, err = s.Stream.Read(b[:1]); n == 1 {
		err = errors.Join(err, s.lengthByte(b[0]))
	}
	if err != nil {
		s.held.release()
	}
	return n, err
}

// lengthByte reads one byte of a length. With its first byte a message has begun, and must
// be complete within frameTimeout.
func (s *gossipStream) lengthByte(c byte) error {
	if s.shift == 0 {
		s.SetReadDeadline(time.Now().Add(frameTimeout))
	}
	if s.shift < 28 { // a longer one is refused by GossipSub
		s.length |= int(c&0x7f) << s.shift
	}
	s.shift += 7
	if c >= 0x80 {
		return nil
	}
	n := s.length
	s.shift, s.length, s.left = 0, 0, n
	if n == 0 {
		s.SetReadDeadline(time.Time{})
	}
	if n <= smallMessage || n > maxGossip {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), frameTimeout)
	defer cancel()
	var err error
	s.held, err = s.arrivals.receiving.take(ctx, unmarshalFactor*n, func() { s.Stream.Reset() })
	return err
}

// arrivals counts gossip messages until they are judged: those that were received and wait for
// GossipSub, those that wait for validation, and those in it, where they are parsed and take
// several times their bytes.
type arrivals struct {
	ignoringTracer
	g                           *gossip // which is informed of GossipSub's streams
	serving, receiving, judging *part
	names                       protocols
	ignores                     func(from corepeer.ID, bytes int, now time.Time) bool

	mu       sync.Mutex
	received map[corepeer.ID][]*holding // of the messages that admit has not seen, in order; nil for a small one
	held     map[*pb.Message]*holding
}

// complete notes that a whole message was received.
func (a *arrivals) complete(from corepeer.ID, h *holding) {
	h.keep()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.received[from] = append(a.received[from], h)
}

// admitted ends what complete began.
func (a *arrivals) admitted(from corepeer.ID) {
	a.mu.Lock()
	waiting := a.received[from]
	if len(waiting) > 1 {
		a.received[from] = waiting[1:]
	} else {
		delete(a.received, from)
	}
	a.mu.Unlock()
	if len(waiting) > 0 {
		waiting[0].release()
	}
}

// forget ends what complete began for messages that will not be admitted.
func (a *arrivals) forget(from corepeer.ID) {
	a.mu.Lock()
	waiting := a.received[from]
	delete(a.received, from)
	a.mu.Unlock()
	for _, h := range waiting {
		h.release()
	}
}

// admit removes from rpc the messages for which there is no room. They do not count as seen,
// and come again from another peer or by sync. It also removes the peers that a prune
// recommends: GossipSub would dial them, and that is for the address manager to decide. And
// it removes blocks from what is offered and wanted by ID: see messageID.
func (a *arrivals) admit(from corepeer.ID, rpc *pubsub.RPC) {
	defer a.admitted(from)
	for _, prune := range rpc.Control.GetPrune() {
		prune.Peers = nil
	}
	for _, have := range rpc.Control.GetIhave() {
		have.MessageIDs = slices.DeleteFunc(have.MessageIDs, isBlockID)
	}
	for _, want := range rpc.Control.GetIwant() {
		want.MessageIDs = slices.DeleteFunc(want.MessageIDs, isBlockID)
	}
	kept := rpc.Publish[:0]
	for _, m := range rpc.Publish {
		if topic := m.GetTopic(); topic != a.names.blocks && topic != a.names.txs || a.ignores(from, len(m.Data), time.Now()) {
			continue
		}
		h, _, _ := a.judging.try(judgedFactor*len(m.Data), nil)
		if h == nil {
			continue
		}
		a.mu.Lock()
		a.held[m] = h
		a.mu.Unlock()
		kept = append(kept, m)
	}
	rpc.Publish = kept
}

// done ends what admit began: the message is judged, or GossipSub dropped it.
func (a *arrivals) done(m *pb.Message) {
	a.mu.Lock()
	h := a.held[m]
	delete(a.held, m)
	a.mu.Unlock()
	h.release()
}

func (a *arrivals) RejectMessage(m *pubsub.Message, _ string) { a.done(m.Message) }
func (a *arrivals) DuplicateMessage(m *pubsub.Message)        { a.done(m.Message) }
