package rogue_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/internal/leaks"
	"toychain/mempool"
	"toychain/node"
	"toychain/peer"
	"toychain/testnet/rogue"
	"toychain/testnet/rogue/forge"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		if err := beVictim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	leaks.Main(m)
}

// net is a network of real nodes, with LevelDB and libp2p, in this process.
type net struct {
	t      *testing.T
	ctx    context.Context // bounds every wait
	params *consensus.Params
}

func newNet(t *testing.T) *net {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return &net{t, ctx, chaingen.Network()}
}

// node runs a node that dials these peers, until the test ends.
func (w *net) node(peers ...*node.Node) *node.Node {
	w.t.Helper()
	var addrs []string
	for _, p := range peers {
		addrs = append(addrs, p.Net().Addrs()...)
	}
	return w.nodeDialing(addrs)
}

// nodeDialing is node for the addresses of peers.
func (w *net) nodeDialing(addrs []string) *node.Node {
	w.t.Helper()
	cfg := node.Config{Params: w.params, Pool: mempool.DefaultPolicy(), Version: "0.0.0", Threads: 1,
		Dir: filepath.Join(w.t.TempDir(), "net"), Peers: addrs}
	n, err := node.Open(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	run, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(run) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return n
}

// pair returns a victim and an honest node that are connected.
func (w *net) pair() (victim, honest *node.Node) {
	w.t.Helper()
	victim = w.node()
	honest = w.node(victim)
	w.until("the two are connected", func() bool { return joined(victim, honest) && joined(honest, victim) })
	return victim, honest
}

// joined reports whether b is a joined peer of a.
func joined(a, b *node.Node) bool {
	for _, p := range a.Net().Peers() {
		if p.ID == b.Net().ID() && p.Joined {
			return true
		}
	}
	return false
}

// liar returns a rogue peer of these nodes.
func (w *net) liar(at ...*node.Node) *rogue.Peer {
	w.t.Helper()
	cfg := rogue.Config{Params: w.params}
	for _, n := range at {
		cfg.Call = append(cfg.Call, n.Net().Addrs()...)
	}
	p, err := rogue.Join(w.ctx, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := p.Leave(); err != nil {
			w.t.Error(err)
		}
	})
	return p
}

// until waits for a condition.
func (w *net) until(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (w *net) mine(n *node.Node, count int) []block.Hash {
	w.t.Helper()
	out, err := n.Generate(w.ctx, count, block.PubKeyHashScript([20]byte{1}), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *net) tip(n *node.Node) (s consensus.State) {
	w.t.Helper()
	if err := n.Look(w.ctx, func(e *engine.Engine) { s = e.Tree().Tip() }); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// at waits until the nodes have this tip.
func (w *net) at(tip block.Hash, nodes ...*node.Node) {
	w.t.Helper()
	for _, n := range nodes {
		w.until("everybody has the tip", func() bool { return w.tip(n).Hash == tip })
	}
}

// banned reports whether a node has just banned a peer for ten minutes.
func banned(n *node.Node, id peer.ID) bool {
	left := time.Until(n.Net().Banned()[id].Until)
	return left > 9*time.Minute && left <= 10*time.Minute
}

// Until it breaks a rule a rogue is a peer like any other: it synchronises, follows, and its
// blocks reach every node.
func TestFollowsAndMines(t *testing.T) {
	w := newNet(t)
	victim, honest := w.pair()
	w.at(w.mine(honest, 40)[39], victim)
	p := w.liar(victim)
	if got, want := p.Tip().Height, block.Height(40); got != want {
		t.Fatalf("joined at height %d, want %d", got, want)
	}
	tip := w.mine(honest, 1)[0]
	if err := p.Follow(w.ctx, tip); err != nil {
		t.Fatal(err)
	}
	mined, err := p.Mine(w.ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	w.at(mined[1], victim, honest)
	if len(honest.Net().Peers()) != 1 {
		t.Errorf("the rogue connected to other nodes: %v", honest.Net().Peers())
	}
}

// A block that breaks any of these rules is rejected by the node that received it, which bans the
// sender if the sender must have known. The honest node, to which only a block may be passed on whose
// sender need not know, bans no peer.
func TestInvalidBlocks(t *testing.T) {
	w := newNet(t)
	victim, honest := w.pair()
	for range 5 { // coins that can be stolen
		w.mine(victim, 1)
	}
	w.at(w.tip(victim).Hash, honest)
	for _, rule := range forge.Lies {
		t.Run(string(rule), func(t *testing.T) {
			p := w.liar(victim)
			events := victim.Watch(w.ctx)
			lie, err := p.InvalidBlock(w.ctx, rule)
			if err != nil {
				t.Fatal(err)
			}
			w.refusedFor(events, lie, rule)
			if forge.Penalized(rule) {
				if err := p.Refused(w.ctx); err != nil {
					t.Fatal(err)
				}
			}
			if banned(victim, p.ID()) != forge.Penalized(rule) || banned(honest, p.ID()) {
				t.Errorf("the rogue is banned at the victim: %v, elsewhere: %v", banned(victim, p.ID()), banned(honest, p.ID()))
			}
			// A rogue with a new key is accepted: a ban is of a key.
			if again := w.liar(victim); again.Connected() != 1 {
				t.Error("a new key is not accepted")
			}
		})
	}
	if _, err := w.liar(victim).InvalidBlock(w.ctx, consensus.BadBIP30); err == nil {
		t.Error("a block for a rule that it does not know")
	}
	if len(honest.Net().Peers()) != 1 || !joined(victim, honest) {
		t.Error("the honest node was dropped")
	}
	w.at(w.mine(honest, 1)[0], victim)
}

// refusedFor waits for the event that a block was rejected, and compares the reason.
func (w *net) refusedFor(events <-chan engine.Event, hash block.Hash, rule consensus.Rule) {
	w.t.Helper()
	for {
		select {
		case e := <-events:
			if e.Kind != engine.BlockRejected || e.Block.Hash != hash {
				continue
			}
			if !strings.Contains(e.Reason, string(rule)) {
				w.t.Errorf("refused for %q, want %s", e.Reason, rule)
			}
			return
		case <-w.ctx.Done():
			w.t.Fatalf("block %s was never refused", hash)
		}
	}
}

// A withheld chain with more work becomes the best chain when it is released: nothing in it
// breaks a rule, and no peer is banned.
func TestWithhold(t *testing.T) {
	w := newNet(t)
	victim, honest := w.pair()
	start := w.mine(honest, 3)[2]
	w.at(start, victim)
	p := w.liar(victim)
	if _, err := p.Withhold(w.ctx, 1); err != nil {
		t.Fatal(err)
	}
	public := w.mine(honest, 2)[1]
	w.at(public, victim)
	if err := p.Follow(w.ctx, public); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Withhold(w.ctx, 2); err != nil { // on top of the one that is withheld
		t.Fatal(err)
	}
	if w.tip(victim).Hash != public {
		t.Fatal("what is withheld is known")
	}
	shown, err := p.Release(w.ctx)
	if err != nil || len(shown) != 3 {
		t.Fatalf("released %v, %v", shown, err)
	}
	w.at(shown[2], victim, honest)
	if banned(victim, p.ID()) {
		t.Error("withholding breaks no rule, yet the miner is banned")
	}
}
