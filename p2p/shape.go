package p2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// shapedStream is a stream whose writes may be delayed. On a perfect link a Write goes
// straight through. The first Write on a shaped link creates a queue; from then on all
// writes of the stream go through it, so that they stay in order.
type shapedStream struct {
	network.MuxedStream
	conn *shapedConn

	mu       sync.Mutex
	queue    *queue    // nil until the link was shaped once
	deadline time.Time // for writes
	closed   bool      // for writing
}

func (s *shapedStream) Read(p []byte) (int, error) {
	n, err := s.MuxedStream.Read(p)
	s.conn.in.add(n)
	s.conn.links.in.add(n)
	return n, err
}

func (s *shapedStream) Write(p []byte) (n int, err error) {
	link := s.conn.links.to(s.conn.RemotePeer())
	if q, deadline := s.queueFor(link); q != nil {
		n, err = q.write(p, link, deadline)
	} else {
		n, err = s.MuxedStream.Write(p)
	}
	s.conn.out.add(n)
	s.conn.links.out.add(n)
	return n, err
}

// queueFor returns the stream's queue, which it creates when the link is shaped, and the
// deadline of the write; nil if writes go straight through.
func (s *shapedStream) queueFor(l *shaper) (*queue, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue == nil && !s.closed && l != nil && l.delays() {
		s.queue = newQueue(s.MuxedStream, s.conn.closed)
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

// Close closes the stream once the queue is sent.
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

// drop discards the queue.
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

// SetWriteDeadline limits how long a Write may wait for room in the queue; queued data
// arrives when it is due.
func (s *shapedStream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.queue != nil {
		return nil
	}
	return s.MuxedStream.SetWriteDeadline(t)
}
