package p2p

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"toychain/block"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// Work waits in the order of asking until there are enough bytes; the oldest that depends on a
// peer is cut off after two seconds, and only if others wait.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, b := t.Context(), newBudget(10)
		begun := time.Now()
		cut := map[string]time.Duration{}
		take := func(name string, n int) *holding {
			var h *holding
			h, err := b.take(ctx, n, func() {
				cut[name] = time.Since(begun)
				h.release()
			})
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		take("whole", 100).release()
		first := take("first", 8)
		first.shrink(6)
		take("second", 4)
		if tooMuch(b) || b.used != 10 {
			t.Errorf("%d in use", b.used)
		}
		time.Sleep(time.Minute) // virtual: no other peer waits, so this one is not cut off
		if len(cut) != 0 {
			t.Errorf("cut off: %v", cut)
		}
		begun = time.Now()
		take("third", 6)
		if _, ok := cut["first"]; !ok || len(cut) != 1 {
			t.Errorf("cut off: %v, want the first", cut)
		}
		take("fourth", 4)
		if cut["second"] != 0 || len(cut) != 2 {
			t.Errorf("cut off: %v, want the second", cut)
		}
		take("fifth", 10)
		if cut["third"] != slowAfter || cut["fourth"] != slowAfter {
			t.Errorf("cut off: %v, want the third and fourth after %v", cut, slowAfter)
		}
		late, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if h, err := b.take(late, 1, nil); h != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", h, err)
		}
	})
}

func tooMuch(b *budget) bool { h, _, _ := b.try(1, nil); return h != nil }

// Peers that request blocks and read nothing hold no more than the budget, and are cut off when
// another peer waits.
func TestSlowReadersAreCutOff(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	victim.serving.most = MaxMessage
	header := block.Header{}
	raw := header.Bytes()
	victim.bodies[header.Hash()] = append(raw[:], make([]byte, MaxMessage-block.HeaderSize)...)
	victim.connect(friend)
	hash := header.Hash()
	for range 3 {
		s := syncStream(t, rogue(t, victim, hear), victim)
		if _, err := s.Write(frameOf(kindGetBlocks, hash[:])); err != nil {
			t.Fatal(err)
		}
	}
	victim.wait("the budget to be in use", func() bool { return locked(&victim.serving.mu, &victim.serving.used) > 0 })
	err := friend.RequestBlocks(testContext(t), victim.ID(), []block.Hash{hash}, func([]byte) error { return nil })
	if err != nil {
		t.Errorf("an honest peer: %v", err)
	}
	for _, use := range victim.Memory() {
		if use.Used > use.Most || use.Part == "" {
			t.Errorf("%+v", use)
		}
	}
}

// Two requests of one peer are answered at a time; the third waits for its turn.
func TestResponsesAtOnce(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	id, err := decode(a.ID())
	if err != nil {
		t.Fatal(err)
	}
	s := b.existing(id)
	s.responses <- struct{}{}
	s.responses <- struct{}{}
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	if _, err := a.RequestPool(ctx, b.ID()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the third: %v", err)
	}
	<-s.responses
	if _, err := a.RequestPool(testContext(t), b.ID()); err != nil {
		t.Errorf("the second: %v", err)
	}
	<-s.responses
}

// fakeStream delivers bytes and records deadlines.
type fakeStream struct {
	network.Stream
	in       []byte
	deadline time.Time
	resets   int
}

func (f *fakeStream) Read(b []byte) (int, error) {
	if len(f.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, f.in)
	f.in = f.in[n:]
	return n, nil
}

func (f *fakeStream) SetReadDeadline(t time.Time) error { f.deadline = t; return nil }
func (f *fakeStream) Reset() error                      { f.resets++; return nil }

// A gossip message that has begun must end in twenty seconds, and if it is large it holds its
// bytes of the budget meanwhile. Between messages a peer may be silent.
func TestHalfSentGossip(t *testing.T) {
	b := newBudget(1 << 20)
	f := &fakeStream{in: []byte{3, 'a', 'b', 'c', 0, 0x80}}
	s := &gossipStream{Stream: f, receiving: b}
	buf := make([]byte, 200_000)
	read := func(n int, deadline bool, held int) {
		t.Helper()
		for n > 0 {
			m, err := s.Read(buf[:n])
			if err != nil {
				t.Fatal(err)
			}
			n -= m
		}
		if f.deadline.IsZero() == deadline || b.used != held {
			t.Errorf("deadline %v, %d bytes held, want %v and %d", f.deadline, b.used, deadline, held)
		}
	}
	read(1, true, 0)
	read(2, true, 0)
	read(1, false, 0)
	read(1, false, 0)               // an empty message
	read(1, true, 0)                // half a length
	f.in = []byte{0x80, 0x06, 1, 2} // 98,304 bytes
	read(2, true, 98_304)
	read(2, true, 98_304)
	f.in = make([]byte, 98_302)
	read(98_302, false, 0)
	f.in = []byte{0x80, 0x80, 0x06, 1}
	read(4, true, 98_304)
	if _, err := s.Read(buf); err != io.EOF || b.used != 0 {
		t.Errorf("the stream ends with %v, %d bytes held", err, b.used)
	}
	f.in = []byte{0xff, 0xff, 0xff, 0x7f} // GossipSub will refuse it
	read(4, true, 0)
}

// Messages of our topics are counted five times until they are judged; those for which there is
// no room are removed, and so are those of other topics.
func TestArrivals(t *testing.T) {
	a := &arrivals{judging: newBudget(100), ignores: func(p corepeer.ID, _ int, _ time.Time) bool { return p == "bulk" }, names: protocols{blocks: "blocks", txs: "txs"}, held: map[*pb.Message]*holding{}}
	blocks, txs, other := "blocks", "txs", "other"
	message := func(topic *string, n int) *pb.Message { return &pb.Message{Topic: topic, Data: make([]byte, n)} }
	rpc := &pubsub.RPC{RPC: pb.RPC{Publish: []*pb.Message{message(&blocks, 10), message(&other, 1), message(&txs, 9), message(&txs, 2)}}}
	first, third := rpc.Publish[0], rpc.Publish[2]
	ignored := &pubsub.RPC{RPC: pb.RPC{Publish: []*pb.Message{message(&blocks, 10)}}}
	a.admit("bulk", ignored)
	if len(ignored.Publish) != 0 {
		t.Error("a message that is to be ignored is left")
	}
	a.admit("peer", rpc)
	if len(rpc.Publish) != 2 || a.judging.used != 5*19 {
		t.Errorf("%d messages, %d bytes", len(rpc.Publish), a.judging.used)
	}
	a.RejectMessage(&pubsub.Message{Message: first}, "")
	a.DuplicateMessage(&pubsub.Message{Message: third})
	a.done(first)
	if a.judging.used != 0 || len(a.held) != 0 {
		t.Errorf("%d bytes, %d messages are left", a.judging.used, len(a.held))
	}
	if maxJudging/judgedFactor < 3*MaxMessage {
		t.Error("fewer than three of the largest blocks fit")
	}
}
