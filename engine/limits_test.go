package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
)

// limits_test.go at the top of the module names the test for each limit. Here are
// those of the engine, each at its edge, in virtual time.

// behind returns a world in which a node knows the headers of n blocks and has none of
// them, and what it asked a peer who has all of them.
func behind(t *testing.T, n int) (w *world, fresh *testNode, asked []RequestBlocks) {
	t.Helper()
	w = newWorld(t, 1)
	honest := w.nodes[0]
	w.mine(honest, n)
	fresh = w.add("fresh")
	w.liar = func(f Effect) []Input {
		switch f := f.(type) {
		case RequestHeaders:
			hs := honest.engine.Tree().HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)
			return []Input{HeadersReceived{f.Peer, hs}, RequestDone{f.Peer, f, nil}}
		case RequestBlocks:
			asked = append(asked, f)
		}
		return nil
	}
	w.send(fresh, PeerJoined{"peer", false})
	w.send(fresh, PeerStatus{"peer", honest.engine.Status()})
	w.settle()
	return w, fresh, asked
}

// One peer is asked for 16 blocks at once, and for more when half of them are here.
func TestBlocksInFlight(t *testing.T) {
	w, fresh, asked := behind(t, 60)
	if len(asked) != 1 || len(asked[0].IDs) != 16 {
		t.Fatalf("asked %d times, first for %d blocks; want once, for 16", len(asked), len(asked[0].IDs))
	}
	more := 0
	w.liar = func(f Effect) []Input {
		if f, ok := f.(RequestBlocks); ok {
			more += len(f.IDs)
		}
		return nil
	}
	for i, id := range asked[0].IDs[:8] {
		if more != 0 {
			t.Fatalf("%d more were asked for after %d had come", more, i)
		}
		b, err := w.nodes[0].engine.Tree().Block(id)
		if err != nil {
			t.Fatal(err)
		}
		w.give(fresh, BlockReceived{Peer: "peer", Block: b, Requested: true})
	}
	if more != 8 {
		t.Errorf("%d more were asked for after 8 had come, want 8", more)
	}
}

// Bodies are asked for up to 1,024 above the last complete block, however many peers
// have them.
func TestBlockWindow(t *testing.T) {
	w, fresh, asked := behind(t, 1100)
	seen := make(map[block.Hash]bool)
	for _, a := range asked {
		for _, id := range a.IDs {
			seen[id] = true
		}
	}
	w.liar = func(f Effect) []Input {
		if f, ok := f.(RequestBlocks); ok {
			for _, id := range f.IDs {
				if seen[id] {
					t.Fatal("a block was asked for twice")
				}
				seen[id] = true
			}
		}
		return nil
	}
	for i := range 80 { // 80 times 16 is more than the window
		id := peer.ID([]byte{'p', byte(i)})
		w.send(fresh, PeerJoined{id, false})
		w.send(fresh, PeerStatus{id, w.nodes[0].engine.Status()})
		w.settle()
	}
	if len(seen) != blockWindow {
		t.Errorf("%d blocks were asked for, want %d", len(seen), blockWindow)
	}
	if last, _ := w.nodes[0].engine.Tree().At(blockWindow); !seen[last] {
		t.Errorf("block %d was not asked for", blockWindow)
	}
}

// A peer that is asked and stays silent is given 2 seconds, then 4, 8 … 64, and then
// it is dropped, and not a moment sooner.
func TestStall(t *testing.T) {
	w, fresh, _ := behind(t, 5)
	dropped := func() bool {
		effects, err := fresh.engine.Step(w.now, Tick{})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(effects, func(f Effect) bool { d, ok := f.(Disconnect); return ok && d.Peer == "peer" })
	}
	p := fresh.engine.peers["peer"]
	for _, want := range []time.Duration{2, 4, 8, 16, 32, 64} {
		want *= time.Second
		if p.stall != want {
			t.Fatalf("it is given %v, want %v", p.stall, want)
		}
		p.notFound = make(map[block.Hash]bool) // nobody else has it: ask again
		fresh.engine.Step(w.now, PeerStatus{"peer", w.nodes[0].engine.Status()})
		if p.inFlight != 5 {
			t.Fatalf("%d in flight, want 5", p.inFlight)
		}
		w.now = p.lastDelivery.Add(want)
		if dropped() || p.inFlight != 5 {
			t.Fatalf("given up after exactly %v", want)
		}
		w.now = w.now.Add(1)
		if got := dropped(); got != (want == maxStall) || p.inFlight != 0 {
			t.Errorf("after %v and a moment: dropped %v, %d in flight", want, got, p.inFlight)
		}
	}
}

