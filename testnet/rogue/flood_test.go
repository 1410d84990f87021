package rogue_test

import (
	"context"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/internal/longtest"
	"toychain/node"
	"toychain/testnet/rogue"
)

const mb = 1 << 20

// floods has, for each kind, how many messages make a flood, whether it breaks a rule, so that
// the rogue must be banned, and how much memory may be held while it lasts and after it. The
// bound follows from the limit that is named; slack is for both nodes, the rogue and libp2p.
const slack = 24 * mb

var floods = []struct {
	kind   rogue.Kind
	n      int
	breaks bool
	most   int64 // bytes, above slack
	limit  string
}{
	{rogue.OrphanBlocks, 200, false, 4 * mb, "maxOrphanBytes"},
	{rogue.OrphanTxs, 200, false, 3 * 100 * 90_000, "DefaultMaxOrphans, of at most 100 KB each"},
	{rogue.Headers, 6000, true, 500 * 6000, "nothing of a chain of little work is kept"},
	{rogue.SideBlocks, 200, false, 4 * 8 * mb, "maxSideBytes, then ignored"},
	{rogue.InvalidBlocks, 300, true, 0, "the first is the last"},
	{rogue.InvalidTxs, 300, true, 0, "the first is the last"},
	{rogue.GarbageGossip, 300, true, 0, "the first is the last"},
	{rogue.Garbage, 48, true, 0, "the first is the last"},
	{rogue.Claims, 60, true, 0, "one status is kept of each peer; emptyClaims are its last"},
	{rogue.Requests, 300, false, 0, "an answer is in memory once, a block of it at a time"},
	{rogue.HalfOpen, 500, false, 500 * 64 << 10, "maxHandshakes"},
	{rogue.Streams, 200, false, 48 * 256 << 10, "maxStreams, a window of 256 KB each"},
	{rogue.HalfSent, 40, false, 14 * mb, "maxMemory, without what others have reserved"},
	{rogue.SlowReaders, 200, false, 12 * 2 * mb, "maxSyncStreams, one block of 1 MB and a window each"},
}

// Each flood goes through a whole node: LevelDB, engine, gossip, sync. While it lasts an honest
// peer's blocks arrive and memory is bounded; a rogue whose flood breaks a rule is banned; and a
// new node can join and synchronise.
func TestFloods(t *testing.T) {
	for _, f := range floods {
		t.Run(string(f.kind), func(t *testing.T) {
			if f.kind != rogue.Claims { // of which some are lost, and the others must suffice
				f.n /= longtest.Pick(4, 1)
			}
			w := newNet(t)
			victim, honest := w.pair()
			w.at(w.mine(honest, 5)[4], victim)
			p := w.liar(victim)
			if f.kind == rogue.SlowReaders {
				full, err := p.MineFull(w.ctx, longtest.Pick(4, 16))
				if err != nil {
					t.Fatal(err)
				}
				w.at(full[len(full)-1], victim, honest)
			}
			before := heap()
			peak := watchMemory(t)
			sent := w.flood(p, f.kind, f.n, victim, honest)
			peak.within(t, before, f.most+slack+judged(sent)+sent.Bytes, f.limit)
			w.shrinks(before, f.most+slack, f.limit)
			if f.breaks {
				if err := p.Refused(w.ctx); err != nil {
					t.Error(err)
				}
			}
			if got := banned(victim, p.ID()); got != f.breaks {
				t.Errorf("the rogue is banned: %v, want %v", got, f.breaks)
			}
			if !joined(victim, honest) || len(victim.Net().Banned()) > 1 {
				t.Error("the honest peer was dropped")
			}
			late := w.node(victim)
			w.at(w.mine(victim, 1)[0], honest, late)
		})
	}
	for _, k := range rogue.Kinds {
		if !tested(k) {
			t.Errorf("no row for a flood of %s", k)
		}
	}
}

