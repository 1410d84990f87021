package p2p

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"toychain/block"
	"toychain/internal/longtest"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// limits_test.go at the top of the module names the test for each limit. Here are
// those that have no better place.

// Requests of exactly the longest kind are answered, and nobody is banned for them.
// (One more of anything: TestGarbageRequestsAreBanned.)
func TestLongestRequests(t *testing.T) {
	victim := startNode(t)
	h := rogue(t, victim, hear)
	for _, row := range []struct {
		ask     kind
		payload []byte
		answer  kind
		answers int
	}{
		{kindGetHeaders, make([]byte, 32+101*32), kindHeaders, 1},
		{kindGetBlocks, make([]byte, 16*32), kindMissing, 16},
		{kindGetTxs, make([]byte, 1000*32), kindMissing, 1000},
	} {
		s := syncStream(t, h, victim)
		if _, err := s.Write(frameOf(row.ask, row.payload)); err != nil {
			t.Fatal(err)
		}
		for i := range row.answers {
			if _, _, err := readFrame(s, row.answer); err != nil {
				t.Fatalf("%v of %d bytes, answer %d: %v", row.ask, len(row.payload), i, err)
			}
		}
		s.Close()
	}
	if len(victim.Banned()) != 0 {
		t.Errorf("banned: %v", victim.Banned())
	}
}

// An address of 512 bytes is read, one of 513 is not.
func TestLongestAddress(t *testing.T) {
	for length, fine := range map[int]bool{512: true, 513: false} {
		var addr ma.Multiaddr
		for name := 300; addr == nil || len(addr.Bytes()) < length; name++ {
			var err error
			if addr, err = ma.NewMultiaddr("/dns4/" + strings.Repeat("x", name) + "/tcp/7000/p2p/" + somebody); err != nil {
				t.Fatal(err)
			}
		}
		raw := addr.Bytes()
		if len(raw) != length {
			t.Fatalf("%d bytes, want %d", len(raw), length)
		}
		found, err := parsePeers(append([]byte{byte(length), byte(length >> 8)}, raw...))
		if fine != (err == nil && len(found) == 1) || !fine && !isMalformed(err) {
			t.Errorf("an address of %d bytes: %v, %v", length, found, err)
		}
		if told := encodePeers([]ma.Multiaddr{addr}); fine != (len(told) > 0) {
			t.Errorf("an address of %d bytes is told: %v", length, !fine)
		}
	}
}

// A ban ends after ten minutes, not a moment sooner.
func TestBanLastsTenMinutes(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	g := newGater(func() time.Time { return now })
	g.setOpen(true)
	g.ban("liar", now.Add(BanTime))
	now = now.Add(10*time.Minute - 1)
	if g.refusal("liar") == nil || len(g.bans()) != 1 {
		t.Error("let in before the ten minutes were over")
	}
	now = now.Add(1)
	if err := g.refusal("liar"); err != nil || len(g.bans()) != 0 {
		t.Errorf("refused after ten minutes: %v", err)
	}
	g.ban("liar", now.Add(24*time.Hour)) // by the user, while something of the liar's is judged
	g.ban("liar", now.Add(BanTime))
	now = now.Add(24*time.Hour - 1)
	if g.refusal("liar") == nil {
		t.Error("a short ban took the place of a long one")
	}
}

// Of one peer's streams of the sync protocol 24 are served at once. More are reset,
// and nobody is banned for them.
func TestStreamsOfOnePeer(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	victim.connect(friend)
	h := rogue(t, victim, hear)
	const many = maxStreams + 10
	var refused atomic.Int32
	for range many {
		s := syncStream(t, h, victim)
		go func() { // as long as the stream stands, nothing comes
			s.Write(frameOf(kindGetPool, nil)[:4])
			s.Read(make([]byte, 1))
			refused.Add(1)
		}()
	}
	victim.wait("as many streams to be refused as are too many", func() bool { return refused.Load() >= many-maxSyncStreams })
	if refused.Load() == many {
		t.Errorf("no stream stands; %d may", maxSyncStreams)
	}
	if _, err := friend.RequestPool(testContext(t), victim.ID()); err != nil {
		t.Errorf("an honest peer: %v", err)
	}
	if len(victim.Banned()) != 0 {
		t.Errorf("banned: %v", victim.Banned())
	}
}

// One peer, as often as it likes: three of its connections stand, and the fourth ends.
func TestConnectionsOfOnePeer(t *testing.T) {
	victim := startNode(t)
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var last host.Host
	for range 3 {
		last = rogueWith(t, key, victim, hear)
	}
	victim.wait("three connections", func() bool { return len(victim.swarm.ConnsToPeer(last.ID())) == 3 })
	fourth := rogueWith(t, key, victim, hear)
	victim.wait("the end of the fourth", func() bool { return len(fourth.Network().ConnsToPeer(victim.host.ID())) == 0 })
	if n := len(victim.swarm.ConnsToPeer(last.ID())); n != 3 {
		t.Errorf("%d connections stand, want 3", n)
	}
}

