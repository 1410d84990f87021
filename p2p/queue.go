package p2p

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// queue holds back what one stream sends over a bad line. One goroutine of its
// own takes the pieces out when they are due.
type queue struct {
	below   network.MuxedStream
	parcels chan parcel
	gone    <-chan struct{} // the connection is closed
	dropped chan struct{}   // reset: forget what is queued
	drop    func()          // closes dropped, once
	closing chan struct{}   // no more writes: send what is queued, then close

	mu     sync.Mutex
	closed bool // closing is closed
	whole  bool // the stream is to be closed, not only its sending half
	done   bool // everything is sent and the sending half closed
}

// parcel is a piece of a write, and when it is to arrive.
type parcel struct {
	data []byte
	due  time.Time
}

// A queue holds at most 256 parcels of 16 KB: 4 MB under way on one stream.
const (
	parcelSize  = 16 << 10
	parcelQueue = 256
)

var errClosedStream = errors.New("write on a closed stream")

func newQueue(below network.MuxedStream, gone <-chan struct{}) *queue {
	q := &queue{below: below, gone: gone, parcels: make(chan parcel, parcelQueue),
		dropped: make(chan struct{}), closing: make(chan struct{})}
	q.drop = sync.OnceFunc(func() { close(q.dropped) })
	go q.deliver()
	return q
}

// write queues p and returns how much found room before the deadline (zero: none).
func (q *queue) write(p []byte, l *line, deadline time.Time) (int, error) {
	var expired <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		expired = t.C
	}
	sent := 0
	for sent < len(p) {
		piece := append([]byte(nil), p[sent:min(len(p), sent+parcelSize)]...)
		due := time.Now()
		if l != nil {
			due = l.due(len(piece), due)
		}
		select {
		case <-q.closing:
			return sent, errClosedStream
		default:
		}
		select {
		case q.parcels <- parcel{piece, due}:
			sent += len(piece)
		case <-expired:
			return sent, os.ErrDeadlineExceeded
		case <-q.closing:
			return sent, errClosedStream
		case <-q.dropped:
			return sent, network.ErrReset
		case <-q.gone:
			return sent, network.ErrReset
		}
	}
	return sent, nil
}

// close ends the sending half once the queue is empty, and with whole the stream.
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

// deliver sends each parcel when it is due, until the queue is closed and empty,
// the stream reset or the connection gone.
func (q *queue) deliver() {
	var last time.Time
	for {
		p, ok := q.next()
		if !ok {
			break
		}
		if p.due.After(last) { // jitter does not overtake
			last = p.due
		}
		timer := time.NewTimer(time.Until(last))
		select {
		case <-timer.C:
		case <-q.dropped:
			timer.Stop()
			return
		case <-q.gone:
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

// next waits for a parcel; false when none will come.
func (q *queue) next() (parcel, bool) {
	select {
	case p := <-q.parcels:
		return p, true
	case <-q.dropped:
	case <-q.gone:
	case <-q.closing:
		select {
		case p := <-q.parcels:
			return p, true
		default:
		}
	}
	return parcel{}, false
}
