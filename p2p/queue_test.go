package p2p

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// slowStream notes what is done to the stream below a queue.
type slowStream struct {
	network.MuxedStream
	mu   sync.Mutex
	did  []string
	done chan struct{} // closed by CloseWrite and Close
	err  error         // of writes
}

func (s *slowStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	s.did = append(s.did, string(p))
	return len(p), nil
}

func (s *slowStream) end(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, what)
	if len(s.did) > 1 && s.did[len(s.did)-2] == "half" {
		return nil // closed after it was half closed
	}
	close(s.done)
	return nil
}

func (s *slowStream) CloseWrite() error                { return s.end("half") }
func (s *slowStream) Close() error                     { return s.end("whole") }
func (s *slowStream) SetWriteDeadline(time.Time) error { return nil }

func (s *slowStream) story() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.did, " ")
}

func newSlowStream() *slowStream { return &slowStream{done: make(chan struct{})} }

func TestQueueEmptiesBeforeItCloses(t *testing.T) {
	for _, whole := range []bool{false, true} {
		below := newSlowStream()
		q := newQueue(below, nil)
		l := &shaper{Link: Link{Delay: 20, Jitter: 20}}
		for _, p := range []string{"a", "b", "c", "d"} {
			if n, err := q.write([]byte(p), l, time.Time{}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		// The line became perfect: what follows still does not overtake.
		if _, err := q.write([]byte("e"), nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		q.close(whole)
		if _, err := q.write([]byte("f"), nil, time.Time{}); !errors.Is(err, errClosedStream) {
			t.Errorf("write after close: %v", err)
		}
		<-below.done
		want := map[bool]string{false: "a b c d e half", true: "a b c d e whole"}[whole]
		if got := below.story(); got != want {
			t.Errorf("the stream saw %q, want %q", got, want)
		}
	}
}

// Closed for writing, emptied, and only then closed: the stream below must be
// freed.
func TestQueueClosedTwice(t *testing.T) {
	below := newSlowStream()
	q := newQueue(below, nil)
	q.close(false)
	<-below.done
	q.close(true)
	if got := below.story(); got != "half whole" {
		t.Errorf("the stream saw %q", got)
	}
}

func TestQueueLimits(t *testing.T) {
	below := newSlowStream()
	q := newQueue(below, nil)
	l := &shaper{Link: Link{Delay: 3_600_000}}
	// It takes what it may hold, and one parcel that waits for its time outside;
	// not a byte more.
	if _, err := q.write(make([]byte, (maxSegments+1)*segmentSize), l, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n, err := q.write([]byte{1}, l, time.Now().Add(20*time.Millisecond)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes more, %v", n, err)
	}
	q.drop()
	if _, err := q.write(make([]byte, 10<<20), l, time.Time{}); !errors.Is(err, network.ErrReset) {
		t.Errorf("write after reset: %v", err)
	}

	// A stream that breaks below makes writes fail above.
	below = newSlowStream()
	below.err = errors.New("broken")
	q = newQueue(below, nil)
	q.write([]byte("x"), nil, time.Time{})
	if _, err := q.write(make([]byte, 10<<20), l, time.Time{}); !errors.Is(err, network.ErrReset) {
		t.Errorf("write on a broken stream: %v", err)
	}

	// So does a connection that is gone.
	gone := make(chan struct{})
	q = newQueue(newSlowStream(), gone)
	close(gone)
	if _, err := q.write(make([]byte, 10<<20), l, time.Time{}); !errors.Is(err, network.ErrReset) {
		t.Errorf("write on a lost connection: %v", err)
	}
}
