package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// BenchmarkConnections is how many calls a second are answered over so many connections, each of
// which calls again when it has its answer. A refused call and a closed connection count nothing.
func BenchmarkConnections(b *testing.B) {
	for _, count := range []int{64, 256, 1000} {
		b.Run(fmt.Sprintf("connections=%d", count), func(b *testing.B) {
			w := start(b)
			w.server.conns.limit(maxConns, maxStrangers)
			var answered, refused, closed atomic.Int64
			for b.Loop() {
				ctx, cancel := context.WithTimeout(b.Context(), 3*time.Second)
				var group sync.WaitGroup
				for range count {
					group.Go(func() {
						for ctx.Err() == nil {
							w.caller(ctx, &answered, &refused)
							closed.Add(1)
						}
					})
				}
				group.Wait()
				cancel()
			}
			b.ReportMetric(float64(answered.Load())/3/float64(b.N), "calls/s")
			b.ReportMetric(float64(refused.Load()), "refused")
			b.ReportMetric(float64(closed.Load()-int64(count*b.N)), "closed")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// caller calls over one connection until that is closed or ctx ends.
func (w *world) caller(ctx context.Context, answered, refused *atomic.Int64) {
	c, err := net.Dial("tcp", w.server.Addr())
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	const ask = `{"id":1,"method":"getblockcount"}`
	request, r := w.head(len(ask))+ask, bufio.NewReader(c)
	for {
		if _, err := io.WriteString(c, request); err != nil {
			return
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return
		}
		if resp.StatusCode == http.StatusOK {
			answered.Add(1)
		} else {
			refused.Add(1)
		}
	}
}

// full mines a block with as many payments as it holds, and returns its hash.
func (w *world) full() block.Hash {
	const payments = 5000
	tip := chaingen.Genesis(w.params).MineEmpty("", 20)
	coin := tip.Chain()[1].Reward()
	each := coin.Coin.Value/payments - 1
	outs := make([]block.Output, payments)
	for i := range outs {
		outs[i] = chaingen.Miner.To(each)
	}
	fan := chaingen.Miner.Pay([]consensus.UTXO{coin}, outs...)
	tip = tip.Mine("fan", fan)
	var txs []*block.Tx
	for i, size := 0, 1000; i < payments; i++ {
		tx := chaingen.Miner.Pay([]consensus.UTXO{chaingen.Output(fan, i)}, chaingen.Miner.To(each/2), alice.To(each/2-1000))
		if size += tx.Size(); size > consensus.MaxBlockSize {
			break
		}
		txs = append(txs, tx)
	}
	tip = tip.Mine("full", txs...)
	for _, b := range tip.Chain()[1:] {
		if err := w.node.SubmitBlock(w.ctx, b.Block); err != nil {
			w.t.Fatal(err)
		}
	}
	return tip.Hash
}

// BenchmarkFullBlocks is what a full block with all its transactions costs, asked for by so many
// clients at once, each once: the time until all have it, what is allocated for each, and the
// most that is alive.
func BenchmarkFullBlocks(b *testing.B) {
	w := start(b)
	w.server.conns.limit(maxConns, maxStrangers)
	ask := fmt.Sprintf(`{"id":1,"method":"getblock","params":["%s",2]}`, w.full())
	for _, count := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("clients=%d", count), func(b *testing.B) {
			var most, failed atomic.Int64
			alive := func() int64 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return int64(m.HeapAlloc)
			}
			runtime.GC()
			before := alive()
			b.ReportAllocs()
			for b.Loop() {
				done := make(chan struct{})
				var group, watch sync.WaitGroup
				watch.Go(func() {
					for {
						select {
						case <-done:
							return
						case <-time.After(5 * time.Millisecond):
							most.Store(max(most.Load(), alive()))
						}
					}
				})
				for range count {
					group.Go(func() {
						c, err := net.Dial("tcp", w.server.Addr())
						if err != nil {
							failed.Add(1)
							return
						}
						defer c.Close()
						io.WriteString(c, w.head(len(ask))+ask)
						resp, err := http.ReadResponse(bufio.NewReader(c), nil)
						if err == nil {
							_, err = io.Copy(io.Discard, resp.Body)
						}
						if err != nil || resp.StatusCode != http.StatusOK {
							failed.Add(1)
						}
					})
				}
				group.Wait()
				close(done)
				watch.Wait()
			}
			b.ReportMetric(float64(most.Load()-before)/(1<<20), "MiB-most")
			b.ReportMetric(float64(failed.Load()), "failed")
		})
	}
}
