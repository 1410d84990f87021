package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// TestEvents: a new block, a transaction and a reorganisation are events.
func TestEvents(t *testing.T) {
	s := play(t)
	ready, got := make(chan struct{}), make(chan rpc.Event, 256)
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Watch(ctx, func() { close(ready) }, func(e rpc.Event) error {
			got <- e
			return nil
		})
	}()
	<-ready
	next := func(kind string) rpc.Event {
		t.Helper()
		for {
			select {
			case e := <-got:
				if e.Event == kind {
					return e
				}
			case <-s.ctx.Done():
				t.Fatalf("no event %q", kind)
			}
		}
	}
	payment := pay(bob, chaingen.Output(s.toBob, 0), alice)
	s.send(payment)
	if e := next("tx"); e.TxID != payment.ID() {
		t.Errorf("transaction: %+v", e)
	}
	rival := s.branch(5).Mine("r6").Mine("r7")
	s.submit(rival.Parent.Block)
	if e := next("block"); e.Hash != rival.Parent.Hash || e.Active || e.Height != 6 || e.Prev != s.blocks[5] {
		t.Errorf("a block of a side branch: %+v", e)
	}
	s.submit(rival.Block)
	e := next("reorg")
	if e.Reorg == nil || e.Reorg.Depth != 1 || e.Reorg.To.Hash != rival.Hash || e.TimeMS == 0 {
		t.Errorf("reorganisation: %+v", e)
	}
	if e := next("tip"); e.Hash != rival.Hash || e.Height != 7 || e.Bits != "207fffff" {
		t.Errorf("tip: %+v", e)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("watching ended with %v", err)
	}
	s.until("the stream is free", func() bool { return len(s.server.streams) == 0 })
}

// TestWatchEnds: a watcher hears of the node's end, and its own error ends it.
func TestWatchEnds(t *testing.T) {
	w := start(t)
	ready, ended := make(chan struct{}), make(chan error, 1)
	// Not w.ctx, which ends with the node: then either could be the error.
	go func() { ended <- w.Watch(t.Context(), func() { close(ready) }, func(rpc.Event) error { return nil }) }()
	<-ready
	enough := errors.New("enough")
	second := make(chan struct{})
	var mining sync.WaitGroup
	mining.Go(func() {
		<-second
		if _, err := w.Generate(w.ctx, 1, w.address(alice)); err != nil {
			t.Error(err)
		}
	})
	if err := w.Watch(w.ctx, func() { close(second) }, func(rpc.Event) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a watcher's own error: %v", err)
	}
	mining.Wait()
	w.end()
	if err := <-ended; !errors.Is(err, rpc.ErrUnreachable) {
		t.Errorf("at the node's end: %v, want ErrUnreachable", err)
	}
}

func TestTooManyStreams(t *testing.T) {
	w := start(t)
	for range maxStreams {
		w.server.streams <- struct{}{}
	}
	if err := w.Watch(w.ctx, nil, func(rpc.Event) error { return nil }); err == nil {
		t.Error("one reader too many was let in")
	}
}

// TestMetrics: the figures are there, with the right values and units in their names.
func TestMetrics(t *testing.T) {
	s := play(t)
	side := s.branch(5).Mine("r6", s.toBob).Mine("r7")
	s.submit(side.Parent.Block)
	s.submit(side.Block)
	s.refused(rpc.CodeMethodNotFound, "", "nonsense")
	read := func() string {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(s.user, s.pass)
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v", resp.Status, err)
		}
		return string(text)
	}
	lines := []string{
		"toychain_chain_height_blocks 7", "toychain_miner_blocks_total 6", "toychain_peers 0",
		`toychain_reorg_payments_total{fate="reconfirmed"} 1`, `toychain_events_total{kind="reorg"} 1`,
		`toychain_rpc_duration_seconds_count{code="-32601",method=""} 1`, `toychain_rpc_duration_seconds_count{code="0",method="submitblock"} 2`,
	}
	var text string
	for len(lines) > 0 { // events are counted a moment after they happened
		s.until(lines[0], func() bool {
			text = read()
			return strings.Contains(text, "\n"+lines[0]+"\n")
		})
		lines = lines[1:]
	}
	for _, row := range regexp.MustCompile(`# TYPE (toychain_\w+) gauge`).FindAllStringSubmatch(text, -1) {
		name := row[1]
		if !regexp.MustCompile(`_(blocks|hashes|ratio|seconds|transactions|bytes|second|total|peers|blocked|streams|way|fingerprint)$`).MatchString(name) {
			t.Errorf("%s does not say its unit", name)
		}
	}
}

// TestTwoServers: two nodes in one process do not share a registry.
func TestTwoServers(t *testing.T) {
	a, b := start(t), start(t)
	a.mine(2, alice)
	if n, err := b.BlockCount(b.ctx); err != nil || n != block.Height(0) {
		t.Errorf("the other node is at %d, %v", n, err)
	}
}