// Eight requests at once go to one peer; the ninth waits for its turn.
func TestAskingIsBounded(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	n := a.Net
	n.mu.Lock()
	var s *session
	for _, s = range n.sessions {
	}
	n.mu.Unlock()
	for range 8 {
		s.requests <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	if _, err := a.RequestPool(ctx, b.ID()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the ninth: %v", err)
	}
	<-s.requests
	if _, err := a.RequestPool(testContext(t), b.ID()); err != nil {
		t.Errorf("the eighth: %v", err)
	}
	for range 7 {
		<-s.requests
	}
}

// As many messages as a queue holds, at once, all arrive; and as many transactions as
// are judged at once may all be under way.
func TestBurst(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	const burst = gossipQueue - 56 // room for what gossip itself has to say
	for i := range burst {
		if err := a.PublishTx(testContext(t), fmt.Appendf(nil, "tx %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	b.wait("all of them", func() bool { return len(b.txs) == burst })
	if burst > txValidations {
		t.Errorf("%d may wait, but only %d are judged at once", burst, txValidations)
	}
}

// pipe is a stream without a network, so that its deadlines follow a virtual clock.
type pipe struct {
	network.Stream
	c net.Conn
}

func (p pipe) Read(b []byte) (int, error)         { return p.c.Read(b) }
func (p pipe) Write(b []byte) (int, error)        { return p.c.Write(b) }
func (p pipe) SetReadDeadline(t time.Time) error  { return p.c.SetReadDeadline(t) }
func (p pipe) SetWriteDeadline(t time.Time) error { return p.c.SetWriteDeadline(t) }

// stuck is a Handler that answers when its context ends.
type stuck struct{ Handler }

func (stuck) PoolIDs(ctx context.Context) ([]block.Hash, error) { <-ctx.Done(); return nil, ctx.Err() }

// A node whose Handler is busy, as with a long reorganisation, repeats its status all the same: its
// peers do not take it for gone.
func TestBusyNodeRepeatsItsStatus(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	busy, other := startNode(t), startNode(t)
	busy.connect(other)
	busy.note(func() { busy.busy = true })
	other.wait("the status again", func() bool { return got(other.events, "status "+string(busy.ID())) >= 2 })
	if got(other.events, "left "+string(busy.ID())) != 0 {
		t.Error("it was disconnected")
	}
}

// How long a peer may take for a frame, a first word, an answer or the next status, in
// virtual time: to the second, and no longer.
func TestTimeouts(t *testing.T) {
	n := &Net{links: &links{}, handler: stuck{}, serving: newBudget(maxMemory).reserve("", 0)}
	status := frameOf(kindStatus, encodeStatus(peer.Status{}))
	for _, row := range []struct {
		name string
		want time.Duration
		do   func(ours pipe, theirs net.Conn) error
	}{
		{"a frame that nobody reads", 20 * time.Second, func(ours pipe, _ net.Conn) error {
			return writeFrame(ours, kindStatus, make([]byte, 80))
		}},
		{"an answer that does not come", 20 * time.Second, func(ours pipe, _ net.Conn) error {
			_, _, err := (&response{stream: ours}).frame(kindPool)
			return err
		}},
		{"an answer a byte at a time", 20 * time.Second, func(ours pipe, theirs net.Conn) error {
			go func() {
				theirs.Write(rawFrame(3200, kindPool, nil))
				for {
					if _, err := theirs.Write(make([]byte, 1)); err != nil {
						return
					}
					time.Sleep(3 * time.Second) // virtual: well within the patience for one byte
				}
			}()
			_, _, err := (&response{stream: ours}).frame(kindPool)
			return err
		}},
		{"a stream without a first word", 15 * time.Second, func(ours pipe, _ net.Conn) error {
			return n.serveFirst(context.Background(), &session{wake: make(chan struct{}, 1)}, ours)
		}},
		{"a status line that falls silent", 60 * time.Second, func(ours pipe, theirs net.Conn) error {
			go theirs.Write(status)
			return n.serveFirst(context.Background(), &session{wake: make(chan struct{}, 1)}, ours)
		}},
		{"a node that has no answer", 2 * time.Minute, func(ours pipe, theirs net.Conn) error {
			go theirs.Write(frameOf(kindGetPool, nil))
			return n.serveFirst(context.Background(), &session{responses: make(chan struct{}, 1)}, ours)
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			begun := time.Now()
			err := row.do(pipe{c: ours}, theirs)
			took := time.Since(begun)
			if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, io.EOF) && !isMalformed(err) {
				t.Errorf("%s: %v", row.name, err)
			}
			if took != row.want {
				t.Errorf("%s took %v, want %v", row.name, took, row.want)
			}
			ours.Close()
			theirs.Close()
			time.Sleep(time.Minute) // virtual: the other end notices
		})
	}
}

// Who does not name its topics joins all the same, two seconds late; who is called and
// tells no status is given up after ten, or fifteen after it connected; who takes the
// call and is no libp2p node, after five.
func TestSilentPeers(t *testing.T) {
	a := startNode(t)
	t.Run("no topics", func(t *testing.T) {
		t.Parallel()
		h := rogue(t, a, hear)
		s := syncStream(t, h, a)
		begun := time.Now()
		s.Write(frameOf(kindStatus, encodeStatus(peer.Status{})))
		a.wait("it to join", func() bool { _, ok := a.heard[text(h.ID())]; return ok })
		if took := time.Since(begun); took < topicWait/2 {
			t.Errorf("joined after %v, without topics", took)
		}
	})
	t.Run("no status", func(t *testing.T) {
		longtest.Only(t)
		t.Parallel()
		begun := time.Now()
		h := rogue(t, a, hear)
		err := a.Net.connect(testContext(t), corepeer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
		took := time.Since(begun)
		if err == nil || took < connectTimeout/2 ||
			!strings.Contains(err.Error(), "sends no status") && !strings.Contains(err.Error(), "the peer sent no status for too long") {
			t.Errorf("after %v: %v", took, err)
		}
	})
	t.Run("no libp2p", func(t *testing.T) {
		longtest.Only(t)
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		begun := time.Now()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		err = a.Connect(testContext(t), "/ip4/127.0.0.1/tcp/"+port+"/p2p/"+somebody)
		if took := time.Since(begun); err == nil || took < dialTimeout/2 {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
