package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/peer"
)

// story leads four engines through the whole main job: payments, a cut, the same
// coin spent on both sides, a heal.
func story(t *testing.T) *world {
	w := newWorld(t, 4)
	n1, n2, n3, n4 := w.nodes[0], w.nodes[1], w.nodes[2], w.nodes[3]
	w.mine(n1, 1)   // alice's coin
	w.mine(n2, 1)   // dave's coin
	w.mine(n3, 101) // both mature
	w.agree(n1, n2, n3, n4)

	alice, dave := w.coins(n1)[0], w.coins(n2)[0]
	w.partition([]*testNode{n1, n2}, []*testNode{n3, n4})
	toBob := w.payment(n1, n2, alice, 1000)
	toCarol := w.payment(n1, n3, alice, 2000)
	fromDave := w.payment(n2, n1, dave, 1000)
	for _, p := range []struct {
		at *testNode
		tx *block.Tx
	}{{n1, toBob}, {n2, fromDave}, {n3, toCarol}} {
		if err := w.give(p.at, TxReceived{Tx: p.tx}); err != nil {
			t.Fatal(err)
		}
	}
	//            ┌── L1 ── L2            n1 n2
	//   … ── 103 ┤
	//            └── R1 ── R2 ── R3      n3 n4
	left := w.mine(n1, 2)
	right := w.mine(n4, 3)
	w.agree(n1, n2)
	w.agree(n3, n4)
	if n1.engine.Tree().Tip().Hash == n3.engine.Tree().Tip().Hash {
		t.Fatal("the cut does not cut")
	}
	w.heal()
	w.agree(n1, n2, n3, n4)
	if got := n1.engine.Tree().Tip().Hash; got != right[2] {
		t.Fatalf("tip %s, want the right side's %s", got, right[2])
	}

	for _, n := range []*testNode{n1, n2} {
		reorgs, err := n.db.Reorgs(0)
		if err != nil || len(reorgs) != 1 {
			t.Fatalf("%s: %d reorganisations (%v), want 1", n.id, len(reorgs), err)
		}
		r := reorgs[0]
		if r.Depth() != 2 || r.Left[0].Hash != left[0] || r.Left[1].Hash != left[1] || len(r.Joined) != 3 {
			t.Errorf("%s: left %v, joined %v", n.id, r.Left, r.Joined)
		}
		if len(r.Conflicted) != 1 || r.Conflicted[0] != (chain.Conflicted{TxID: toBob.ID(), By: toCarol.ID()}) {
			t.Errorf("%s: conflicted %v, want alice's payment to bob", n.id, r.Conflicted)
		}
		if len(r.Returned) != 1 || r.Returned[0] != fromDave.ID() {
			t.Errorf("%s: returned %v, want dave's payment", n.id, r.Returned)
		}
	}
	for _, n := range w.nodes { // dave's payment waits again, also where it never was
		if !n.engine.Pool().Has(fromDave.ID()) || n.engine.Pool().Has(toBob.ID()) {
			t.Errorf("%s: pool %v, want only dave's payment %s", n.id, n.engine.Pool().IDs(), fromDave.ID())
		}
	}
	w.mine(n3, 1)
	w.agree(n1, n2, n3, n4)
	for _, n := range w.nodes {
		if n.engine.Pool().Len() != 0 {
			t.Errorf("%s: %d payments still wait", n.id, n.engine.Pool().Len())
		}
		places, err := n.db.TxPlaces(fromDave.ID())
		if err != nil || len(places) == 0 {
			t.Errorf("%s: dave's payment is nowhere (%v)", n.id, err)
		}
	}
	return w
}

// agree demands one tip and one coin set of all.
func (w *world) agree(nodes ...*testNode) {
	w.t.Helper()
	first, err := nodes[0].db.CoinStats()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range nodes[1:] {
		a, b := nodes[0].engine.Tree().Tip(), n.engine.Tree().Tip()
		if a.Hash != b.Hash {
			w.t.Fatalf("%s is at %d %s, %s at %d %s", nodes[0].id, a.Height, a.Hash, n.id, b.Height, b.Hash)
		}
		stats, err := n.db.CoinStats()
		if err != nil || stats != first {
			w.t.Fatalf("coins of %s %+v, of %s %+v (%v)", nodes[0].id, first, n.id, stats, err)
		}
	}
}

