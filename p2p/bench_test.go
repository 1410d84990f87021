package p2p

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"toychain/block"
	"toychain/peer"
)

// sink accepts every block and counts it.
type sink struct {
	*fake
	got chan struct{}
}

func (s *sink) Block(context.Context, peer.ID, []byte) (peer.Verdict, time.Duration) {
	s.got <- struct{}{}
	return peer.Accept, 0
}

// BenchmarkPropagation is the time from a publish to the last node's Handler.
func BenchmarkPropagation(b *testing.B) {
	for _, nodes := range []int{2, 10} {
		for _, size := range []int{1000, 200_000} {
			b.Run(fmt.Sprintf("%dnodes/%dB", nodes, size), func(b *testing.B) {
				nets, got := benchMesh(b, nodes)
				raw := make([]byte, size)
				before, sent := bytesIn(nets), 0
				for b.Loop() {
					sent++
					binary.LittleEndian.PutUint64(raw, uint64(sent))
					if err := nets[0].PublishBlock(context.Background(), raw); err != nil {
						b.Fatal(err)
					}
					lost := time.After(10 * time.Second)
					for range nodes - 1 {
						select {
						case <-got:
						case <-lost:
							b.Fatalf("message %d did not reach all", sent)
						}
					}
				}
				// How often each node received each message: 1 is the least.
				b.ReportMetric(float64(bytesIn(nets)-before)/float64(sent*size*(nodes-1)), "copies")
			})
		}
	}
}

func bytesIn(nets []*Net) (sum uint64) {
	for _, n := range nets {
		for _, p := range n.Peers() {
			sum += p.BytesIn
		}
	}
	return sum
}

// BenchmarkBlocks is the rate at which one peer hands over blocks of 100 KB.
func BenchmarkBlocks(b *testing.B) {
	a, o := startNode(b), startNode(b)
	ids := chainOf(o.fake, peer.MaxBlocksAsked)
	for _, id := range ids {
		o.bodies[id] = append(o.bodies[id], make([]byte, 100_000)...)
	}
	a.connect(o)
	b.SetBytes(peer.MaxBlocksAsked * 100_000)
	for b.Loop() {
		if err := a.RequestBlocks(testContext(b), o.ID(), ids, func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRequest is one round trip of the sync protocol.
func BenchmarkRequest(b *testing.B) {
	a, o := startNode(b), startNode(b)
	a.connect(o)
	for b.Loop() {
		if _, err := a.RequestHeaders(testContext(b), o.ID(), nil, block.Hash{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeal is the time from the opening of both gates to the moment when
// both sides know each other again.
func BenchmarkHeal(b *testing.B) {
	x, y := startNode(b), startNode(b)
	x.connect(y)
	for b.Loop() {
		b.StopTimer()
		x.SetBlocklist([]peer.ID{y.ID()})
		y.SetBlocklist([]peer.ID{x.ID()})
		x.waitLeft(y)
		y.waitLeft(x)
		b.StartTimer()
		x.SetBlocklist(nil)
		y.SetBlocklist(nil)
		x.waitJoined(y)
		y.waitJoined(x)
	}
}

// benchMesh makes nodes that all know each other and whose gossip works.
func benchMesh(b *testing.B, n int) ([]*Net, <-chan struct{}) {
	got := make(chan struct{}, 1000)
	var nets []*Net
	for range n {
		cfg := Config{Digest: testDigest}
		if len(nets) > 0 {
			cfg.Seeds = nets[0].Addrs()[:1]
		}
		net, err := New(cfg, &sink{newFake(), got})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); net.Run(ctx) }()
		b.Cleanup(func() { cancel(); <-done })
		nets = append(nets, net)
	}
	deadline := time.After(20 * time.Second)
	for joined := 0; joined < n*min(n-1, MaxOut-1); {
		joined = 0
		for _, net := range nets {
			for _, p := range net.Peers() {
				if p.Joined {
					joined++
				}
			}
		}
		select {
		case <-deadline:
			b.Fatalf("no mesh: %d joins", joined)
		case <-time.After(5 * time.Millisecond):
		}
	}
	// Two nodes may not be neighbours: the mesh must have grown.
	for i := 0; ; i++ {
		if err := nets[0].PublishBlock(context.Background(), fmt.Appendf(nil, "probe %d", i)); err != nil {
			b.Fatal(err)
		}
		reached, late := 0, time.After(time.Second)
		for reached < n-1 && late != nil {
			select {
			case <-got:
				reached++
			case <-late:
				late = nil
			}
		}
		if reached == n-1 {
			return nets, got
		}
	}
}
