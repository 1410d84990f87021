package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/peer"
	"toychain/pow"
)

// spaced returns n blocks on top of b that come so many seconds apart.
func spaced(b *chaingen.Block, name string, n, seconds int) []*chaingen.Block {
	var out []*chaingen.Block
	for i := range n {
		child := b.Template(fmt.Sprintf("%s%d", name, i))
		child.Header.Time = b.Header.Time + uint32(seconds)
		b = b.Follow(name, chaingen.Seal(child))
		out = append(out, b)
	}
	return out
}

func headersOf(blocks []*chaingen.Block) []block.Header {
	out := make([]block.Header, len(blocks))
	for i, b := range blocks {
		out[i] = b.Header
	}
	return out
}

func last(blocks []*chaingen.Block) *chaingen.Block { return blocks[len(blocks)-1] }

// hard returns a network, and a chain of blocks that has much more work than as many
// easy ones: two windows in a hurry, and then 300 blocks in good time.
func hard(t *testing.T) (*consensus.Params, []*chaingen.Block) {
	t.Helper()
	params := chaingen.Windowed(20)
	out := spaced(chaingen.Genesis(params), "h", 40, 1)
	out = append(out, spaced(last(out), "h", 300, 10)...)
	return params, out
}

// settled returns a world with one node that has these blocks.
func settled(t *testing.T, params *consensus.Params, blocks []*chaingen.Block) (*world, *testNode) {
	t.Helper()
	w := newWorldOf(t, params, 1)
	n := w.nodes[0]
	for _, b := range blocks {
		if err := w.give(n, BlockReceived{Block: b.Block}); err != nil {
			t.Fatal(err)
		}
	}
	return w, n
}

// showing answers for a peer that has these headers, and of the blocks those that it
// is given. other, if there is one, is what it shows from the second time on.
func showing(first, other []block.Header, bodies map[block.Hash]*block.Block) func(Effect) []Input {
	restarts := 0
	return func(f Effect) []Input {
		switch f := f.(type) {
		case RequestHeaders:
			headers := first
			if f.Locator[0] == first[0].Prev {
				restarts++ // the second pass begins at the fork, the first at our tip
			}
			if restarts > 0 && other != nil {
				headers = other
			}
			from := 0
			for _, hash := range f.Locator {
				if at := indexOf(headers, hash); at >= 0 {
					from = at + 1
					break
				}
			}
			return []Input{HeadersReceived{f.Peer, headers[from:min(from+peer.MaxHeaders, len(headers))]}, RequestDone{f.Peer, f, nil}}
		case RequestBlocks:
			var out []Input
			missing := &peer.MissingError{Peer: f.Peer}
			for _, id := range f.IDs {
				if b := bodies[id]; b != nil {
					out = append(out, BlockReceived{Peer: f.Peer, Block: b, Requested: true})
				} else {
					missing.IDs = append(missing.IDs, id)
				}
			}
			if len(missing.IDs) > 0 {
				return append(out, RequestDone{f.Peer, f, missing})
			}
			return append(out, RequestDone{f.Peer, f, nil})
		}
		return []Input{RequestDone{Peer: "liar", Request: f}}
	}
}

func indexOf(headers []block.Header, hash block.Hash) int {
	for i := range headers {
		if headers[i].Hash() == hash {
			return i
		}
	}
	return -1
}

// claims makes the liar known to n with the tip of a chain and the most work there is.
func (w *world) claims(n *testNode, id peer.ID, tip block.Hash) {
	w.t.Helper()
	s := peer.Status{Tip: tip, Height: 1_000_000}
	for i := range s.Work {
		s.Work[i] = 0xff
	}
	w.send(n, PeerJoined{id, true})
	w.send(n, PeerStatus{id, s})
	w.settle()
}

// blames demands that n blamed one peer, once.
func (n *testNode) blames(t *testing.T, id peer.ID, reason error) {
	t.Helper()
	if len(n.blamed) != 1 || n.blamed[0].Peer != id || !errors.Is(n.blamed[0].Reason, reason) {
		t.Fatalf("%s blames %d times, the first %v; want %s once, for %v", n.id, len(n.blamed), n.blamed[:min(1, len(n.blamed))], id, reason)
	}
}

// headers returns how many headers n keeps.
func (n *testNode) headers() int { return len(n.engine.Tree().Entries()) }

