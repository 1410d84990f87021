package p2p

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// rogue is a libp2p host that keeps no rule and knows no limit. It speaks of
// itself as a toychain node; handle is what it does with a sync stream.
func rogue(t *testing.T, victim *testNode, handle func(network.Stream)) host.Host {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	must(err)
	return rogueWith(t, key, victim, handle)
}

// rogueWith is rogue with a key, which more than one may have.
func rogueWith(t *testing.T, key crypto.PrivKey, victim *testNode, handle func(network.Stream)) host.Host {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := corepeer.IDFromPrivateKey(key)
	must(err)
	book, err := pstoremem.NewPeerstore()
	must(err)
	must(errors.Join(book.AddPrivKey(id, key), book.AddPubKey(id, key.GetPublic())))
	bus := eventbus.NewBus()
	sw, err := swarm.NewSwarm(id, book, bus)
	must(err)
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: yamux.DefaultTransport}}
	secure, err := noise.New(noise.ID, key, muxers)
	must(err)
	up, err := upgrader.New([]sec.SecureTransport{secure}, muxers, nil, nil, nil)
	must(err)
	raw, err := tcp.NewTCPTransport(up, nil, nil, tcp.DisableReuseport())
	must(err)
	must(sw.AddTransport(raw))
	h, err := basichost.NewHost(sw, &basichost.HostOpts{EventBus: bus})
	must(err)
	t.Cleanup(func() { h.Close() })
	h.SetStreamHandler(protocolsOf(testDigest).sync, handle)
	h.Start()
	must(again(t, func(ctx context.Context) error { return h.Connect(ctx, *addrInfo(t, victim)) }))
	return h
}

