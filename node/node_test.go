package node

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/peer"
	"toychain/pow"
)

// start runs a real node, on LevelDB and libp2p, until the test ends.
func start(t testing.TB, cfg Config) *Node {
	t.Helper()
	cfg.Pool, cfg.Version, cfg.Threads = mempool.DefaultPolicy(), "0.0.0", 1
	if cfg.Params == nil {
		cfg.Params = consensus.Regtest()
	}
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(t.TempDir(), "regtest")
	}
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", cfg.Name, err)
		}
	})
	return n
}

func (n *Node) tip(t *testing.T) (s consensus.State) {
	t.Helper()
	if err := n.Look(t.Context(), func(e *engine.Engine) { s = e.Tree().Tip() }); err != nil {
		t.Fatal(err)
	}
	return s
}

// await waits until ok, asking again at every event of any node.
func await(t testing.TB, what string, nodes []*Node, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wake := make(chan struct{}, 1)
	for _, n := range nodes {
		events := n.Watch(ctx)
		go func() {
			for range events {
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}()
	}
	for !ok() {
		select {
		case <-wake:
		case <-ctx.Done():
			t.Fatalf("never came: %s", what)
		}
	}
}

// A node at rest gives back the memory that its start took.
func TestRestGivesMemoryBack(t *testing.T) {
	forced := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	before := forced()
	start(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for forced() == before {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it never does")
		}
	}
}

// The engine and the network report to one memory budget, of which no more is reserved than there is.
func TestMemoryBudget(t *testing.T) {
	n := start(t, Config{})
	b := *n.Params().Genesis
	b.Header.Prev, b.Txs = block.Hash{1}, []*block.Tx{{Version: 1,
		Inputs:  []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Script: block.CoinbaseScript(1, 1, "")}},
		Outputs: []block.Output{{Script: script()}}}}
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	target, err := pow.TargetFromBits(b.Header.Bits)
	if err != nil {
		t.Fatal(err)
	}
	pow.Search(&b.Header, target, 0, 1<<20)
	if err := n.SubmitBlock(t.Context(), &b); !errors.Is(err, consensus.ErrNoParent) {
		t.Fatalf("an orphan: %v", err)
	}
	used, reserved := map[string]int{}, 0
	m := n.Net().Memory()
	for _, p := range m.Parts {
		used[p.Name] = p.Used
		reserved += p.Reserved
	}
	want := map[string]int{"serving": 0, "receiving": 0, "judging": 0, "orphans": b.Size(), "bodies": 0}
	if !maps.Equal(used, want) {
		t.Errorf("in use: %v, want %v", used, want)
	}
	if reserved > m.Total*3/4 {
		t.Errorf("%d bytes are reserved, which leaves little of %d", reserved, m.Total)
	}
}