// A chain of little work is looked at and forgotten, and who claimed that it has more
// is blamed: our tip stands on 300 blocks of 32 tries and more, and 4,500 of 2 tries have
// less.
func TestLittleWorkIsNotKept(t *testing.T) {
	params, chain := hard(t)
	w, n := settled(t, params, chain)
	before := n.headers()
	cheap := headersOf(spaced(chaingen.Genesis(params), "c", 4500, 20))
	w.liar = showing(cheap, nil, nil)
	w.claims(n, "liar", cheap[4499].Hash())
	if got := n.headers(); got != before {
		t.Errorf("%d headers of little work were kept", got-before)
	}
	n.blames(t, "liar", errLowWork)
}

// A branch from far below that does have more work is found, though its first
// thousands of headers are easy ones: it is asked for twice.
func TestHeavyBranchFromFarBelow(t *testing.T) {
	params, blocks := hard(t)
	w, n := settled(t, params, blocks)
	branch := spaced(chaingen.Genesis(params), "b", 2020, 20)
	branch = append(branch, spaced(last(branch), "b", 40, 1)...)
	branch = append(branch, spaced(last(branch), "b", 300, 10)...)
	if last(branch).State.Work.Cmp(last(blocks).State.Work) <= 0 {
		t.Fatal("the branch has less work: no test")
	}
	bodies := make(map[block.Hash]*block.Block)
	for _, b := range branch {
		bodies[b.Hash] = b.Block
	}
	asks := 0
	answer := showing(headersOf(branch), nil, bodies)
	w.liar = func(f Effect) []Input {
		if _, ok := f.(RequestHeaders); ok {
			asks++
		}
		return answer(f)
	}
	w.claims(n, "peer", last(branch).Hash)
	if got := n.engine.Tree().Tip().Hash; got != last(branch).Hash {
		t.Errorf("tip %s, want %s: the branch with more work", got, last(branch).Hash)
	}
	if len(n.blamed) > 0 {
		t.Errorf("an honest peer is blamed: %v", n.blamed)
	}
	if asks < 4 { // twice for each of two answers
		t.Errorf("headers were asked for %d times: the branch was kept unseen", asks)
	}
}

// An honest peer whose branch grows between the two passes is not penalized.
func TestBranchGrowsMeanwhile(t *testing.T) {
	params, blocks := hard(t)
	w, n := settled(t, params, blocks)
	branch := spaced(chaingen.Genesis(params), "b", 2020, 20)
	branch = append(branch, spaced(last(branch), "b", 40, 1)...)
	branch = append(branch, spaced(last(branch), "b", 300, 10)...)
	bodies := make(map[block.Hash]*block.Block)
	for _, b := range branch {
		bodies[b.Hash] = b.Block
	}
	short := branch[:len(branch)-20]
	if last(short).State.Work.Cmp(last(blocks).State.Work) <= 0 {
		t.Fatal("the branch has less work: no test")
	}
	w.liar = showing(headersOf(short), headersOf(branch), bodies)
	w.claims(n, "peer", last(branch).Hash)
	if tip := n.engine.Tree().Tip(); tip.Hash != last(branch).Hash || len(n.blamed) > 0 {
		t.Errorf("the tip is at %d, the best header at %d of %d; penalized: %v", tip.Height, n.engine.Tree().BestHeader().Height, len(branch), n.blamed)
	}
}

// A peer that has the work that it claimed is not penalized because our tip has more by now.
func TestOvertakenInPresync(t *testing.T) {
	params, blocks := hard(t)
	w, n := settled(t, params, blocks)
	w.liar = func(Effect) []Input { return nil }
	w.claims(n, "p", block.Hash{1})
	p, tip := n.engine.peers["p"], n.engine.Tree().Tip()
	p.presync = &presync{fork: params.Genesis.Hash(), end: consensus.Genesis(params)}
	branch := spaced(chaingen.Genesis(params), "c", 500, 20)
	p.work = last(branch).State.Work
	if _, err := n.engine.continuePresync(p, headersOf(branch), &tip); Classify(err) != NotNow {
		t.Errorf("it is penalized: %v", err)
	}
	p.presync = &presync{fork: params.Genesis.Hash(), end: consensus.Genesis(params)}
	if _, err := n.engine.continuePresync(p, headersOf(branch[:499]), &tip); Classify(err) != Invalid {
		t.Errorf("with less than it claimed: %v", err)
	}
}

// Who shows a chain of much work, and on the second way another of little, makes us
// keep no more headers than it showed.
func TestOtherHeadersTheSecondTime(t *testing.T) {
	params, blocks := hard(t)
	w, n := settled(t, params, blocks)
	before := n.headers()
	shown := spaced(chaingen.Genesis(params), "s", 2020, 20)
	shown = append(shown, spaced(last(shown), "s", 40, 1)...)
	shown = append(shown, spaced(last(shown), "s", 300, 10)...)
	cheap := headersOf(spaced(chaingen.Genesis(params), "c", 4500, 20))
	w.liar = showing(headersOf(shown), cheap, nil)
	w.claims(n, "liar", last(shown).Hash)
	if got := n.headers() - before; got > len(shown) {
		t.Errorf("%d headers were kept, %d were shown", got, len(shown))
	}
	n.blames(t, "liar", errLowWork)
}