// A peer that is asked for headers and says nothing is dropped after 64 seconds.
func TestHeadersStall(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.liar = func(Effect) []Input { return nil }
	w.claims(n, "silent", block.Hash{1})
	asked := n.engine.peers["silent"].headersAsked
	if asked.IsZero() {
		t.Fatal("it was never asked")
	}
	for _, more := range []time.Duration{0, 1} {
		wait, want := 64*time.Second+more, more > 0
		effects, err := n.engine.Step(asked.Add(wait), Tick{})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(effects, func(f Effect) bool { _, ok := f.(Disconnect); return ok }); got != want {
			t.Errorf("after %v: dropped %v, want %v", wait, got, want)
		}
	}
}

// A full answer of 2,000 headers means that there is more; one of 1,999 does not.
func TestFullAnswerAsksOn(t *testing.T) {
	for count, want := range map[int]bool{1999: false, 2000: true} {
		w := newWorld(t, 1)
		n := w.nodes[0]
		var hs []block.Header
		for s := consensus.Genesis(w.params); len(hs) < count; {
			hs = append(hs, nextHeader(t, &s))
		}
		w.give(n, PeerJoined{"p", false})
		w.liar = func(Effect) []Input { return nil }
		if err := w.give(n, HeadersReceived{"p", hs}); err != nil {
			t.Fatal(err)
		}
		if got := !n.engine.peers["p"].headersAsked.IsZero(); got != want {
			t.Errorf("after %d headers: asked for more %v, want %v", count, got, want)
		}
	}
}

// Ten claims in a row of more work than there is, with nothing to show, are suffered;
// with something to show in between, more.
func TestEmptyClaims(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	asked := 0
	var show []block.Header
	w.liar = func(f Effect) []Input {
		if ask, ok := f.(RequestHeaders); ok {
			asked++
			answer := show
			show = nil
			return []Input{HeadersReceived{ask.Peer, answer}, RequestDone{ask.Peer, f, nil}}
		}
		return []Input{RequestDone{Peer: "liar", Request: f}}
	}
	for range 10 {
		w.claims(n, "liar", block.Hash{1})
	}
	if asked != 10 || len(n.blamed) != 0 {
		t.Fatalf("asked %d times for 10 claims, blamed %v", asked, n.blamed)
	}
	s := consensus.Genesis(w.params)
	show = []block.Header{nextHeader(t, &s)}
	w.claims(n, "liar", block.Hash{1}) // asked twice: there may be more
	for range 9 {
		w.claims(n, "liar", block.Hash{1})
	}
	if len(n.blamed) != 0 {
		t.Fatalf("blamed for ten after it had shown something: %v", n.blamed)
	}
	w.claims(n, "liar", block.Hash{1})
	n.blames(t, "liar", errLowWork)
}

// Who sends orphan blocks is asked for headers, too, but claims nothing: it is not
// blamed for having none.
func TestOrphansAreNoClaims(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	asked := 0
	w.liar = func(f Effect) []Input {
		if ask, ok := f.(RequestHeaders); ok {
			asked++
			return []Input{HeadersReceived{ask.Peer, nil}, RequestDone{ask.Peer, f, nil}}
		}
		return []Input{RequestDone{Peer: "p", Request: f}}
	}
	w.give(n, PeerJoined{"p", true})
	for i := range maxEmptyClaims + 5 {
		w.give(n, BlockReceived{Peer: "p", Block: orphanOf(t, byte(i), 0)})
	}
	if asked <= maxEmptyClaims || len(n.blamed) != 0 {
		t.Errorf("asked %d times, blamed %v", asked, n.blamed)
	}
}

