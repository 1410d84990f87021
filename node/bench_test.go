//go:build unix

package node

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/peer"
)

// circle starts so many nodes in this process, each connected to four neighbours on either side, as
// far as there are so many, and returns when they are.
func circle(b *testing.B, count int) (nodes []*Node) {
	ctx, cancel := context.WithCancel(b.Context())
	ended, dir := make(chan error, count), b.TempDir() // before the cleanup, which comes first
	b.Cleanup(func() {
		cancel()
		for range nodes {
			if err := <-ended; err != nil {
				b.Error(err)
			}
		}
	})
	for i := range count {
		n, err := Open(Config{Params: consensus.Regtest(), Dir: filepath.Join(dir, fmt.Sprint(i)),
			Pool: mempool.DefaultPolicy(), Version: "0.0.0", Threads: 1})
		if err != nil {
			b.Fatal(err)
		}
		go func() { ended <- n.Run(ctx) }()
		nodes = append(nodes, n)
	}
	for i, n := range nodes {
		for d := 1; d <= 4 && d < count; d++ {
			if err := n.Net().Keep(nodes[(i+d)%count].Net().Addrs()[0]); err != nil {
				b.Fatal(err)
			}
		}
	}
	for deadline := time.After(time.Minute); ; {
		joined := 0
		for _, n := range nodes {
			for _, p := range n.Net().Peers() {
				if p.Joined && n.Net().Reaches(p.ID) {
					joined++
				}
			}
		}
		if joined >= count*min(8, count-1) {
			return nodes
		}
		select {
		case <-deadline:
			b.Fatalf("%d of %d are connected", joined, count*min(8, count-1))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// processorTime returns what this process has used.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRest is what nodes at rest take of a core, all in one process: a second each time. In processes of their own
// they take more.
func BenchmarkRest(b *testing.B) {
	for _, count := range []int{2, 10, 50} {
		b.Run(fmt.Sprintf("nodes=%d", count), func(b *testing.B) {
			circle(b, count)
			<-time.After(10 * time.Second) // they look for more peers
			before, begun := processorTime(b), time.Now()
			for b.Loop() {
				<-time.After(time.Second)
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(time.Since(begun))*100, "%core")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkEmptyBlock is the processor time that an empty block costs a node in a network, from
// mining until all nodes have it and have told each other.
func BenchmarkEmptyBlock(b *testing.B) {
	for _, count := range []int{2, 10, 50} {
		b.Run(fmt.Sprintf("nodes=%d", count), func(b *testing.B) {
			nodes := circle(b, count)
			<-time.After(10 * time.Second)
			all := map[block.Hash]int{}
			tips := make(chan block.Hash, 64*count)
			for _, n := range nodes {
				events := n.Watch(b.Context())
				go func() {
					for ev := range events {
						if ev.Kind == engine.TipChanged {
							tips <- ev.Tip.Hash
						}
					}
				}()
			}
			before, i := processorTime(b), 0
			for b.Loop() {
				found, err := nodes[i*7%count].Generate(b.Context(), 1, []byte{0x6a}, 0)
				if err != nil {
					b.Fatal(err)
				}
				for i++; all[found[0]] < count; {
					all[<-tips]++
				}
			}
			<-time.After(100 * time.Millisecond)
			b.ReportMetric(float64(processorTime(b)-before)/float64(i*count)/1e3, "cpu-µs/node")
		})
	}
}

// BenchmarkHeal is the time from the end of a partition until all nodes agree: every second node is cut from the
// others, one side mines 100 blocks and the other 50. It also prints the connections of a node before the first
// partition and after the heals, when they are no longer too many.
func BenchmarkHeal(b *testing.B) {
	for _, count := range []int{2, 10, 25, 50} {
		b.Run(fmt.Sprintf("nodes=%d", count), func(b *testing.B) {
			nodes := circle(b, count)
			<-time.After(5 * time.Second) // they look for more peers
			before := connections(nodes)
			var agreed, used time.Duration
			for b.Loop() {
				took, cpu := healOnce(b, nodes)
				agreed, used = agreed+took, used+cpu
				<-time.After(2 * time.Second)
			}
			b.ReportMetric(float64(agreed.Milliseconds())/float64(b.N), "ms/agree")
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N)/float64(count), "cpu-ms/node")
			b.ReportMetric(before, "peers-before")
			b.ReportMetric(connections(nodes), "peers-after")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// connections returns how many peers a node has on average.
func connections(nodes []*Node) float64 {
	total := 0
	for _, n := range nodes {
		total += len(n.Net().Peers())
	}
	return float64(total) / float64(len(nodes))
}

// healOnce cuts the network in two, lets each side mine, and returns how long the nodes took to agree after the heal.
func healOnce(b *testing.B, nodes []*Node) (took, cpu time.Duration) {
	var sides [2][]peer.ID
	for i, n := range nodes {
		sides[i%2] = append(sides[i%2], n.Net().ID())
	}
	for i, n := range nodes {
		if err := n.Net().SetBlocklist(sides[1-i%2]); err != nil {
			b.Fatal(err)
		}
	}
	best := mineOn(b, nodes, 0, 100)
	mineOn(b, nodes, 1, 50)
	<-time.After(idleAfter + time.Second) // each has the memory of all collected when it comes to rest
	begun, used := time.Now(), processorTime(b)
	for _, n := range nodes {
		if err := n.Net().SetBlocklist(nil); err != nil {
			b.Fatal(err)
		}
	}
	waitTips(b, nodes, best)
	return time.Since(begun), processorTime(b) - used
}

// mineOn mines on one side of a partition, and returns the tip when all nodes of that side have it.
func mineOn(b *testing.B, nodes []*Node, side, count int) block.Hash {
	var mine []*Node
	for i := side; i < len(nodes); i += 2 {
		mine = append(mine, nodes[i])
	}
	found, err := mine[0].Generate(b.Context(), count, []byte{0x6a}, 0)
	if err != nil {
		b.Fatal(err)
	}
	tip := found[len(found)-1]
	waitTips(b, mine, tip)
	return tip
}

func waitTips(b *testing.B, nodes []*Node, tip block.Hash) {
	for deadline := time.After(2 * time.Minute); ; {
		behind := 0
		for _, n := range nodes {
			if err := n.Look(b.Context(), func(e *engine.Engine) {
				if e.Tree().Tip().Hash != tip {
					behind++
				}
			}); err != nil {
				b.Fatal(err)
			}
		}
		if behind == 0 {
			return
		}
		select {
		case <-deadline:
			b.Fatalf("%d nodes have another tip", behind)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
