package p2p

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
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
		ctx, b := t.Context(), newBudget(10).reserve("", 4)
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

func tooMuch(b *part) bool { h, _, _ := b.try(1, nil); return h != nil }

// What a part has reserved no other part gets, and what no part has reserved the first.
func TestReserved(t *testing.T) {
	b := newBudget(10)
	x, y, z := b.reserve("x", 2), b.reserve("y", 3), b.reserve("z", 0)
	fits := func(p *part, want int) {
		t.Helper()
		for n := 20; n >= 0; n-- {
			b.mu.Lock()
			got := p.fits(n)
			b.mu.Unlock()
			if got {
				if n != want {
					t.Errorf("%s may have %d bytes more, want %d", p.name, n, want)
				}
				return
			}
		}
	}
	first := x.force(1, nil)
	y.force(1, nil)
	z.force(1, nil)
	fits(x, 1+4)
	fits(y, 2+4)
	fits(z, 4)
	free := z.force(4, nil)
	fits(x, 1)
	fits(y, 2)
	fits(z, 0)
	free.shrink(1)
	x.force(4, nil) // as gossip does: its copies are there already
	fits(x, 0)
	fits(z, 0)
	fits(y, 2)
	first.release()
	fits(z, 1)
	net := Net{memory: b}
	report := net.Reserve("engine", 1)
	fits(z, 0)
	report(1)
	want := Memory{Total: 10, Parts: []MemoryPart{{"x", 4, 2}, {"y", 1, 3}, {"z", 2, 0}, {"engine", 1, 1}}}
	if got := net.Memory(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if minServing < MaxMessage || minReceiving < unmarshalFactor*maxGossip || minJudging < judgedFactor*MaxMessage {
		t.Error("the largest message does not fit what is reserved for it")
	}
}

// testArrivals has its own budget.
func testArrivals(total int) *arrivals {
	b := newBudget(total)
	return &arrivals{serving: b.reserve("serving", 0), receiving: b.reserve("receiving", 0), judging: b.reserve("judging", 0),
		names: protocolsOf(testDigest), ignores: func(p corepeer.ID, _ int, _ time.Time) bool { return p == "bulk" },
		received: map[corepeer.ID][]*holding{}, held: map[*pb.Message]*holding{}}
}

// Peers that request blocks and read nothing hold no more than the budget, and are cut off when
// another peer waits.
func TestSlowReadersAreCutOff(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	victim.memory.total = MaxMessage
	for _, p := range victim.memory.parts {
		p.reserved = 0
	}
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
	victim.wait("the budget to be in use", func() bool { return locked(&victim.memory.mu, &victim.serving.used) > 0 })
	err := friend.RequestBlocks(testContext(t), victim.ID(), []block.Hash{hash}, func([]byte) error { return nil })
	if err != nil {
		t.Errorf("an honest peer: %v", err)
	}
	if m := victim.Memory(); m.Parts[0].Used > m.Total {
		t.Errorf("%+v", m)
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
	a := testArrivals(1 << 20)
	b := a.receiving
	f := &fakeStream{in: []byte{3, 'a', 'b', 'c', 0, 0x80}}
	s := &gossipStream{Stream: f, peer: "p", arrivals: a}
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
	read(2, true, 2*98_304)
	read(2, true, 2*98_304)
	f.in = make([]byte, 98_302)
	read(98_302, false, 2*98_304) // GossipSub has not seen it
	if h, _, oldest := b.try(1<<20, nil); h != nil || oldest != nil {
		t.Error("a peer that has done its part is cut off")
	}
	for range 3 { // the two small ones, and this
		a.admit("p", &pubsub.RPC{})
	}
	if b.used != 0 || len(a.received) != 0 {
		t.Errorf("%d bytes held after GossipSub has seen all", b.used)
	}
	f.in = []byte{0x80, 0x80, 0x06, 1}
	read(4, true, 2*98_304)
	if _, err := s.Read(buf); err != io.EOF || b.used != 0 {
		t.Errorf("the stream ends with %v, %d bytes held", err, b.used)
	}
	f.in = []byte{0xff, 0xff, 0xff, 0x7f} // GossipSub will refuse it
	read(4, true, 0)
	f.in = append([]byte{0x80, 0x80, 0x06}, make([]byte, 98_304)...)
	s.shift, s.length, s.left = 0, 0, 0
	read(98_307, false, 2*98_304)
	s.Reset() // GossipSub cannot parse it
	if b.used != 0 || f.resets != 1 {
		t.Errorf("%d bytes held after a reset", b.used)
	}
}

// Messages of our topics are counted five times until they are judged; those for which there is
// no room are removed, and so are those of other topics.
func TestArrivals(t *testing.T) {
	a := testArrivals(100)
	blocks, txs, other := a.names.blocks, a.names.txs, "other"
	message := func(topic *string, n int) *pb.Message { return &pb.Message{Topic: topic, Data: make([]byte, n)} }
	rpc := &pubsub.RPC{RPC: pb.RPC{Publish: []*pb.Message{message(&blocks, 10), message(&other, 1), message(&txs, 9), message(&txs, 2)}}}
	first, third := rpc.Publish[0], rpc.Publish[2]
	ids := []string{a.names.messageID(rpc.Publish[0]), a.names.messageID(rpc.Publish[2])}
	rpc.Control = &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: slices.Clone(ids)}},
		Ihave: []*pb.ControlIHave{{TopicID: &blocks, MessageIDs: slices.Clone(ids[:1])}}}
	ignored := &pubsub.RPC{RPC: pb.RPC{Publish: []*pb.Message{message(&blocks, 10)}}}
	a.admit("bulk", ignored)
	if len(ignored.Publish) != 0 {
		t.Error("a message that is to be ignored is left")
	}
	a.admit("peer", rpc)
	if want := rpc.Control.Iwant[0].MessageIDs; !slices.Equal(want, ids[1:]) || len(rpc.Control.Ihave[0].MessageIDs) != 0 {
		t.Errorf("a block is offered and wanted by ID: %q, %v", want, rpc.Control.Ihave)
	}
	if len(rpc.Publish) != 2 || a.judging.used != 5*19 {
		t.Errorf("%d messages, %d bytes", len(rpc.Publish), a.judging.used)
	}
	a.RejectMessage(&pubsub.Message{Message: first}, "")
	a.DuplicateMessage(&pubsub.Message{Message: third})
	a.done(first)
	if a.judging.used != 0 || len(a.held) != 0 {
		t.Errorf("%d bytes, %d messages are left", a.judging.used, len(a.held))
	}
}