func TestSplitAndHealByHand(t *testing.T) { story(t) }

// The same inputs give the same effects and the same bytes.
func TestSameStorySameBytes(t *testing.T) {
	a, b := story(t), story(t)
	if x, y := a.log.String(), b.log.String(); x != y {
		t.Fatalf("two runs differ: %s", firstDifference(x, y))
	}
	for i := range a.nodes {
		x, y := dump(t, a.nodes[i]), dump(t, b.nodes[i])
		if x != y {
			t.Fatalf("%s: two runs store different bytes: %s", a.nodes[i].id, firstDifference(x, y))
		}
	}
}

// dump writes down all that a node has stored.
func dump(t *testing.T, n *testNode) string {
	t.Helper()
	var out strings.Builder
	for _, e := range n.engine.Tree().Entries() {
		hash := e.Header.Hash()
		b, err := n.engine.Tree().Block(hash)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%+v %x\n", e, b.Bytes())
	}
	reorgs, err := n.db.Reorgs(0)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := n.db.CoinStats()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%+v\n%+v\n", reorgs, stats)
	return out.String()
}

func firstDifference(x, y string) string {
	a, b := strings.Split(x, "\n"), strings.Split(y, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, a[i], b[i])
		}
	}
	return "one is longer"
}

// A node that starts empty gets headers first and then bodies, from all peers
// that have them.
func TestCatchUpFromSeveralPeers(t *testing.T) {
	w := newWorld(t, 3)
	w.mine(w.nodes[0], 150)
	fresh := w.add("fresh")
	asked := make(map[string]int)
	w.blocked = func(m message) bool {
		if got, ok := m.in.(BlockReceived); ok && m.to == fresh && got.Requested {
			asked[string(got.Peer)]++
		}
		return false
	}
	for _, n := range w.nodes[:3] {
		w.connect(fresh, n)
	}
	w.settle()
	w.agree(w.nodes...)
	if len(asked) != 3 {
		t.Errorf("bodies came from %v, want all three peers", asked)
	}
	total := 0
	for _, n := range asked {
		total += n
	}
	if total != 150 {
		t.Errorf("%d bodies were sent for 150 blocks", total)
	}
}