// Headers with more work than everybody's chain, whose blocks nobody has, hold up
// nothing: who showed them is blamed, the honest peer's chain is fetched, and so are
// its payments.
func TestHollowHeaders(t *testing.T) {
	w := newWorld(t, 1)
	honest := w.nodes[0]
	w.mine(honest, 110)
	fresh := w.add("fresh")
	hollow := make([]block.Header, 0, 500)
	s := consensus.Genesis(w.params)
	for range 500 {
		hollow = append(hollow, nextHeader(t, &s))
	}
	w.liar = showing(hollow, nil, nil)
	w.claims(fresh, "liar", s.Hash)
	fresh.blames(t, "liar", errLowWork)
	if got := fresh.engine.Tree().BestHeader().Height; got != 500 {
		t.Fatalf("the best header is at %d, want the liar's 500: no test", got)
	}
	pay := w.payment(honest, honest, w.coins(honest)[0], 1000)
	if err := w.give(honest, TxReceived{Tx: pay}); err != nil {
		t.Fatal(err)
	}
	w.connect(fresh, honest)
	w.settle()
	w.agree(honest, fresh)
	if !fresh.engine.Pool().Has(pay.ID()) {
		t.Error("the pool was never asked for")
	}
	w.mine(honest, 3)
	w.agree(honest, fresh)
}

// The same with an honest chain that takes several answers to show: none of them leads
// to a better header than the liar's, and yet they are no idle ones.
func TestHollowHeadersAndALongChain(t *testing.T) {
	w := newWorld(t, 1)
	honest := w.nodes[0]
	w.mine(honest, peer.MaxHeaders+300)
	fresh := w.add("fresh")
	var hollow []block.Header
	for s := consensus.Genesis(w.params); len(hollow) < 2*peer.MaxHeaders; {
		hollow = append(hollow, nextHeader(t, &s))
	}
	w.liar = showing(hollow, nil, nil)
	w.claims(fresh, "liar", hollow[len(hollow)-1].Hash())
	w.send(fresh, PeerLeft{"liar"})
	w.connect(fresh, honest)
	w.settle()
	w.agree(honest, fresh)
	for _, b := range fresh.blamed {
		if b.Peer != "liar" {
			t.Errorf("the honest peer is blamed: %v", b.Reason)
		}
	}
	if len(fresh.blamed) == 0 {
		t.Error("nobody is blamed")
	}
}

// nextHeader mines a header on s and moves s to it.
func nextHeader(t *testing.T, s *consensus.State) block.Header {
	t.Helper()
	h := block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(), Time: s.Header.Time + 600,
		MerkleRoot: block.Hash{byte(s.Height), byte(s.Height >> 8), 7}}
	solve(t, &h)
	next, err := s.ApplyHeader(&h)
	if err != nil {
		t.Fatal(err)
	}
	*s = next
	return h
}

// Branches near the tip that are better than nothing may be shown, but not for ever:
// whoever claims more and sends one such header after the other is blamed, and so is
// who sends them by the thousand.
func TestIdleHeaders(t *testing.T) {
	for each, most := range map[int]int{1: maxUselessHeaders, peer.MaxHeaders: headersAhead + peer.MaxHeaders} {
		w := newWorld(t, 1)
		n := w.nodes[0]
		w.mine(n, 10)
		if each > 1 { // a chain that is better, so that the others never are
			better := consensus.Genesis(w.params)
			var hs []block.Header
			for len(hs) < peer.MaxHeaders+100 {
				hs = append(hs, nextHeader(t, &better))
			}
			if err := w.give(n, HeadersReceived{Headers: hs}); err != nil {
				t.Fatal(err)
			}
		}
		before, answers := n.headers(), uint32(0)
		w.liar = func(f Effect) []Input {
			ask, ok := f.(RequestHeaders)
			if !ok {
				return []Input{RequestDone{Peer: "liar", Request: f}}
			}
			answers++
			s := consensus.Genesis(w.params)
			var branch []block.Header
			for len(branch) < each {
				s.Header.Time += answers // another branch each time
				branch = append(branch, nextHeader(t, &s))
			}
			return []Input{HeadersReceived{ask.Peer, branch}, RequestDone{ask.Peer, f, nil}}
		}
		w.claims(n, "liar", block.Hash{1})
		n.blames(t, "liar", errLowWork)
		if got := n.headers() - before; got != most+each {
			t.Errorf("%d at a time: %d headers were kept, want one answer above %d", each, got, most)
		}
	}
}

