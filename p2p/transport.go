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

// shapedTransport is the TCP transport with shaped connections. It is a thin layer between
// libp2p's swarm and TCP that counts what each connection's streams carry, and delays what
// they send as the peer's Link says. Encryption and multiplexing are below it and every
// protocol above it, so a slow link is slow for gossip, sync and ping alike:
//
//	gossip  sync  ping  identify
//	        shaped streams           <- here
//	  yamux (many streams on one connection)
//	        noise (encryption)
//	            TCP
type shapedTransport struct {
	transport.Transport
	links  *links
	closed func(corepeer.ID, error) // called when a connection has ended, and why
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
	return &shapedConn{CapableConn: c, links: t.links, ended: t.closed, closed: make(chan struct{})}
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

// count counts the bytes of one direction, and records when the last of them passed.
type count struct{ bytes, last atomic.Int64 } // last in milliseconds since 1970; 0: never

func (c *count) add(n int) {
	if n > 0 {
		c.bytes.Add(int64(n))
		c.last.Store(time.Now().UnixMilli())
	}
}

// shapedConn is a connection to one peer.
type shapedConn struct {
	transport.CapableConn
	links   *links
	ended   func(corepeer.ID, error)
	process atomic.Pointer[string] // which process of the peer is at the other end; nil: not known yet
	listens []ma.Multiaddr         // where the peer says that it listens; guarded by Net.mu
	in, out count                  // bytes that its streams read and wrote; see also links
	once    sync.Once
	closed  chan struct{} // closed with the connection
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
	if err != nil { // the connection has ended: libp2p accepts all the time
		c.ended(c.RemotePeer(), err)
		return nil, err
	}
	return &shapedStream{MuxedStream: s, conn: c}, nil
}

func (c *shapedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.CapableConn.Close()
}

func (c *shapedConn) CloseWithError(code network.ConnErrorCode) error {
	c.once.Do(func() { close(c.closed) })
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

// connOf returns the shapedConn under a libp2p connection.
func connOf(c network.Conn) *shapedConn {
	var s *shapedConn
	if c.As(&s) {
		return s
	}
	return nil
}