// A branch from far below whose headers never come to our work is followed for a
// million headers.
func TestHeadersShown(t *testing.T) {
	for shown, want := range map[int]bool{maxPresyncHeaders - peer.MaxHeaders - 1: true, maxPresyncHeaders - peer.MaxHeaders: false} {
		params, blocks := hard(t)
		w, n := settled(t, params, blocks)
		w.liar = func(Effect) []Input { return nil }
		w.claims(n, "p", block.Hash{1})
		p, tip := n.engine.peers["p"], n.engine.Tree().Tip()
		p.presync = &presync{fork: params.Genesis.Hash(), end: consensus.Genesis(params), count: shown}
		cheap := headersOf(spaced(chaingen.Genesis(params), "c", peer.MaxHeaders, 20))
		keep, err := n.engine.continuePresync(p, cheap, &tip)
		if keep != nil || (err == nil) != want || err != nil && !errors.Is(err, errLowWork) {
			t.Errorf("after %d headers: keep %v, %v", shown+len(cheap), keep, err)
		}
	}
}

// While blocks come in, at most 500 of them, or 4 MB, are in memory alone.
func TestFlushes(t *testing.T) {
	w, fresh, asked := behind(t, flushBlocks+100)
	tree := w.nodes[0].engine.Tree()
	most := 0
	for i := 0; i < len(asked); i++ {
		w.liar = func(f Effect) []Input {
			if f, ok := f.(RequestBlocks); ok {
				asked = append(asked, f)
			}
			return nil
		}
		for _, id := range asked[i].IDs {
			b, err := tree.Block(id)
			if err != nil {
				t.Fatal(err)
			}
			w.give(fresh, BlockReceived{Peer: "peer", Block: b, Requested: true})
			blocks, bytes := fresh.engine.Tree().Unflushed()
			if most = max(most, blocks); blocks >= flushBlocks || bytes >= flushBytes {
				t.Fatalf("%d blocks of %d bytes are not on disk", blocks, bytes)
			}
		}
	}
	w.agree(w.nodes[0], fresh)
	if most != flushBlocks-1 {
		t.Errorf("at most %d blocks waited, want %d", most, flushBlocks-1)
	}
	if blocks, _ := fresh.engine.Tree().Unflushed(); blocks != 0 {
		t.Errorf("%d blocks still wait when all are here", blocks)
	}
}