// Whoever downloads blocks from a node that is busy with something else does not wait
// for it, and it does not lose time over them.
func TestServingBesideTheEngine(t *testing.T) {
	n := start(t, Config{})
	if _, err := n.Generate(t.Context(), 1, script(), 1<<20); err != nil {
		t.Fatal(err)
	}
	tip := n.tip(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := n.Look(ctx, func(*engine.Engine) { // here nobody else can
		raw, err := handler{n}.BlockBytes(ctx, tip.Hash)
		if err != nil || len(raw) < block.HeaderSize || block.Sum(raw[:block.HeaderSize]) != tip.Hash {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func script() []byte { return block.PubKeyHashScript([20]byte{1}) }

// Two real nodes: gossip, a cut that makes two histories, a heal that leaves one.
func TestRealNodesSplitAndHeal(t *testing.T) {
	a := start(t, Config{Name: "a"})
	b := start(t, Config{Name: "b", Peers: a.Net().Addrs()})
	both := []*Node{a, b}
	meet := func() bool { return len(joined(a)) == 1 && len(joined(b)) == 1 }
	await(t, "a meeting", both, meet)

	agree := func() bool { return a.tip(t).Hash == b.tip(t).Hash }
	generate(t, a, 3)
	await(t, "one tip by gossip", both, func() bool { return agree() && b.tip(t).Height == 3 })

	if err := a.Net().SetBlocklist([]peer.ID{b.Net().ID()}); err != nil {
		t.Fatal(err)
	}
	await(t, "the cut", both, func() bool { return len(joined(a)) == 0 && len(joined(b)) == 0 })
	left := generate(t, a, 2)
	right := generate(t, b, 3)
	if agree() {
		t.Fatal("the cut does not cut")
	}
	if err := a.Net().SetBlocklist(nil); err != nil {
		t.Fatal(err)
	}
	await(t, "one tip after the heal", both, func() bool { return agree() })
	if got := a.tip(t).Hash; got != right[2] {
		t.Errorf("tip %s, want %s: the side with more work", got, right[2])
	}
	reorgs, err := a.Store().Reorgs(0)
	if err != nil || len(reorgs) != 1 || reorgs[0].Depth() != 2 || reorgs[0].Left[1].Hash != left[1] {
		t.Errorf("journal %+v (%v), want one reorganisation that left two blocks", reorgs, err)
	}
}

// joined returns the peers that a node has exchanged statuses with.
func joined(n *Node) (out []peer.ID) {
	for _, p := range n.Net().Peers() {
		if p.Joined {
			out = append(out, p.ID)
		}
	}
	return out
}

func generate(t *testing.T, n *Node, count int) []block.Hash {
	t.Helper()
	hashes, err := n.Generate(t.Context(), count, script(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

// A node that is started again on its folder is where it was, with every branch
// and the journal, and catches up with what it missed.
func TestRestart(t *testing.T) {
	a := start(t, Config{Name: "a"})
	dir := filepath.Join(t.TempDir(), "regtest")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	b, err := Open(Config{Params: consensus.Regtest(), Pool: mempool.DefaultPolicy(), Name: "b", Dir: dir, Version: "0", Peers: a.Net().Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	generate(t, a, 5)
	await(t, "b at height 5", []*Node{a, b}, func() bool { return b.tip(t).Height == 5 })
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := b.SubmitHeaders(t.Context(), nil); err == nil {
		t.Error("a node that has ended still answers")
	}
	generate(t, a, 5)
	again := start(t, Config{Name: "b", Dir: dir, Peers: a.Net().Addrs()})
	if h := again.tip(t).Height; h < 5 {
		t.Errorf("height %d after the restart, want at least 5", h)
	}
	await(t, "b at height 10", []*Node{a, again}, func() bool { return again.tip(t).Height == 10 })
}

// The background miner mines while it is on, and a capped one keeps to its cap.
func TestBackgroundMiner(t *testing.T) {
	n := start(t, Config{Name: "m", MineTo: script(), Hashrate: 200})
	await(t, "blocks", []*Node{n}, func() bool { return n.tip(t).Height >= 5 })
	n.SetMining(nil, 0)
	if m := n.Mining(); m.On || m.Found < 4 || m.Hashes == 0 {
		t.Errorf("after it was stopped: %+v", m)
	}
}

// A miner whose block is rejected goes on, and says meanwhile what is wrong.
func TestMinerGoesOn(t *testing.T) {
	n := start(t, Config{Name: "m"})
	generate(t, n, 1)
	if err := n.SetClock(t.Context(), -3*time.Hour); err != nil {
		t.Fatal(err) // its blocks must be later than the last, which is too far ahead of that clock
	}
	n.SetMining(script(), 0)
	for ctx := t.Context(); n.Mining().Err == nil; {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			t.Fatal("no attempt failed")
		}
	}
	if m := n.Mining(); consensus.RuleOf(m.Err) != consensus.TimeTooNew || !m.On || m.Found != 1 {
		t.Fatalf("%+v", m)
	}
	if err := n.SetClock(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	await(t, "a block of the miner", []*Node{n}, func() bool { return n.Mining().Found > 1 })
	await(t, "no failure any more", []*Node{n}, func() bool { return n.Mining().Err == nil })
}

// Generate gives up after as many tries as it was allowed.
func TestGenerateTries(t *testing.T) {
	n := start(t, Config{Name: "m"})
	hashes, err := n.Generate(t.Context(), 1000, script(), 1)
	if err == nil {
		t.Fatalf("found %d blocks with one try each", len(hashes))
	}
}

// However wrong a node's clock is, a block is its tip a moment after it arrived.
func TestHeardWithAWrongClock(t *testing.T) {
	for _, clock := range []time.Duration{-time.Hour, time.Hour} {
		n := start(t, Config{Clock: clock})
		events := n.Watch(t.Context())
		begun := time.Now()
		generate(t, n, 1)
		for ev := range events {
			if ev.Kind != engine.TipChanged {
				continue
			}
			if ev.Duration <= 0 || ev.Duration > time.Since(begun) {
				t.Errorf("clock %v: it took %v", clock, ev.Duration)
			}
			break
		}
	}
}
