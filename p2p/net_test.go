package p2p

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"toychain/block"
	"toychain/internal/leaks"
	"toychain/peer"
)

func TestMain(m *testing.M) { leaks.Main(m) }

const testDigest = "0123abcd"

// fake is a node that knows nothing of blocks: it notes what it is told and
// answers what the test laid into it.
type fake struct {
	mu        sync.Mutex
	changed   chan struct{} // closed and replaced whenever something below changes
	events    []string      // joined, status, left, in order
	status    peer.Status
	heard     map[peer.ID]peer.Status
	blocks    []string // gossip, in order
	txs       []string
	verdict   func(raw []byte) peer.Verdict // nil: Accept
	slowBlock func(ctx context.Context)     // called while a block is judged; nil: nothing
	busy      bool                          // Status waits until its context ends

	headers []block.Header
	bodies  map[block.Hash][]byte
	pool    []block.Hash
	poolTxs map[block.Hash][]byte
}

func newFake() *fake {
	return &fake{changed: make(chan struct{}), heard: map[peer.ID]peer.Status{},
		bodies: map[block.Hash][]byte{}, poolTxs: map[block.Hash][]byte{}}
}

func (f *fake) note(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) judges(v func(raw []byte) peer.Verdict) { f.note(func() { f.verdict = v }) }

// told returns the events so far, gossiped all messages of both topics. Inside
// wait's condition, where the lock is held, the fields are read directly.
func (f *fake) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

func (f *fake) gossiped() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Concat(f.blocks, f.txs)
}

func (f *fake) Joined(p peer.ID, inbound bool) {
	f.note(func() { f.events = append(f.events, "joined "+string(p)) })
}
func (f *fake) Left(p peer.ID) {
	f.note(func() { f.events = append(f.events, "left "+string(p)); delete(f.heard, p) })
}
func (f *fake) PeerStatus(p peer.ID, s peer.Status) {
	f.note(func() { f.events = append(f.events, "status "+string(p)); f.heard[p] = s })
}
func (f *fake) Status(ctx context.Context) (peer.Status, error) {
	f.mu.Lock()
	busy, status := f.busy, f.status
	f.mu.Unlock()
	if busy {
		<-ctx.Done()
	}
	return status, ctx.Err()
}
func (f *fake) judged(list *[]string, raw []byte) (v peer.Verdict) {
	v = peer.Accept
	f.note(func() {
		*list = append(*list, string(raw))
		if f.verdict != nil {
			v = f.verdict(raw)
		}
	})
	return v
}
func (f *fake) Block(ctx context.Context, _ peer.ID, raw []byte) (peer.Verdict, time.Duration) {
	v := f.judged(&f.blocks, raw)
	if f.slowBlock != nil {
		f.slowBlock(ctx)
	}
	return v, 0
}
func (f *fake) Tx(_ context.Context, _ peer.ID, raw []byte) (peer.Verdict, time.Duration) {
	return f.judged(&f.txs, raw), 0
}
func (f *fake) Headers(_ context.Context, locator []block.Hash, stop block.Hash) ([]block.Header, error) {
	return f.headers, nil
}
func (f *fake) BlockBytes(_ context.Context, id block.Hash) ([]byte, error) { return f.bodies[id], nil }
func (f *fake) PoolIDs(context.Context) ([]block.Hash, error)               { return f.pool, nil }
func (f *fake) TxBytes(_ context.Context, id block.Hash) ([]byte, error)    { return f.poolTxs[id], nil }