// Of headers without blocks no more than headersAhead (and one answer) are kept of
// one peer: it is asked for more when the blocks have come.
func TestHeadersAhead(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	hs := make([]block.Header, 0, headersAhead+3*peer.MaxHeaders)
	for s := consensus.Genesis(w.params); len(hs) < cap(hs); {
		hs = append(hs, nextHeader(t, &s))
	}
	answer := showing(hs, nil, nil)
	w.liar = func(f Effect) []Input {
		if _, ok := f.(RequestBlocks); ok {
			return nil // still on their way
		}
		return answer(f)
	}
	w.claims(n, "liar", hs[len(hs)-1].Hash())
	got := n.headers()
	if got <= headersAhead || got > headersAhead+peer.MaxHeaders+1 {
		t.Errorf("%d headers are kept, want one answer above %d", got, headersAhead)
	}
	w.claims(n, "liar", hs[len(hs)-1].Hash()) // once more
	if n.headers() != got {
		t.Errorf("%d more headers for saying it again", n.headers()-got)
	}
}

// Blocks that nobody asked for, and that start far below the tip or are far above it,
// are not kept; at the edge they are.
func TestTooFar(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.mine(n, maxSideDepth+5)
	tree := n.engine.Tree()
	side := func(at block.Height) *block.Block {
		hash, _ := tree.At(at)
		info, _ := tree.Info(hash)
		return childOf(t, &info.State, "side")
	}
	tip := tree.Tip().Height
	if err := w.give(n, BlockReceived{Peer: "p", Block: side(tip - maxSideDepth - 1)}); !errors.Is(err, ErrTooFar) {
		t.Errorf("a branch one block too deep: %v", err)
	}
	if err := w.give(n, BlockReceived{Peer: "p", Block: side(tip - maxSideDepth)}); err != nil {
		t.Errorf("a branch at the edge: %v", err)
	}
	if err := w.give(n, BlockReceived{Block: side(tip - maxSideDepth - 1)}); err != nil {
		t.Errorf("a deep block of our own user: %v", err)
	}
	s := tree.Tip()
	var above []*block.Block
	for range maxSideDepth + 1 {
		b := childOf(t, &s, "up")
		if err := n.engine.tree.AddHeader(&b.Header, w.now); err != nil {
			t.Fatal(err)
		}
		s, _ = s.ApplyHeader(&b.Header)
		above = append(above, b)
	}
	if err := w.give(n, BlockReceived{Peer: "p", Block: above[maxSideDepth]}); !errors.Is(err, ErrTooFar) {
		t.Errorf("a block %d above the tip: %v", maxSideDepth+1, err)
	}
	if err := w.give(n, BlockReceived{Peer: "p", Block: above[maxSideDepth-1]}); err != nil {
		t.Errorf("a block %d above the tip: %v", maxSideDepth, err)
	}
}

// childOf mines an empty block on s.
func childOf(t *testing.T, s *consensus.State, message string) *block.Block {
	t.Helper()
	b := &block.Block{
		Header: block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(), Time: s.MedianTime() + 1},
		Txs: []*block.Tx{{Version: 1,
			Inputs: []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal,
				Script: block.CoinbaseScript(s.Height+1, 0, message)}},
			Outputs: []block.Output{{Script: block.PubKeyHashScript([20]byte{1})}}}},
	}
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	solve(t, &b.Header)
	return b
}

// orphanOf is a block of about this size whose parent nobody knows.
func orphanOf(t *testing.T, number byte, size int) *block.Block {
	t.Helper()
	b := childOf(t, &consensus.State{Params: consensus.Regtest(), Header: block.Header{Bits: consensus.Regtest().Limit}}, "orphan")
	b.Header.Prev = block.Hash{number, 0xaa}
	b.Txs[0].Outputs = append(b.Txs[0].Outputs, make([]block.Output, size/9)...)
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	solve(t, &b.Header)
	return b
}

// Orphan blocks are bounded by their bytes, too, and the oldest leave first.
func TestOrphanBytesAreBounded(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	const size = 900_000
	room := maxOrphanBytes / size
	for i := range room + 5 {
		if err := w.give(n, BlockReceived{Peer: "p", Block: orphanOf(t, byte(i), size)}); !errors.Is(err, consensus.ErrNoParent) {
			t.Fatalf("orphan %d: %v", i, err)
		}
	}
	sum := 0
	for _, o := range n.engine.orphans {
		sum += len(o.raw)
	}
	if len(n.engine.orphans) != room || sum != n.engine.orphanBytes || sum > maxOrphanBytes {
		t.Errorf("%d orphans of %d bytes, %d by count; want %d, at most %d bytes", len(n.engine.orphans), sum, n.engine.orphanBytes, room, maxOrphanBytes)
	}
	if got := n.engine.orphans[0].prev[0]; got != 5 {
		t.Errorf("the oldest orphan is number %d, want 5", got)
	}
}

