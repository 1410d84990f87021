//go:build unix

package testnet

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

	"toychain/testnet/slo"
)

var (
	manyNodes = flag.Int("many", 12, "TestManyNodes: how many real nodes, 11 or more")
	sizes     = flag.String("nodes", "4,10", "BenchmarkManyNodes: numbers of real nodes")
)

// TestManyNodes: a network that is too large for everybody to know everybody comes up, mines, is
// cut through the middle, and agrees again. The full house of the promise takes half a
// minute on two busy cores:
//
//	go test -run TestManyNodes ./testnet -many 50
//
// All together they try 100,000 hashes a second: of fifty nodes each 2,000.
func TestManyNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("a dozen processes, under the race detector too much")
	}
	realNodes(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	n := *manyNodes
	tn, err := Up(ctx, Config{Dir: t.TempDir(), Nodes: n, Network: "toy", Hashrate: 100_000 / float64(n), Mine: true, Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(context.WithoutCancel(ctx), true); err != nil {
			t.Error(err)
		}
	})
	left, right := tn.Names()[:n/2], tn.Names()[n/2:]
	if planned := len(tn.pairs(tn.Names())); planned >= n*(n-1)/2 {
		t.Errorf("-many %d: everybody is to know everybody", n)
	}
	for _, s := range statusOf(ctx, t, tn) {
		if len(s.Peers) < neighbours || !s.Mining {
			t.Errorf("%s has %d peers, mines %v; want %d at least, and that it does", s.Name, len(s.Peers), s.Mining, neighbours)
		}
	}
	waitFor(ctx, t, tn, tn.Names(), 2)
	if err := tn.Partition(ctx, [][]string{left, right}); err != nil {
		t.Fatal(err)
	}
	// By hand as well, so that nobody waits for luck; the right side more, so that it wins.
	mineOn(ctx, t, tn, right[0], 3)
	mineOn(ctx, t, tn, left[0], 1)
	waitFor(ctx, t, tn, left, 1)
	if a, b := tipsOf(ctx, t, tn, left), tipsOf(ctx, t, tn, right); slices.ContainsFunc(a, func(tip string) bool { return slices.Contains(b, tip) }) {
		t.Errorf("cut, but a tip is on both sides: %v, %v", a, b)
	}
	if err := tn.Heal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, s := range statusOf(ctx, t, tn) {
		const most = 48 << 20 // TARGETS: no more than Bitcoin Core, at rest; this one is busy
		if s.Memory > most {
			t.Errorf("%s holds %d MiB, want %d at most", s.Name, s.Memory>>20, most>>20)
		}
	}
}

// statusOf waits until every node has answered.
func statusOf(ctx context.Context, t testing.TB, tn *Testnet) (all []NodeStatus) {
	t.Helper()
	err := poll(ctx, func() (_ bool, err error) {
		all, err = tn.Status(ctx)
		return !slices.ContainsFunc(all, func(s NodeStatus) bool { return s.Error != "" }), err
	})
	if err != nil {
		t.Fatalf("%+v: %v", all, err)
	}
	return all
}

// waitFor waits until each of the nodes is so many blocks higher than now.
func waitFor(ctx context.Context, t testing.TB, tn *Testnet, names []string, blocks int) {
	t.Helper()
	first := map[string]int{}
	err := poll(ctx, func() (bool, error) {
		all, err := tn.Status(ctx)
		done := err == nil
		for _, s := range all {
			if !slices.Contains(names, s.Name) {
				continue
			}
			if s.Error != "" {
				done = false // too busy to answer in time
				continue
			}
			if _, seen := first[s.Name]; !seen {
				first[s.Name] = int(s.Height)
			}
			done = done && int(s.Height) >= first[s.Name]+blocks
		}
		return done, err
	})
	if err != nil {
		t.Fatalf("waiting for %d blocks on %s: %v", blocks, nodeList(names, "…"), err)
	}
}

func tipsOf(ctx context.Context, t testing.TB, tn *Testnet, names []string) (out []string) {
	for _, s := range statusOf(ctx, t, tn) {
		if slices.Contains(names, s.Name) {
			out = append(out, s.Tip.String())
		}
	}
	return out
}

func mineOn(ctx context.Context, t testing.TB, tn *Testnet, name string, n int) {
	t.Helper()
	c, err := tn.Client(name)
	if err == nil {
		to, _ := tn.minerAddress(0)
		_, err = c.Generate(ctx, n, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkManyNodes tells what a network costs by its size: the time until all nodes are up and
// connected, what a node does and holds while nothing happens, how fast a block gets around, and
// how long a healed network needs to agree.
//
//	go test -run '^$' -bench ManyNodes -benchtime 1x ./testnet -nodes 4,10,20,50
func BenchmarkManyNodes(b *testing.B) {
	b.Setenv("TESTNET_NODE", "real")
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 || n > MaxNodes {
			b.Fatalf("-nodes %s: want numbers from 2 to %d", *sizes, MaxNodes)
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
	tn, err := Up(ctx, Config{Dir: b.TempDir(), Nodes: n, Network: "toy", Detach: true})
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
		mineOn(ctx, b, tn, nodeName(i*7%n), 1)
		if err := tn.Settle(ctx); err != nil {
			b.Fatal(err)
		}
	}
	partAndHeal(ctx, b, tn)
	targets, err := slo.Parse("[propagation]\np50 = \"1s\"\np95 = \"1s\"\n[agreement]\np95 = \"1m\"")
	if err != nil {
		b.Fatal(err)
	}
	s, err := tn.report(ctx, targets, newLookout())
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

// measureRest tells what the nodes do and hold while nothing happens.
func measureRest(ctx context.Context, b *testing.B, tn *Testnet, n int) {
	const rest = 5 * time.Second
	before := cpuOf(b, tn)
	time.Sleep(rest) // a measurement, not a wait
	b.ReportMetric(100*(cpuOf(b, tn)-before).Seconds()/rest.Seconds()/float64(n), "rest-cpu%/node")
	var memory []int64
	for _, s := range statusOf(ctx, b, tn) {
		memory = append(memory, s.Memory)
	}
	slices.Sort(memory)
	b.ReportMetric(float64(memory[n/2])/(1<<20), "MiB/node")
	b.ReportMetric(float64(memory[n-1])/(1<<20), "max-MiB")
}

// partAndHeal cuts the network in halves that mine, and heals it.
func partAndHeal(ctx context.Context, b *testing.B, tn *Testnet) {
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

// cpuOf returns how long the nodes have been computing in all. Where the system does
// not tell, nothing.
func cpuOf(b *testing.B, tn *Testnet) (sum time.Duration) {
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
