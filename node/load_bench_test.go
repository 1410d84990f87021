//go:build unix

package node

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// run runs a node on a directory until the function that it returns is called.
func run(b *testing.B, dir string) (*Node, func()) {
	n, err := Open(Config{Params: consensus.Regtest(), Dir: dir, Pool: mempool.DefaultPolicy(), Version: "0.0.0", Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	return n, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkImport is what a block of a file of empty blocks costs.
func BenchmarkImport(b *testing.B) {
	line := chaingen.Genesis(consensus.Regtest()).MineEmpty("", 10_000).Chain()[1:]
	var blocks []*block.Block
	for _, b := range line {
		blocks = append(blocks, b.Block)
	}
	for _, count := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("blocks=%d", count), func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				n, stop := run(b, filepath.Join(b.TempDir(), "regtest"))
				for from := 0; from < count; from += 100 {
					if _, err := n.SubmitBlocks(b.Context(), blocks[from:from+100]); err != nil {
						b.Fatal(err)
					}
				}
				stop()
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N*count)/1e3, "cpu-µs/block")
		})
	}
}

// BenchmarkRestoreMempool is how long a node takes to restore what was pending when it stopped,
// and the longest that a reader waits meanwhile.
func BenchmarkRestoreMempool(b *testing.B) {
	for _, count := range []int{1000, 5000, 20_000} {
		b.Run(fmt.Sprintf("pending=%d", count), func(b *testing.B) {
			dir := filepath.Join(b.TempDir(), "regtest")
			base, left, _ := branches(count/100, 100)
			n, stop := run(b, dir)
			give(b, n, base)
			for _, block := range left {
				for _, tx := range block.Txs[1:] {
					if err := n.SubmitTx(b.Context(), tx); err != nil {
						b.Fatal(err)
					}
				}
			}
			stop()
			var longest time.Duration
			for b.Loop() {
				n, stop := run(b, dir)
				for !n.MempoolLoaded() {
					asked := time.Now()
					if err := n.Look(b.Context(), func(*engine.Engine) {}); err != nil {
						b.Fatal(err)
					}
					longest = max(longest, time.Since(asked))
					<-time.After(time.Millisecond)
				}
				if got := n.pendingCount(b); got != count {
					b.Fatalf("%d are pending, want %d", got, count)
				}
				b.StopTimer()
				stop()
				b.StartTimer()
			}
			b.ReportMetric(float64(longest)/1e6, "longest-ms")
		})
	}
}

func (n *Node) pendingCount(b *testing.B) (count int) {
	if err := n.Look(b.Context(), func(e *engine.Engine) { count = len(e.Pool().IDs()) }); err != nil {
		b.Fatal(err)
	}
	return count
}