// An orphan that is faulty in itself takes up no room, and who sent it is blamed.
func TestFaultyOrphan(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	b := orphanOf(t, 1, 0)
	b.Txs[0].Outputs[0].Value++ // not what its header commits to
	if err := w.give(n, BlockReceived{Peer: "p", Block: b}); !errors.Is(err, consensus.BadMerkleRoot) {
		t.Errorf("answer %v, want %s", err, consensus.BadMerkleRoot)
	}
	if len(n.engine.orphans) != 0 || len(n.blamed) != 1 {
		t.Errorf("%d orphans, blamed %v", len(n.engine.orphans), n.blamed)
	}
}

// A claim of less than our tip's work lets nobody start a branch far below.
func TestDeepHeadersWithoutAClaim(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.mine(n, maxSideDepth+5)
	before := n.headers()
	s := consensus.Genesis(w.params)
	h := nextHeader(t, &s)
	w.give(n, PeerJoined{"p", true})
	if err := w.give(n, HeadersReceived{"p", []block.Header{h}}); !errors.Is(err, ErrTooFar) {
		t.Errorf("answer %v, want %v", err, ErrTooFar)
	}
	if n.headers() != before || n.engine.peers["p"].work != (pow.Work{}) {
		t.Errorf("%d headers were kept", n.headers()-before)
	}
}

// Of side blocks that we did not request, eight MB are kept at once, and again in a minute; from
// one peer, four. One
// that we requested, one of our own user, one with more work than our tip, and one that is on
// our chain already are not counted; and a branch whose block was refused wins all the same.
func TestSideBudget(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.mine(n, 5)
	tree := n.engine.Tree()
	const size = 900_000
	big := func(s *consensus.State, message string) *block.Block {
		b := childOf(t, s, message)
		b.Txs[0].Outputs = append(b.Txs[0].Outputs, make([]block.Output, size/9)...)
		b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
		solve(t, &b.Header)
		return b
	}
	stateOf := func(hash block.Hash) *consensus.State {
		info, _ := tree.Info(hash)
		return &info.State
	}
	at, _ := tree.At(3)
	kept := func(in BlockReceived) bool {
		t.Helper()
		err := w.give(n, in)
		if err != nil && !errors.Is(err, ErrSideBudget) {
			t.Fatal(err)
		}
		return err == nil
	}
	one := maxPeerSideBytes / (size + 100)
	w.give(n, PeerJoined{Peer: "one"})
	for i := range one + 1 {
		if kept(BlockReceived{Peer: "one", Block: big(stateOf(at), fmt.Sprint("one ", i))}) != (i < one) {
			t.Fatalf("block %d of one peer: kept or not, want %d of them", i, one)
		}
	}
	room := maxSideBytes/(size+100) - one
	for i := range room {
		if !kept(BlockReceived{Peer: peer.ID(fmt.Sprint(i % 3)), Block: big(stateOf(at), fmt.Sprint(i))}) {
			t.Fatalf("block %d of %d is refused", i, room)
		}
	}
	refused := big(stateOf(at), "one more")
	if kept(BlockReceived{Peer: "another", Block: refused}) || len(n.blamed) != 0 {
		t.Errorf("one more is kept, or blamed: %v", n.blamed)
	}
	if !kept(BlockReceived{Peer: "p", Block: big(stateOf(at), "requested"), Requested: true}) || !kept(BlockReceived{Block: big(stateOf(at), "ours")}) {
		t.Error("a requested block, or our own, is counted")
	}
	best := big(stateOf(tree.Tip().Hash), "best")
	if !kept(BlockReceived{Peer: "p", Block: best}) {
		t.Error("a block with more work than the tip is counted")
	}
	if err := w.give(n, BlockReceived{Peer: "p", Block: best}); !errors.Is(err, chain.ErrKnown) {
		t.Errorf("a block of our chain: %v", err)
	}
	w.now = w.now.Add(time.Minute)
	if !kept(BlockReceived{Peer: "p", Block: refused}) || !kept(BlockReceived{Peer: "p", Block: big(stateOf(at), "later")}) {
		t.Error("after a minute there is no room again")
	}
}