// flood has the rogue flood, and the honest node mine one block after the other: each must reach
// the victim.
func (w *net) flood(p *rogue.Peer, kind rogue.Kind, n int, victim, honest *node.Node) (f rogue.Flooded) {
	w.t.Helper()
	begun := time.Now()
	ended := make(chan error, 1)
	go func() {
		var err error
		f, err = p.Flood(w.ctx, kind, n)
		ended <- err
	}()
	blocks, slowest := 0, time.Duration(0)
	for {
		slowest = max(slowest, w.race(honest, victim))
		blocks++
		select {
		case err := <-ended:
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Logf("%d of %d sent, %d KB, in %v; meanwhile %d honest blocks arrived, each in at most %v",
				f.Sent, n, f.Bytes>>10, time.Since(begun).Round(time.Millisecond), blocks, slowest.Round(time.Millisecond))
			return f
		default:
		}
	}
}

// judged is how much memory the messages may take that wait for a verdict or are half received
// (of maxMemory in p2p), and what else is allocated while a collection lasts.
// Those of the rogue are on top: it is in this process too, and gossip keeps for a second what
// it sends.
func judged(f rogue.Flooded) int64 { return min(40*mb, (32*(1+4)+256)*f.Bytes/max(1, int64(f.Sent))) }

// shrinks waits until no more than most bytes above before are in use. Gossip frees what it
// remembers after a few seconds.
func (w *net) shrinks(before, most int64, limit string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	for {
		grown := heap() - before
		if grown <= most {
			w.t.Logf("%d KB more memory than before, at most %d", grown>>10, most>>10)
			return
		}
		select {
		case <-ctx.Done():
			w.t.Errorf("%d KB more memory than before, at most %d (%s)", grown>>10, most>>10, limit)
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// peak samples the memory of this process until stop, and keeps the maximum.
type peak struct {
	end, ended chan struct{}

	live  int64 // that a collection found to be in use
	whole int64 // with garbage that was not collected yet
}

func watchMemory(t *testing.T) *peak {
	p := &peak{end: make(chan struct{}), ended: make(chan struct{})}
	go p.watch()
	t.Cleanup(p.stop)
	return p
}

func (p *peak) watch() {
	defer close(p.ended)
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(sample)
		p.live = max(p.live, int64(sample[0].Value.Uint64()))
		p.whole = max(p.whole, int64(sample[1].Value.Uint64()))
		select {
		case <-tick.C:
		case <-p.end:
			return
		}
	}
}

func (p *peak) stop() {
	select {
	case <-p.ended:
	default:
		close(p.end)
		<-p.ended
	}
}

// within compares the peak with before plus most bytes. There may be as much garbage again: Go
// collects when the heap has doubled.
func (p *peak) within(t *testing.T, before, most int64, limit string) {
	t.Helper()
	p.stop()
	t.Logf("at the peak %d KB more memory in use, at most %d; %d KB with garbage, at most %d", (p.live-before)>>10, most>>10, p.whole>>10, 2*(before+most)>>10)
	if p.live > before+most || p.whole > 2*(before+most) {
		t.Errorf("at the peak %d KB more memory in use than before, at most %d (%s); %d KB with garbage, at most %d",
			(p.live-before)>>10, most>>10, limit, p.whole>>10, 2*(before+most)>>10)
	}
}

func tested(k rogue.Kind) bool {
	for _, f := range floods {
		if f.kind == k {
			return true
		}
	}
	return false
}

// race has one node mine a block and returns how long it takes to reach the other.
func (w *net) race(from, to *node.Node) time.Duration {
	w.t.Helper()
	begun := time.Now()
	tip := w.mine(from, 1)[0]
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		var has bool
		if err := to.Look(ctx, func(e *engine.Engine) { has = e.Tree().Tip().Hash == tip }); err != nil {
			w.t.Fatalf("block %s of the honest peer never came: %v", block.Hash(tip).Short(), err)
		}
		if has {
			return time.Since(begun)
		}
		<-again.C
	}
}

// heap returns how many bytes are in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