// testNode is a Net that runs, and the fake behind it.
type testNode struct {
	*Net
	*fake
	t    testing.TB
	stop func() // ends Run and waits for it
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func startNode(t testing.TB, change ...func(*Config)) *testNode {
	t.Helper()
	return startWith(t, newFake(), change...)
}

func startWith(t testing.TB, f *fake, change ...func(*Config)) *testNode {
	t.Helper()
	n, err := tryStart(t, f, change...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tryStart is startWith for a node that may find its port taken.
func tryStart(t testing.TB, f *fake, change ...func(*Config)) (*testNode, error) {
	t.Helper()
	cfg := Config{Digest: testDigest, Agent: "/test:1/"}
	for _, c := range change {
		c(&cfg)
	}
	n, err := New(cfg, f)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := n.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	node := &testNode{Net: n, fake: f, t: t, stop: sync.OnceFunc(func() { cancel(); <-done })}
	t.Cleanup(func() { node.stop(); node.checkEvents() })
	node.wait("that it runs", func() bool { return n.gater.refusal("x") == nil })
	return node, nil
}

// checkEvents holds what the Handler was told against what Handler promises: for
// each peer Joined, then at least one status, then Left, and so on.
func (n *testNode) checkEvents() {
	state := map[string]string{}
	for i, e := range n.events {
		what, peer, _ := strings.Cut(e, " ")
		switch was := state[peer]; {
		case what == "joined" && (was == "" || was == "left"):
		case what == "status" && (was == "joined" || was == "status"):
		case what == "left" && was == "status":
		default:
			n.t.Errorf("event %d: %s after %q of the same peer; all events %v", i, e, was, n.events)
		}
		state[peer] = what
	}
	for peer, last := range state {
		if last != "left" {
			n.t.Errorf("run ended, and the last event of %s is %s", peer, last)
		}
	}
}

// wait waits until cond, which may look at the fake, is true. cond may end the test.
func (n *testNode) wait(what string, cond func() bool) {
	n.t.Helper()
	look := func() (bool, <-chan struct{}) {
		n.mu().Lock()
		defer n.mu().Unlock()
		changed := n.fake.changed
		return cond(), changed
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, changed := look()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			n.t.Fatalf("%s waited in vain for %s; events %v", n.ID().Short(), what, n.told())
		}
	}
}

func (n *testNode) mu() *sync.Mutex { return &n.fake.mu }

// again does f until it succeeds: under load one call may run out of time.
func again(t testing.TB, f func(context.Context) error) error {
	ctx := testContext(t)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// call connects n to o.
func (n *testNode) call(o *testNode) error {
	return again(n.t, func(ctx context.Context) error { return n.Connect(ctx, o.Addrs()[0]) })
}

// connect connects n to others and waits until both sides know, and what either
// publishes reaches the other.
func (n *testNode) connect(others ...*testNode) {
	n.t.Helper()
	for _, o := range others {
		if err := n.call(o); err != nil {
			n.t.Fatal(err)
		}
		n.waitBoth(o)
	}
}

// waitBoth waits until n and o have joined each other and gossip goes both ways.
func (n *testNode) waitBoth(o *testNode) {
	n.t.Helper()
	n.waitJoined(o)
	o.waitJoined(n)
	n.waitGossip(o, true)
	o.waitGossip(n, true)
}

// waitGossip waits until what n publishes reaches o, or no longer does. A peer whose
// gossip is late joins without it.
func (n *testNode) waitGossip(o *testNode, want bool) {
	n.t.Helper()
	n.wait(fmt.Sprintf("gossip to %s to be %v", o.ID().Short(), want), func() bool {
		return n.Reaches(o.ID()) == want
	})
}

func (n *testNode) waitJoined(o *testNode) {
	n.t.Helper()
	n.wait("join of "+o.ID().Short(), func() bool { _, ok := n.heard[o.ID()]; return ok })
}

func (n *testNode) waitLeft(o *testNode) {
	n.t.Helper()
	n.wait("leave of "+o.ID().Short(), func() bool { _, ok := n.heard[o.ID()]; return !ok })
}

// got counts how often a message came on a list of the fake.
func got(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// mesh starts n nodes that all know the first.
func mesh(t testing.TB, n int) []*testNode {
	t.Helper()
	nodes := []*testNode{startNode(t)}
	for range n - 1 {
		nodes = append(nodes, startNode(t, func(c *Config) { c.Seeds = nodes[0].Addrs()[:1] }))
	}
	for i, a := range nodes {
		for _, b := range nodes[:i] {
			a.waitBoth(b)
		}
	}
	return nodes
}

func TestTwoNodesExchangeStatus(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.status = peer.Status{Tip: block.Hash{1}, Height: 7, Work: [32]byte{31: 9}, Agent: "/a/"}
	a.connect(b)
	b.wait("a's status", func() bool { return b.heard[a.ID()] == a.status })
	if want := []string{"joined " + string(a.ID()), "status " + string(a.ID())}; !slices.Equal(b.told(), want) {
		t.Errorf("b was told %v, want %v", b.told(), want)
	}
	next := peer.Status{Tip: block.Hash{2}, Height: 8, Agent: "/a/"}
	a.Announce(next)
	b.wait("the announcement", func() bool { return b.heard[a.ID()] == next })

	peers := b.Peers()
	if len(peers) != 1 || peers[0].ID != a.ID() || !peers[0].Inbound || peers[0].Status != next || peers[0].BytesIn == 0 {
		t.Errorf("b's peers: %+v", peers)
	}
	a.stop()
	b.waitLeft(a)
}

func TestOneSeedMakesAMesh(t *testing.T) { mesh(t, 5) }

func TestGossipReachesAllOnce(t *testing.T) {
	nodes := mesh(t, 5)
	const messages = 20
	for i := range messages {
		from := nodes[i%len(nodes)]
		if err := from.PublishBlock(testContext(t), fmt.Appendf(nil, "block %d", i)); err != nil {
			t.Fatal(err)
		}
		if err := from.PublishTx(testContext(t), fmt.Appendf(nil, "tx %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range messages {
		for j, n := range nodes {
			if j == i%len(nodes) {
				continue
			}
			n.wait("messages", func() bool {
				return got(n.blocks, fmt.Sprintf("block %d", i)) > 0 && got(n.txs, fmt.Sprintf("tx %d", i)) > 0
			})
		}
	}
	for j, n := range nodes {
		n.stop()
		for i := range messages {
			want := 1
			if j == i%len(nodes) {
				want = 0 // its own is not judged
			}
			if g := got(n.blocks, fmt.Sprintf("block %d", i)); g != want {
				t.Errorf("node %d judged block %d %d times, want %d", j, i, g, want)
			}
			if g := got(n.txs, fmt.Sprintf("tx %d", i)); g != want {
				t.Errorf("node %d judged tx %d %d times, want %d", j, i, g, want)
			}
		}
	}
}
