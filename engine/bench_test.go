package engine

import (
	"fmt"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
)

// BenchmarkCatchingUp: one status of a peer while bodies are missing and in flight, by how
// many are missing.
func BenchmarkCatchingUp(b *testing.B) {
	for _, missing := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("missing=%d", missing), func(b *testing.B) {
			chain := chaingen.Genesis(consensus.Regtest()).MineEmpty("", missing).Chain()[1:]
			e := New(chaingen.NewDisk().MustOpen(consensus.Regtest()), mempool.New(mempool.DefaultPolicy()), "/bench/")
			status := PeerStatus{"p", peer.Status{Tip: chain[missing-1].Hash, Height: block.Height(missing), Work: chain[missing-1].State.Work.Bytes()}}
			inputs := []Input{PeerJoined{Peer: "p"}, status}
			for at := 0; at < missing; at += peer.MaxHeaders {
				headers := make([]block.Header, 0, peer.MaxHeaders)
				for _, c := range chain[at:min(at+peer.MaxHeaders, missing)] {
					headers = append(headers, c.Header)
				}
				inputs = append(inputs, HeadersReceived{"p", headers})
			}
			for _, in := range inputs {
				if _, err := e.Step(today, in); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := e.Step(today.Add(time.Second), status); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