// Many blocks at once are answered one by one, written as one, and announced as one.
func TestManyBlocks(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	hashes := w.mine(n, 5)
	fresh := w.add("fresh")
	var blocks []*block.Block
	for _, h := range hashes {
		b, err := n.engine.Tree().Block(h)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	bad := *blocks[2]
	bad.Txs = nil
	given := []*block.Block{blocks[0], blocks[4], &bad, blocks[1], blocks[1], blocks[2], blocks[3]}
	effects, err := fresh.engine.Step(w.now, BlocksSubmitted{given})
	if err != nil {
		t.Fatal(err)
	}
	var answers []Class
	var announced []block.Hash
	for _, f := range effects {
		switch f := f.(type) {
		case Result:
			answers = append(answers, Classify(f.Err))
		case PublishBlock:
			t.Errorf("block %s is published", f.Block.Hash())
		case Announce:
			announced = append(announced, f.Status.Tip)
		}
	}
	if !slices.Equal(announced, hashes[4:]) {
		t.Errorf("the tips %s were announced, want %s", announced, hashes[4])
	}
	if want := []Class{OK, NotNow, Invalid, OK, NotNow, OK, OK}; !slices.Equal(answers, want) {
		t.Errorf("answers %v, want %v", answers, want)
	}
	_, tip, err := fresh.db.Load()
	if err != nil || tip != hashes[4] {
		t.Errorf("on disk the tip is %s, want %s: %v", tip, hashes[4], err)
	}
}

// A node may tell of nothing that a crash would take away, unless it is catching up.
// It is so no more when its own branch overtakes the one that it is downloading;
// world.step holds every step against that.
func TestDownloadOvertaken(t *testing.T) {
	w := newWorld(t, 2)
	n1, n2 := w.nodes[0], w.nodes[1]
	//      ┌── R1 ── R2 ── R3            n1
	//   0 ─┤
	//      └── L1 ── L2 ── L3 ── L4      n2, which is sent R1 when it is at L4
	w.partition([]*testNode{n1}, []*testNode{n2})
	right := w.mine(n1, 3)
	w.mine(n2, 1)
	var held []message
	w.blocked = func(m message) bool {
		got, isBlock := m.in.(BlockReceived)
		_, ended := m.in.(RequestDone)
		hold := m.to == n2 && (isBlock && got.Requested || ended && len(held) > 0)
		if hold {
			held = append(held, m)
		}
		return hold
	}
	w.heal()
	w.mine(n2, 3)
	if len(held) < 3 || len(n2.engine.inFlight) != 3 || n2.engine.CatchingUp() {
		t.Fatalf("%d messages held, %d blocks asked for", len(held), len(n2.engine.inFlight))
	}
	w.step(n2, held[0].in)
	if b, err := n2.db.Block(right[0]); err != nil || b.Hash() != right[0] {
		t.Errorf("R1 is known and not on disk: %v", err)
	}
}

// A peer that was asked and stays silent is passed over, and others are asked.
func TestStallingPeer(t *testing.T) {
	w := newWorld(t, 2)
	w.mine(w.nodes[0], 40)
	fresh := w.add("fresh")
	w.blocked = func(m message) bool { // n1 never sends what it is asked for
		got, isBlock := m.in.(BlockReceived)
		ended, isEnd := m.in.(RequestDone)
		_, blocks := ended.Request.(RequestBlocks)
		return m.to == fresh && (isBlock && got.Requested && got.Peer == "n1" || isEnd && blocks && ended.Peer == "n1")
	}
	w.connect(fresh, w.nodes[0])
	w.connect(fresh, w.nodes[1])
	w.settle()
	if fresh.engine.Tree().Tip().Height == 40 {
		t.Fatal("n1 was never asked: the test shows nothing")
	}
	w.now = w.now.Add(minStall + time.Second)
	w.step(fresh, Tick{})
	w.settle()
	w.agree(w.nodes...)
}

// A block from the future is refused, and nobody blamed for it. Whose clock is set to
// that time asks for it again at once.
func TestClockSet(t *testing.T) {
	w := newWorld(t, 3)
	early, right, later := w.nodes[0], w.nodes[1], w.nodes[2]
	early.fast = 3 * time.Hour
	w.mine(early, 1)
	for _, n := range []*testNode{right, later} {
		if tip := n.engine.Tree().Tip(); tip.Height != 0 || len(n.blamed) > 0 {
			t.Fatalf("%s is at height %d and blames %v", n.id, tip.Height, n.blamed)
		}
	}
	later.fast = 2 * time.Hour
	w.step(later, ClockSet{})
	w.settle()
	w.agree(early, later)
	if right.engine.Tree().Tip().Height != 0 {
		t.Error("the clock of another node made a difference")
	}
}

// What the user adds to a fee is for this node alone: nothing is to be done about it.
func TestPrioritiseIsNotRelayed(t *testing.T) {
	w := newWorld(t, 2)
	w.settle()
	n := w.nodes[0]
	effects, err := n.engine.Step(w.now, Prioritise{TxID: block.Hash{1}, Delta: 1000})
	if err != nil || len(effects) > 0 {
		t.Errorf("effects %v, %v; want none", effects, err)
	}
	if d := n.engine.Pool().Deltas(); len(d) != 1 || d[0] != (mempool.Delta{ID: block.Hash{1}, Fee: 1000}) {
		t.Errorf("added %+v", d)
	}
}

// What others built on a block that the user calls invalid is not taken, and nobody is
// blamed for it. When he takes his word back, it is asked for at once.
func TestReconsiderAsksAgain(t *testing.T) {
	w := newWorld(t, 2)
	n1, n2 := w.nodes[0], w.nodes[1]
	bad := w.mine(n1, 1)[0]
	w.agree(n1, n2)
	if err := w.give(n2, Override{bad, Invalidate}); err != nil {
		t.Fatal(err)
	}
	w.mine(n1, 2)
	if tip := n2.engine.Tree().Tip(); tip.Height != 0 || len(n2.blamed) > 0 {
		t.Fatalf("it is at height %d and blames %v", tip.Height, n2.blamed)
	}
	if err := w.give(n2, Override{bad, Reconsider}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.agree(n1, n2)
}

// A gossip block whose parent is unknown starts a request: gossip will not bring
// it again.
func TestUnknownParentIsAskedFor(t *testing.T) {
	w := newWorld(t, 2)
	n1, n2 := w.nodes[0], w.nodes[1]
	lose := true
	w.blocked = func(m message) bool { return lose && m.to == n2 }
	w.mine(n1, 3)
	lose = false
	// Only the newest block gets through, and no status.
	w.blocked = func(m message) bool { _, told := m.in.(PeerStatus); return told && m.to == n2 }
	w.mine(n1, 1)
	w.agree(n1, n2)
}

// Blocks that came before their parents wait, bounded.
func TestOrphanBlocksAreBounded(t *testing.T) {
	w := newWorld(t, 2)
	n1, n2 := w.nodes[0], w.nodes[1]
	w.partition([]*testNode{n1}, []*testNode{n2})
	hashes := w.mine(n1, maxOrphanBlocks+20)
	for _, h := range hashes[1:] {
		b, err := n1.engine.Tree().Block(h)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.give(n2, BlockReceived{Peer: "stranger", Block: b}); !errors.Is(err, consensus.ErrNoParent) {
			t.Fatalf("answer %v, want ErrNoParent", err)
		}
	}
	if got := len(n2.engine.orphans); got != maxOrphanBlocks {
		t.Fatalf("%d orphans, want %d", got, maxOrphanBlocks)
	}
	w.heal()
	w.agree(n1, n2)
	if len(n2.engine.orphans) != 0 {
		t.Errorf("%d orphans are left", len(n2.engine.orphans))
	}
}

// The sender of a body that does not match its header is penalized, and the true block is
// still accepted. The sender of a block whose coinbase takes too much is not: it need not
// have connected the block.
func TestBlame(t *testing.T) {
	w := newWorld(t, 2)
	n1, n2 := w.nodes[0], w.nodes[1]
	tmpl, err := n1.engine.Template(n1.script(), 7, "n1", w.now)
	if err != nil {
		t.Fatal(err)
	}
	solve(t, &tmpl.Block.Header)
	wrong := &block.Block{Header: tmpl.Block.Header, Txs: []*block.Tx{tmpl.Block.Txs[0], tmpl.Block.Txs[0]}}
	if err := w.give(n2, BlockReceived{Peer: "n1", Block: wrong}); Classify(err) != Invalid || len(n2.blamed) != 1 {
		t.Fatalf("wrong body: %v, blamed %v", err, n2.blamed)
	}
	if err := w.give(n2, BlockReceived{Peer: "n1", Block: tmpl.Block}); err != nil {
		t.Fatalf("the true block is refused: %v", err)
	}
	greedy, err := n2.engine.Template(n1.script(), 7, "n1", w.now)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := greedy.Block.Txs[0].Clone()
	coinbase.Outputs[0].Value++
	greedy.Block.Txs[0] = coinbase
	greedy.Block.Header.MerkleRoot = coinbase.ID()
	solve(t, &greedy.Block.Header)
	if err := w.give(n2, BlockReceived{Peer: "n1", Block: greedy.Block}); !errors.Is(err, consensus.BadCoinbaseAmount) || Classify(err) != Unblamed || len(n2.blamed) != 1 {
		t.Fatalf("greedy block: %v, blamed %v", err, n2.blamed)
	}
	if err := w.give(n2, BlockReceived{Peer: "n3", Block: greedy.Block}); Classify(err) != NotNow || len(n2.blamed) != 1 {
		t.Fatalf("the same again, which was judged: %v, blamed %v", err, n2.blamed)
	}
}

// TestTemplateWaitsForItsTime: a node whose clock was set back makes no block that it would refuse
// itself: the time of a block follows those of the blocks before it, not only the clock.
func TestTemplateWaitsForItsTime(t *testing.T) {
	retargets := consensus.Regtest()
	retargets.Window, retargets.Spacing = 5, 10*time.Second
	for _, row := range []struct {
		name   string
		params *consensus.Params
		blocks int // made while the clock is fast
	}{
		{"the first block of a window is at most 600 seconds behind its parent", retargets, 4},
		{"a block is later than the median of eleven", consensus.Regtest(), 11},
	} {
		w := newWorldOf(t, row.params, 1)
		n := w.nodes[0]
		n.fast = 2*time.Hour + 20*time.Minute
		w.mine(n, row.blocks)
		n.fast = 0
		if _, err := n.engine.Template(n.script(), 1, "", w.now); !errors.Is(err, consensus.TimeTooNew) {
			t.Errorf("%s: the template's error is %v, want %s", row.name, err, consensus.TimeTooNew)
		}
		w.now = w.now.Add(20 * time.Minute)
		w.mine(n, 1)
	}
}

// No attacker can have honest nodes ban each other: X takes too much and is shown to n1
// while its tip is X's sibling, so n1 keeps it unconnected and passes it on; Y on top of it
// is shown to n2. The others connect X when they have Y, and find the fault; what n1 and n2
// sent was right as far as they could know. (The world fails if a node penalizes another.)
func TestRelaysAreNotPenalized(t *testing.T) {
	w := newWorld(t, 4)
	w.mine(w.nodes[0], 3)
	forge := func(on *chain.Tree, extra uint64, more block.Amount) *block.Block {
		tmpl, err := New(on, w.nodes[0].engine.pool, "").Template(w.nodes[0].script(), extra, "", w.now)
		if err != nil {
			t.Fatal(err)
		}
		coinbase := tmpl.Block.Txs[0].Clone()
		coinbase.Outputs[0].Value += more
		b := &block.Block{Header: tmpl.Block.Header, Txs: []*block.Tx{coinbase}}
		b.Header.MerkleRoot = coinbase.ID()
		solve(t, &b.Header)
		return b
	}
	x := forge(w.nodes[0].engine.Tree(), 77, 1)
	sibling := w.mine(w.nodes[0], 1)[0]
	y := forge(w.nodes[0].engine.Tree(), 78, 0) // at Y's height
	y.Header.Prev = x.Hash()
	solve(t, &y.Header)

	if err := w.give(w.nodes[0], BlockReceived{Peer: "attacker", Block: x}); err != nil {
		t.Fatalf("a side block is not kept: %v", err)
	}
	if err := w.give(w.nodes[1], BlockReceived{Peer: "attacker", Block: y}); Classify(err) != Unblamed {
		t.Fatalf("Y on X: %v", err)
	}
	for _, n := range w.nodes {
		if tip := n.engine.Tree().Tip().Hash; tip != sibling || len(n.blamed) > 0 {
			t.Errorf("%s has tip %s and penalizes %v", n.id, tip, n.blamed)
		}
		if info, known := n.engine.Tree().Info(x.Hash()); !known {
			t.Errorf("%s never saw X: %+v", n.id, info)
		}
	}
}

// Errors become verdicts in one place.
func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err       error
		block, tx Class
	}{
		{nil, OK, OK},
		{fmt.Errorf("tx 3: %w", consensus.BadInBelowOut), Invalid, Invalid},
		{consensus.HighHash, Invalid, Invalid},
		{fmt.Errorf("block: %w", &chain.ConnectError{Err: consensus.BadInBelowOut}), Unblamed, Invalid},
		{consensus.TimeTooNew, NotNow, Invalid},
		{chain.ErrKnown, NotNow, NotNow},
		{consensus.ErrNoParent, NotNow, NotNow},
		{consensus.BadPrevBlk, NotNow, Invalid},
		{consensus.BadPremature, Invalid, NotNow},
		{consensus.BadNonFinal, Invalid, NotNow},
		{mempool.RejectConflict, Internal, NotNow},
		{errors.New("input/output error"), Internal, Internal},
	} {
		if got := Classify(c.err); got != c.block {
			t.Errorf("block: %v is class %d, want %d", c.err, got, c.block)
		}
		if got := ClassifyTx(c.err); got != c.tx {
			t.Errorf("tx: %v is class %d, want %d", c.err, got, c.tx)
		}
	}
}

// What is shared with a peer is its tip, as long as we know it, and then the last of its
// tips that we knew.
func TestShared(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	hashes := w.mine(n, 3)
	shared := func(want block.Height, ok bool) {
		t.Helper()
		if got, known := n.engine.LastCommon("p"); got != want || known != ok {
			t.Errorf("shared up to %d, %v, want %d, %v", got, known, want, ok)
		}
	}
	shared(0, false)
	w.give(n, PeerJoined{"p", false})
	w.give(n, PeerStatus{"p", peer.Status{Tip: hashes[1], Height: 2}})
	shared(2, true)
	w.give(n, PeerStatus{"p", peer.Status{Tip: block.Hash{7}, Height: 9}})
	shared(2, true)
	w.give(n, PeerStatus{"p", peer.Status{Tip: hashes[0], Height: 1}})
	shared(1, true)
}