// A peer's pool is asked for 500 at a time, if it is the answer to a question.
func TestTxsPerAsk(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.give(n, PeerJoined{"p", false})
	for count, want := range map[int][]int{0: nil, 500: {500}, 501: {500, 1}} {
		ids := make([]block.Hash, count)
		for i := range ids {
			ids[i] = block.Hash{byte(i), byte(i >> 8), 1}
		}
		n.engine.peers["p"].mempool = mempoolRequested
		for _, want := range [][]int{want, nil} {
			effects, err := n.engine.Step(w.now, MempoolReceived{"p", ids})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, f := range effects {
				if ask, ok := f.(RequestTxs); ok {
					got = append(got, len(ask.IDs))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d pending: asked for %v, want %v", count, got, want)
			}
		}
	}
}

// A peer that sends orphans, never answers what it is asked for, and goes from branch
// to branch, has eight requests under way for their parents, and its pool is asked for
// once.
func TestTxAsks(t *testing.T) {
	w := newWorld(t, 2)
	n, other := w.nodes[0], w.nodes[1]
	w.mine(n, 1)
	w.partition([]*testNode{n}, []*testNode{other})
	left := w.mine(n, 1)[0]
	right, err := other.engine.Tree().Block(w.mine(other, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	w.give(n, BlockReceived{Block: right})
	pools, txs := 0, 0
	w.liar = func(f Effect) []Input { // no answer, ever
		switch f.(type) {
		case RequestMempool:
			pools++
		case RequestTxs:
			txs++
		}
		return nil
	}
	w.give(n, PeerJoined{"p", true})
	for i := range 100 {
		s := n.engine.Status()
		if s.Tip = left; i%2 == 1 {
			s.Tip = right.Hash()
		}
		w.give(n, PeerStatus{"p", s})
		tx := &block.Tx{Version: 2,
			Inputs:  []block.Input{{Prev: block.Outpoint{TxID: block.Hash{byte(i), 7}}, Sequence: block.SequenceFinal}},
			Outputs: []block.Output{{Value: block.Coin, Script: n.script()}}}
		w.give(n, TxReceived{Peer: "p", Tx: tx})
	}
	if pools != 1 || txs != 8 {
		t.Errorf("asked %d times for its pool, %d times for parents; want 1 and 8", pools, txs)
	}
	w.give(n, RequestDone{Peer: "p", Request: RequestMempool{"p"}})
	for range 8 {
		w.give(n, RequestDone{Peer: "p", Request: RequestTxs{Peer: "p"}})
	}
	if n.engine.peers["p"].txRequests != 0 || pools > 2 {
		t.Errorf("%d requests are under way when all have ended, its pool was asked for %d times", n.engine.peers["p"].txRequests, pools)
	}
}

// The default pool keeps 100 orphan transactions, and the engine no more.
func TestOrphanTxs(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	for i := range 101 {
		tx := &block.Tx{Version: 2,
			Inputs:  []block.Input{{Prev: block.Outpoint{TxID: block.Hash{byte(i), 7}}, Sequence: block.SequenceFinal}},
			Outputs: []block.Output{{Value: block.Coin, Script: n.script()}}}
		if err := w.give(n, TxReceived{Peer: "p", Tx: tx}); !errors.Is(err, mempool.ErrOrphan) {
			t.Fatalf("orphan %d: %v", i, err)
		}
	}
	if got := n.engine.Pool().Orphans(); got != 100 {
		t.Errorf("%d orphans, want 100", got)
	}
}

// What gossip lost is found: one of the peers is asked for its pool after ten seconds, each in
// its turn, and the next after twice as long while they have nothing new, up to 80 seconds.
func TestPoolIsAskedForAgain(t *testing.T) {
	w := newWorld(t, 3)
	n1, n2 := w.nodes[0], w.nodes[1]
	n3 := w.nodes[2]
	w.mine(n1, 102)
	w.blocked = func(m message) bool { _, tx := m.in.(TxReceived); return tx }
	tx := w.payment(n1, n2, w.coins(n1)[0], 1000)
	if err := w.give(n1, TxReceived{Tx: tx}); err != nil {
		t.Fatal(err)
	}
	w.blocked = nil
	asked := func(n *testNode) (whom []peer.ID) {
		t.Helper()
		effects, err := n.engine.Step(w.now.Add(n.fast), Tick{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range effects {
			if ask, ok := f.(RequestMempool); ok {
				whom = append(whom, ask.Peer)
			}
			w.perform(n, Tick{}, f, false)
		}
		w.settle()
		return whom
	}
	w.now = n2.engine.mempoolAsked.Add(10*time.Second - time.Millisecond)
	if whom := asked(n2); whom != nil {
		t.Errorf("before ten seconds have passed: asked %v", whom)
	}
	var turns []peer.ID
	wait := 10 * time.Second
	for range 7 {
		w.now = n2.engine.mempoolAsked.Add(wait - time.Millisecond)
		early := asked(n2)
		w.now = n2.engine.mempoolAsked.Add(wait)
		lacked := !n2.engine.Pool().Has(tx.ID())
		whom := asked(n2)
		if again := asked(n2); len(early) != 0 || len(whom) != 1 || again != nil {
			t.Fatalf("before %s %v is asked, then %v, and then %v", wait, early, whom, again)
		}
		wait = min(2*wait, 80*time.Second)
		if lacked && n2.engine.Pool().Has(tx.ID()) {
			wait = 10 * time.Second
		}
		turns = append(turns, whom...)
		if whom[0] == n1.id && !n2.engine.Pool().Has(tx.ID()) {
			t.Error("n1 was asked, and the payment is not here")
		}
	}
	if turns[0] == turns[1] || turns[0] != turns[2] || turns[1] != turns[3] || wait != 80*time.Second {
		t.Errorf("asked in this order: %v", turns)
	}
	if !n3.engine.Pool().Has(tx.ID()) {
		t.Error("n2 found the payment and did not tell n3")
	}
	// A newcomer may know what the others do not.
	w.give(n2, PeerJoined{Peer: "newcomer"})
	w.now = n2.engine.mempoolAsked.Add(10 * time.Second)
	if whom := asked(n2); len(whom) != 1 {
		t.Errorf("ten seconds after a newcomer %v is asked", whom)
	}
	w.give(n2, PeerLeft{Peer: "newcomer"})
	// A clock that was put back puts nobody off.
	n2.fast = -time.Hour
	w.give(n2, ClockSet{})
	turns = nil
	for _, wait := range []time.Duration{10 * time.Second, 20 * time.Second} {
		w.now = w.now.Add(wait)
		turns = append(turns, asked(n2)...)
	}
	if len(turns) != 2 || turns[0] == turns[1] {
		t.Errorf("after the clock was put back: asked in this order: %v", turns)
	}
}
