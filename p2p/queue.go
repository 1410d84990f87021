package p2p

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// queue delays what one stream sends over a shaped link. Its goroutine writes each segment
// when it is due to arrive.
type queue struct {
	below      network.MuxedStream
	segments   chan segment
	connClosed <-chan struct{} // the connection is closed
	dropped    chan struct{}   // reset: discard the queue
	drop       func()          // closes dropped, once
	closing    chan struct{}   // no more writes: send the queue, then close

	mu     sync.Mutex
	closed bool // closing is closed
	whole  bool // the stream is to be closed, not only its sending half
	done   bool // everything is sent and the sending half closed
}

// segment is a part of a write, and when it is due to arrive.
type segment struct {
	data    []byte
	arrival time.Time
}

// A queue holds at most 256 segments of 16 KB: 4 MB in transit on one stream.
const (
	segmentSize = 16 << 10
	maxSegments = 256
)

var errClosedStream = errors.New("write on a closed stream")

func newQueue(below network.MuxedStream, gone <-chan struct{}) *queue {
	q := &queue{below: below, connClosed: gone, segments: make(chan segment, maxSegments),
		dropped: make(chan struct{}), closing: make(chan struct{})}
	q.drop = sync.OnceFunc(func() { close(q.dropped) })
	go q.deliver()
	return q
}

// write queues p and returns how many bytes it accepted before the deadline (zero: none).
func (q *queue) write(p []byte, l *shaper, deadline time.Time) (int, error) {
	var expired <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		expired = t.C
	}
	sent := 0
	for sent < len(p) {
		piece := append([]byte(nil), p[sent:min(len(p), sent+segmentSize)]...)
		due := time.Now()
		if l != nil {
			due = l.arrival(len(piece), due)
		}
		select {
		case <-q.closing:
			return sent, errClosedStream
		default:
		}
		select {
		case q.segments <- segment{piece, due}:
			sent += len(piece)
		case <-expired:
			return sent, os.ErrDeadlineExceeded
		case <-q.closing:
			return sent, errClosedStream
		case <-q.dropped:
			return sent, network.ErrReset
		case <-q.connClosed:
			return sent, network.ErrReset
		}
	}
	return sent, nil
}

// close closes the sending half once the queue is empty, and with whole the stream.
func (q *queue) close(whole bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.whole = q.whole || whole
	if !q.closed {
		q.closed = true
		close(q.closing)
	}
	if q.done && whole {
		q.below.Close()
	}
}

// deliver writes each segment when it is due, until the queue is closed and empty, the
// stream reset or the connection closed.
func (q *queue) deliver() {
	var last time.Time
	for {
		p, ok := q.next()
		if !ok {
			break
		}
		if p.arrival.After(last) { // jitter does not overtake
			last = p.arrival
		}
		timer := time.NewTimer(time.Until(last))
		select {
		case <-timer.C:
		case <-q.dropped:
			timer.Stop()
			return
		case <-q.connClosed:
			timer.Stop()
			return
		}
		q.below.SetWriteDeadline(time.Now().Add(frameTimeout))
		if _, err := q.below.Write(p.data); err != nil {
			q.drop()
			return
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done = true
	if q.whole {
		q.below.Close()
	} else {
		q.below.CloseWrite()
	}
}

// next waits for a segment; false if none will come.
func (q *queue) next() (segment, bool) {
	select {
	case p := <-q.segments:
		return p, true
	case <-q.dropped:
	case <-q.connClosed:
	case <-q.closing:
		select {
		case p := <-q.segments:
			return p, true
		default:
		}
	}
	return segment{}, false
}
