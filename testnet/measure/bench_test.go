//go:build unix

package measure

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"toychain/testnet"
	"toychain/testnet/slo"
	"toychain/testnet/topology"
)

var sizes = flag.String("nodes", "4,10", "BenchmarkManyNodes: numbers of real nodes")

// BenchmarkManyNodes measures networks by their size: the time until all nodes are up and
// connected, the processor time and memory of an idle node, how fast a block spreads, and how
// long a healed network needs to agree.
//
//	go test -run '^$' -bench ManyNodes -benchtime 1x ./testnet/measure -nodes 4,10,20,50
func BenchmarkManyNodes(b *testing.B) {
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 || n > topology.MaxNodes {
			b.Fatalf("-nodes %s: want numbers from 2 to %d", *sizes, topology.MaxNodes)
		}
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			for b.Loop() {
				benchNodes(b, n)
			}
			b.ReportMetric(0, "ns/op") // it is mostly waiting for blocks
		})
	}
}

func benchNodes(b *testing.B, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	begun := time.Now()
	tn, err := testnet.Up(ctx, testnet.Config{Binary: program, Dir: b.TempDir(), Nodes: n, Network: "toy", Detach: true})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(begun).Seconds(), "start-s")
	defer func() {
		if err := tn.Down(context.WithoutCancel(ctx), true); err != nil {
			b.Error(err)
		}
	}()
	measureRest(ctx, b, tn, n)
	for i := range 20 { // from all around the circle
		mineOn(ctx, b, tn, topology.Name(i*7%n), 1)
		if err := tn.Settle(ctx); err != nil {
			b.Fatal(err)
		}
	}
	partAndHeal(ctx, b, tn)
	targets, err := slo.Parse("[propagation]\np50 = \"1s\"\np95 = \"1s\"\n[agreement]\np95 = \"1m\"")
	if err != nil {
		b.Fatal(err)
	}
	s, err := report(ctx, tn, targets, newMonitor())
	if err != nil {
		b.Fatal(err)
	}
	for i, unit := range []string{"prop-p50-ms", "prop-p95-ms", "heal-ms"} {
		if l := s.Levels[i]; l.MeasuredMS == nil {
			b.Errorf("%s: nothing measured: %+v", l.Name, l)
		} else {
			b.ReportMetric(*l.MeasuredMS, unit)
		}
	}
}

// measureRest measures the processor time and memory of idle nodes.
func measureRest(ctx context.Context, b *testing.B, tn *testnet.Testnet, n int) {
	const rest = 5 * time.Second
	before := cpuOf(b, tn)
	time.Sleep(rest) // what the nodes do in this time is what is measured
	b.ReportMetric(100*(cpuOf(b, tn)-before).Seconds()/rest.Seconds()/float64(n), "rest-cpu%/node")
	var memory []int64
	all, err := tn.Status(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range all {
		memory = append(memory, s.Memory)
	}
	slices.Sort(memory)
	b.ReportMetric(float64(memory[n/2])/(1<<20), "MiB/node")
	b.ReportMetric(float64(memory[n-1])/(1<<20), "max-MiB")
}

// partAndHeal partitions the network into halves that mine, and heals it.
func partAndHeal(ctx context.Context, b *testing.B, tn *testnet.Testnet) {
	names := tn.Names()
	if err := tn.Partition(ctx, [][]string{names[:len(names)/2], names[len(names)/2:]}); err != nil {
		b.Fatal(err)
	}
	mineOn(ctx, b, tn, names[0], 1)
	mineOn(ctx, b, tn, names[len(names)-1], 2)
	if err := tn.Settle(ctx); err != nil {
		b.Fatal(err)
	}
	if err := tn.Heal(ctx); err != nil {
		b.Fatal(err)
	}
	if err := tn.Settle(ctx); err != nil {
		b.Fatal(err)
	}
}

// cpuOf returns the processor time of all nodes; 0 if the system does not report it.
func cpuOf(b *testing.B, tn *testnet.Testnet) (sum time.Duration) {
	for _, n := range tn.Nodes() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.PID))
		if err != nil {
			return 0
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
			ticks, err := strconv.Atoi(f)
			if err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum
}

func mineOn(ctx context.Context, b *testing.B, tn *testnet.Testnet, name string, n int) {
	b.Helper()
	c, err := tn.Client(name)
	if err == nil {
		to, _ := testnet.MinerAddress(tn.Params(), 0)
		_, err = c.Generate(ctx, n, to)
	}
	if err != nil {
		b.Fatal(err)
	}
}