func addrInfo(t *testing.T, n *testNode) *corepeer.AddrInfo {
	info, err := corepeer.AddrInfoFromString(n.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// hear reads a stream to its end and says nothing.
func hear(s network.Stream) { io.Copy(io.Discard, s) }

// syncStream opens a stream of the sync protocol to the victim.
func syncStream(t *testing.T, h host.Host, victim *testNode) network.Stream {
	t.Helper()
	s, err := h.NewStream(testContext(t), victim.host.ID(), protocolsOf(testDigest).sync)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// isTimeout reports whether nothing came until the deadline.
func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

// rawFrame is a frame whose length may be a lie.
func rawFrame(length int, k kind, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(length))
	return append(append(b, byte(k)), payload...)
}

func frameOf(k kind, payload []byte) []byte { return rawFrame(len(payload), k, payload) }

// Whoever opens a stream with one of these is dropped and banned.
func TestGarbageRequestsAreBanned(t *testing.T) {
	good := encodeStatus(peer.Status{Agent: "x"})
	with := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	rows := map[string][]byte{
		"no such kind":              rawFrame(0, 99, nil),
		"kind zero":                 rawFrame(0, 0, nil),
		"an answer nobody asked":    frameOf(kindBlock, make([]byte, 80)),
		"longer than its kind":      rawFrame(kindGetBlocks.maxPayload()+1, kindGetBlocks, nil),
		"4 GB":                      rawFrame(1<<32-1, kindStatus, nil),
		"status too short":          frameOf(kindStatus, good[:len(good)-2]),
		"status too long":           frameOf(kindStatus, append(bytes.Clone(good), 'y')),
		"status below height 0":     frameOf(kindStatus, with(good, 35, 0x80)),
		"status unprintable":        frameOf(kindStatus, with(good, statusFixed, 7)),
		"getheaders without stop":   frameOf(kindGetHeaders, make([]byte, 31)),
		"getheaders half a hash":    frameOf(kindGetHeaders, make([]byte, 48)),
		"getblocks of none":         frameOf(kindGetBlocks, nil),
		"getblocks half a hash":     frameOf(kindGetBlocks, make([]byte, 33)),
		"getblocks of 17":           frameOf(kindGetBlocks, make([]byte, 17*32)),
		"gettxs of 1001":            frameOf(kindGetTxs, make([]byte, 1001*32)),
		"getpool with payload":      frameOf(kindGetPool, []byte{1}),
		"getpeers with payload":     frameOf(kindGetPeers, []byte{1}),
		"status, then a request":    append(frameOf(kindStatus, good), frameOf(kindGetPool, nil)...),
		"status, then an untruth":   append(frameOf(kindStatus, good), frameOf(kindStatus, nil)...),
		"text of another protocol":  []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"locator of 102":            frameOf(kindGetHeaders, make([]byte, 32+102*32)),
		"locator of 102, by length": rawFrame(32+102*32, kindGetHeaders, nil),
	}
	victim, friend := startNode(t), startNode(t)
	victim.connect(friend)
	for name, raw := range rows {
		h := rogue(t, victim, hear)
		s := syncStream(t, h, victim)
		s.Write(raw) // fails when the victim hangs up before it has read all
		id := text(h.ID())
		victim.wait("ban for "+name, func() bool { _, ok := victim.Banned()[id]; return ok })
		if left := time.Until(victim.Banned()[id].Until); left < 9*time.Minute || left > 10*time.Minute {
			t.Errorf("%s: banned for another %v, want ten minutes", name, left)
		}
		victim.wait("hanging up on "+name, func() bool { return len(victim.swarm.ConnsToPeer(h.ID())) == 0 })
		h.Close()
	}
	if _, err := friend.RequestPool(testContext(t), victim.ID()); err != nil {
		t.Errorf("an honest peer was not served: %v", err)
	}
	victim.stop()
	if got(victim.events, "joined "+string(friend.ID())) != 1 {
		t.Errorf("an honest peer was dropped: %v", victim.events)
	}
}

// A peer that answers garbage is named in the error, dropped and banned.
func TestGarbageAnswersAreBanned(t *testing.T) {
	want := block.Hash{1}
	blocks := func(n *testNode, p peer.ID) error {
		return n.RequestBlocks(testContext(t), p, []block.Hash{want}, func([]byte) error { return nil })
	}
	headers := func(n *testNode, p peer.ID) error {
		_, err := n.RequestHeaders(testContext(t), p, nil, block.Hash{})
		return err
	}
	pool := func(n *testNode, p peer.ID) error { _, err := n.RequestPool(testContext(t), p); return err }
	peers := func(n *testNode, p peer.ID) error { _, err := n.requestPeers(testContext(t), p); return err }
	for _, row := range []struct {
		name   string
		ask    func(*testNode, peer.ID) error
		answer []byte
	}{
		{"another block", blocks, frameOf(kindBlock, make([]byte, 80))},
		{"an empty block", blocks, frameOf(kindBlock, nil)},
		{"a block of 1 MB and one", blocks, rawFrame(MaxMessage+1, kindBlock, nil)},
		{"a transaction", blocks, frameOf(kindTx, nil)},
		{"something else missing", blocks, frameOf(kindMissing, make([]byte, 32))},
		{"half a hash missing", blocks, frameOf(kindMissing, want[:16])},
		{"half a header", headers, frameOf(kindHeaders, make([]byte, 40))},
		{"2001 headers", headers, frameOf(kindHeaders, make([]byte, 2001*80))},
		{"half a txid", pool, frameOf(kindPool, make([]byte, 16))},
		{"too many txids", pool, rawFrame(32*(peer.MaxPoolIDs+1), kindPool, nil)},
		{"half an address", peers, frameOf(kindPeers, []byte{1})},
		{"an address longer than the rest", peers, frameOf(kindPeers, []byte{9, 0, 1})},
		{"an address of nothing", peers, frameOf(kindPeers, []byte{0, 0})},
		{"no address", peers, frameOf(kindPeers, []byte{2, 0, 255, 255})},
	} {
		t.Run(row.name, func(t *testing.T) {
			victim := startNode(t)
			h := rogue(t, victim, func(s network.Stream) {
				k, _, err := readFrame(s, kindStatus, kindGetHeaders, kindGetBlocks, kindGetPool, kindGetPeers)
				switch {
				case err != nil || k == kindStatus:
					hear(s)
				case k == kindGetPeers && !strings.Contains(row.name, "address"):
					s.Write(frameOf(kindPeers, nil))
					s.Close()
				default:
					s.Write(row.answer)
					s.Close()
				}
			})
			// It takes part in gossip like anybody: else the victim would wait for that.
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			nothing := func(context.Context, peer.ID, []byte) peer.Verdict { return peer.Ignore }
			_, err := joinTopics(ctx, h, &links{}, testArrivals(maxMemory), nothing, nothing, func(corepeer.ID) {})
			if err != nil {
				t.Fatal(err)
			}
			s := syncStream(t, h, victim)
			if _, err := s.Write(frameOf(kindStatus, encodeStatus(peer.Status{}))); err != nil {
				t.Fatal(err)
			}
			id := text(h.ID())
			if !strings.Contains(row.name, "address") { // else it is banned as soon as it joined
				victim.wait("the rogue", func() bool { _, ok := victim.heard[id]; return ok })
				if err := row.ask(victim, id); err == nil || !strings.Contains(err.Error(), id.Short()) || !isMalformed(err) {
					t.Errorf("error %v, want one that names %s", err, id.Short())
				}
			}
			victim.wait("ban", func() bool { _, ok := victim.Banned()[id]; return ok })
			victim.wait("hanging up", func() bool { return len(victim.swarm.ConnsToPeer(h.ID())) == 0 })
		})
	}
}

// Streams that are opened and not used, half negotiated, or fed a byte and no
// more hold a place each. They may not hold everybody's.
func TestHalfOpenStreams(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	victim.connect(friend)
	names := protocolsOf(testDigest)
	opened := 0
	for range 8 {
		h := rogue(t, victim, hear)
		conn := h.Network().ConnsToPeer(victim.host.ID())[0]
		for i := range 60 {
			s, err := conn.NewStream(testContext(t))
			if err != nil {
				break // the victim hung up: fine too
			}
			switch i % 3 {
			case 0: // nothing
			case 1:
				s.Write([]byte("\x13/multistream/1.0.0\n"))
			case 2:
				s.Write([]byte("\x13/multistream/1.0.0\n" + string(rune(len(names.sync)+1)) + string(names.sync) + "\n"))
				s.Write(rawFrame(3264, kindGetHeaders, nil)[:4])
			}
			opened++
		}
	}
	if opened < 400 {
		t.Fatalf("only %d streams were opened: no test", opened)
	}
	begun := time.Now()
	for range 10 {
		if _, err := friend.RequestPool(testContext(t), victim.ID()); err != nil {
			t.Fatal(err)
		}
	}
	if err := friend.PublishTx(testContext(t), []byte("through the crowd")); err != nil {
		t.Fatal(err)
	}
	victim.wait("gossip", func() bool { return got(victim.txs, "through the crowd") == 1 })
	late := startNode(t)
	late.connect(victim)
	if took := time.Since(begun); took > frameTimeout {
		t.Errorf("an honest peer was served in %v", took)
	}
	if len(victim.Banned()) != 0 {
		t.Errorf("slowness is no crime, yet banned: %v", victim.Banned())
	}
}

// A peer that asks for much and reads nothing holds up nobody else.
func TestSlowReader(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	ids := chainOf(victim.fake, 3)
	for _, id := range ids {
		victim.bodies[id] = append(victim.bodies[id], make([]byte, MaxMessage-len(victim.bodies[id]))...)
	}
	victim.connect(friend)
	h := rogue(t, victim, hear)
	for range maxSyncStreams {
		s := syncStream(t, h, victim)
		if _, err := s.Write(frameOf(kindGetBlocks, encodeHashes(ids))); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	begun := time.Now()
	err := friend.RequestBlocks(testContext(t), victim.ID(), ids, func([]byte) error { count++; return nil })
	if err != nil || count != 3 {
		t.Errorf("%d blocks in %v, %v", count, time.Since(begun), err)
	}
}

// What others gossip is as long as a message may be, and not a byte longer: that is not
// shown to anybody, nor is a frame read to its end that can hold nothing shorter.
func TestGossipedMessagesAreLimited(t *testing.T) {
	victim := startNode(t)
	h := rogue(t, victim, hear)
	topic := protocolsOf(testDigest).blocks
	frame := func(n int) []byte {
		// pubsub's rpc.proto: RPC.publish = 2, Message.data = 2, Message.topic = 4
		field := func(number byte, value []byte) []byte {
			return append(binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(value))), value...)
		}
		rpc := field(2, append(field(2, make([]byte, n)), field(4, []byte(topic))...))
		return append(binary.AppendUvarint(nil, uint64(len(rpc))), rpc...)
	}
	stream := func() network.Stream {
		s, err := h.NewStream(testContext(t), victim.host.ID(), "/meshsub/1.2.0")
		if err != nil {
			t.Fatal(err)
		}
		s.SetDeadline(time.Now().Add(30 * time.Second))
		return s
	}
	// It tells its status like anybody: else the victim would hang up for that.
	if _, err := syncStream(t, h, victim).Write(frameOf(kindStatus, encodeStatus(peer.Status{}))); err != nil {
		t.Fatal(err)
	}
	s := stream()
	for _, n := range []int{1_000_001, 1_000_000} {
		if _, err := s.Write(frame(n)); err != nil {
			t.Fatalf("a message of %d bytes: %v", n, err)
		}
	}
	victim.wait("the longest message", func() bool { return len(victim.blocks) > 0 })
	for _, b := range victim.gossiped() {
		if len(b) != 1_000_000 {
			t.Errorf("a message of %d bytes was judged", len(b))
		}
	}
	s = stream()
	s.Write(frame(1_000_000 + 4096)) // fails when the victim hangs up before it has read all
	if _, err := s.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("a frame that is too long: %v, want the stream to end", err)
	}
	if n := len(victim.gossiped()); n != 1 {
		t.Errorf("%d messages were judged, want 1", n)
	}
}

// Garbage on a gossip stream ends that stream and nothing else.
func TestGossipGarbage(t *testing.T) {
	victim, friend := startNode(t), startNode(t)
	victim.connect(friend)
	h := rogue(t, victim, hear)
	for _, raw := range [][]byte{
		[]byte("no protobuf at all"),
		bytes.Repeat([]byte{0xff}, 100),          // a length beyond all bounds
		binary.AppendUvarint(nil, MaxMessage*2),  // longer than allowed
		append([]byte{5}, 0xa, 0xff, 0xff, 1, 2), // a field longer than its message
	} {
		s, err := h.NewStream(testContext(t), victim.host.ID(), "/meshsub/1.2.0")
		if err != nil {
			t.Fatal(err)
		}
		s.Write(raw)
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, s); isTimeout(err) {
			t.Errorf("%q: the victim still listens", raw)
		}
	}
	if err := friend.PublishTx(testContext(t), []byte("still there")); err != nil {
		t.Fatal(err)
	}
	victim.wait("gossip", func() bool { return got(victim.txs, "still there") == 1 })
}
