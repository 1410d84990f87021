package p2p

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	ma "github.com/multiformats/go-multiaddr"
)

// This file puts a thin layer between libp2p's swarm and its TCP transport. It
// counts what each connection's streams carry, and holds back what they send as
// the peer's Link says. Below it are encryption and multiplexing, above it every
// protocol, so a slow line is slow for gossip, sync and ping alike:
//
//	gossip  sync  ping  identify
//	        shaped streams           <- here
//	  yamux (many streams on one connection)
//	        noise (encryption)
//	            TCP

// shapedTransport is the TCP transport with shaped connections.
type shapedTransport struct {
	transport.Transport
	lines *lines
}

func (t *shapedTransport) Dial(ctx context.Context, addr ma.Multiaddr, p corepeer.ID) (transport.CapableConn, error) {
	c, err := t.Transport.Dial(ctx, addr, p)
	if err != nil {
		return nil, err
	}
	return t.shape(c), nil
}

func (t *shapedTransport) Listen(addr ma.Multiaddr) (transport.Listener, error) {
	l, err := t.Transport.Listen(addr)
	if err != nil {
		return nil, err
	}
	return &shapedListener{l, t}, nil
}

func (t *shapedTransport) shape(c transport.CapableConn) *shapedConn {
	return &shapedConn{CapableConn: c, lines: t.lines, gone: make(chan struct{})}
}

type shapedListener struct {
	transport.Listener
	t *shapedTransport
}

func (l *shapedListener) Accept() (transport.CapableConn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.t.shape(c), nil
}

// count is how many bytes went one way, and when the last of them did.
type count struct{ bytes, last atomic.Int64 } // last in milliseconds since 1970; 0: never

func (c *count) add(n int) {
	if n > 0 {
		c.bytes.Add(int64(n))
		c.last.Store(time.Now().UnixMilli())
	}
}

// shapedConn is one connection to one peer.
type shapedConn struct {
	transport.CapableConn
	lines   *lines
	in, out count // what its streams read and wrote
	once    sync.Once
	gone    chan struct{} // closed with the connection
}

func (c *shapedConn) OpenStream(ctx context.Context) (network.MuxedStream, error) {
	s, err := c.CapableConn.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	return &shapedStream{MuxedStream: s, conn: c}, nil
}

func (c *shapedConn) AcceptStream() (network.MuxedStream, error) {
	s, err := c.CapableConn.AcceptStream()
	if err != nil {
		return nil, err
	}
	return &shapedStream{MuxedStream: s, conn: c}, nil
}

func (c *shapedConn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.CapableConn.Close()
}

func (c *shapedConn) CloseWithError(code network.ConnErrorCode) error {
	c.once.Do(func() { close(c.gone) })
	return c.CapableConn.CloseWithError(code)
}

// As lets network.Conn.As find the shapedConn under a libp2p connection.
func (c *shapedConn) As(target any) bool {
	if t, ok := target.(**shapedConn); ok {
		*t = c
		return true
	}
	return c.CapableConn.As(target)
}

// shapedStream is one stream. On a perfect line a Write goes straight through.
// The first Write on a bad line makes the queue; from then on all the stream's
// writes go through it, so that they stay in order.
type shapedStream struct {
	network.MuxedStream
	conn *shapedConn

	mu       sync.Mutex
	queue    *queue    // nil until the line was bad once
	deadline time.Time // for writes
	closed   bool      // for writing
}

func (s *shapedStream) Read(p []byte) (int, error) {
	n, err := s.MuxedStream.Read(p)
	s.conn.in.add(n)
	return n, err
}

func (s *shapedStream) Write(p []byte) (n int, err error) {
	line := s.conn.lines.to(s.conn.RemotePeer())
	if q, deadline := s.queueFor(line); q != nil {
		n, err = q.write(p, line, deadline)
	} else {
		n, err = s.MuxedStream.Write(p)
	}
	s.conn.out.add(n)
	return n, err
}

// queueFor returns the stream's queue, which it makes when the line is bad, and
// the deadline of the write; nil when writes go straight through.
func (s *shapedStream) queueFor(l *line) (*queue, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue == nil && !s.closed && l != nil && l.holds() {
		s.queue = newQueue(s.MuxedStream, s.conn.gone)
	}
	return s.queue, s.deadline
}

func (s *shapedStream) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.queue != nil {
		s.queue.close(false)
		return nil
	}
	return s.MuxedStream.CloseWrite()
}

// Close lets what is queued still go out.
func (s *shapedStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.queue != nil {
		s.queue.close(true)
		return s.MuxedStream.CloseRead()
	}
	return s.MuxedStream.Close()
}

func (s *shapedStream) Reset() error {
	s.drop()
	return s.MuxedStream.Reset()
}

func (s *shapedStream) ResetWithError(code network.StreamErrorCode) error {
	s.drop()
	return s.MuxedStream.ResetWithError(code)
}

// drop forgets what is queued.
func (s *shapedStream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.queue != nil {
		s.queue.drop()
	}
}

func (s *shapedStream) SetDeadline(t time.Time) error {
	if err := s.SetWriteDeadline(t); err != nil {
		return err
	}
	return s.MuxedStream.SetReadDeadline(t)
}

// SetWriteDeadline limits how long a Write may wait for room in the queue; what
// is in it arrives when it is due.
func (s *shapedStream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.queue != nil {
		return nil
	}
	return s.MuxedStream.SetWriteDeadline(t)
}
