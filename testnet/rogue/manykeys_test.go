package rogue_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"toychain/internal/chaingen"
	"toychain/internal/longtest"
	"toychain/mempool"
	"toychain/node"
	"toychain/testnet/rogue"
)

// victimDir, if it is set, makes the test program a node with this directory: a process of its
// own, because memory is measured, and the floods come from this one.
const victimDir = "TOYCHAIN_TEST_VICTIM"

// reading is what the victim says about its memory, in bytes.
type reading struct {
	Addrs       []string
	Live, Whole int64 // at the peak since the last reading
}

// beVictim runs a node; for each line of standard input it writes a reading.
func beVictim(dir string) error {
	n, err := node.Open(node.Config{Params: chaingen.Network(), Pool: mempool.DefaultPolicy(), Version: "0.0.0", Threads: 1, Dir: dir})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	lines := bufio.NewScanner(os.Stdin)
	for {
		p := &peak{end: make(chan struct{}), ended: make(chan struct{}), live: heap()}
		go p.watch()
		more := lines.Scan()
		p.stop()
		if !more {
			cancel()
			return <-ended
		}
		if err := json.NewEncoder(os.Stdout).Encode(reading{n.Net().Addrs(), max(p.live, heap()), p.whole}); err != nil {
			return err
		}
	}
}

// victim starts a victim. The function returns a reading.
func victim(t *testing.T) func() reading {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	// A collection counts as in use what is allocated while it lasts: with GOGC=20 that is little.
	cmd.Env = append(os.Environ(), victimDir+"="+t.TempDir(), "GOGC=20")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	answers := json.NewDecoder(out)
	return func() (r reading) {
		t.Helper()
		if _, err := fmt.Fprintln(in); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// Each kind of flood comes from 64 keys at once, more than a node lets in: those beyond
// DefaultMaxIn take the places of others, which are evicted. A limit for each key would bound
// nothing.
func TestFloodsOfManyKeys(t *testing.T) {
	for _, row := range []struct {
		kind  rogue.Kind
		n     int // messages of each key
		short bool
	}{
		{rogue.HalfSent, 1, true}, {rogue.SlowReaders, 24, false}, {rogue.Streams, 48, true}, {rogue.OrphanBlocks, 2, true},
		{rogue.OrphanTxs, 8, false}, {rogue.Headers, 6000, false}, {rogue.SideBlocks, 16, false}, {rogue.InvalidBlocks, 16, false},
		{rogue.InvalidTxs, 16, false}, {rogue.GarbageGossip, 16, false}, {rogue.Garbage, 16, false}, {rogue.Claims, 12, false},
		{rogue.Requests, 16, false}, {rogue.HalfOpen, 8, false},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			if !row.short && !longtest.On() {
				t.Skip("it takes seconds for each kind; .ci/run runs it: TOYCHAIN_TEST_LONG=1")
			}
			w := newNet(t)
			look := victim(t)
			addrs := look().Addrs
			honest := w.nodeDialing(addrs)
			w.until("the honest node has joined", func() bool { return len(honest.Net().Peers()) == 1 })
			var keys []*rogue.Peer
			for range 64 {
				p, err := rogue.Join(w.ctx, rogue.Config{Params: w.params, Call: addrs})
				if err != nil {
					t.Fatal(err)
				}
				defer p.Leave()
				keys = append(keys, p)
			}
			if row.kind == rogue.SlowReaders {
				full, err := keys[0].MineFull(w.ctx, 16)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range keys {
					if p.Connected() == 0 { // evicted
						continue
					}
					if err := p.Follow(w.ctx, full[len(full)-1]); err != nil {
						t.Fatal(err)
					}
				}
			}
			look()
			before := look().Live
			var group sync.WaitGroup
			for _, p := range keys {
				group.Go(func() {
					if _, err := p.Flood(w.ctx, row.kind, row.n); err != nil && w.ctx.Err() != nil {
						t.Errorf("the flood has not ended: %v", err)
					}
				})
			}
			group.Wait()
			peak, most := look(), int64(64*mb)
			t.Logf("%d MB more in use at the peak, %d MB with garbage", (peak.Live-before)/mb, (peak.Whole-before)/mb)
			if peak.Live-before > most {
				t.Errorf("%d MB more in use than before, want at most %d", (peak.Live-before)/mb, most/mb)
			}
		})
	}
}
