//go:build unix

package testnet

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/longtest"
	"toychain/network"
	"toychain/payer"
	"toychain/pow"
	"toychain/rpc"
	"toychain/testnet/topology"
	"toychain/wallet"
)

var (
	kills    = flag.Int("kills", longtest.Pick(kinds, 2*kinds), "how many times TestKillAndReplay kills nodes")
	killSeed = flag.Uint64("killseed", 0, "begin with this seed instead of a new one")
)

// killsPerNet is after how many kills the nodes start again with empty directories: a growing
// journal and tree would only make the checks slow.
const killsPerNet = 40

// TestKillAndReplay ends nodes with SIGKILL at random moments: while they mine, pay and
// relay; while the network is cut; in the middle of a reorganisation after it heals;
// while they catch up; all at once. Each time the killed node must have kept everything that
// it had reported (blocks of all branches, the journal, at least as much work), its coins
// must equal those of a replay of its blocks from genesis, and the network must converge
// again. The same seed kills the same nodes in the same situations, but not at the same
// microsecond.
func TestKillAndReplay(t *testing.T) {
	realNodes(t)
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	many := *kills
	var sum tally
	for left := many; left > 0; left -= killsPerNet {
		t.Logf("seed %d", seed)
		s := newStorm(t, seed)
		for i := range min(left, killsPerNet) {
			s.round(i)
		}
		s.end()
		sum.add(s.tally)
		seed++
	}
	t.Logf("%d kills of %d nodes: %d blocks, %d of them on side branches, %d reorganisations, the deepest of %d blocks, %d payments",
		many, sum.killed, sum.blocks, sum.side, sum.reorgs, sum.deepest, sum.paid)
	if sum.reorgs == 0 || sum.side == 0 || sum.paid == 0 {
		t.Error("nothing much happened: the test shows little")
	}
}

// tally counts what happened, to show that the nodes had something to lose.
type tally struct{ killed, blocks, side, reorgs, deepest, paid int }

func (a *tally) add(b tally) {
	a.killed += b.killed
	a.blocks += b.blocks
	a.side += b.side
	a.reorgs += b.reorgs
	a.deepest = max(a.deepest, b.deepest)
	a.paid += b.paid
}

// storm is a network under load.
type storm struct {
	*testing.T
	ctx    context.Context
	net    *Testnet
	rand   *rand.Rand
	purse  *payer.Payer
	keys   *wallet.Keychain
	own    wallet.Address
	burn   string // an address without a key, for the miners
	told   map[string]*told
	blocks map[block.Hash]*block.Block // every block that was ever read from a node
	tally
}

// told is what one node has reported. A node reports nothing that is not on its disk, unless
// it reports that it is catching up.
type told struct {
	mu      sync.Mutex
	tips    map[block.Hash]bool // ends of branches; true: with the body
	journal []rpc.Reorg
	work    pow.Work
	looks   int
}

const stormNodes = 3

// stormBits are 256 tries for a block on average, stormRate gives each node one or two
// blocks a second.
const (
	stormBits = 0x2000ffff
	stormRate = 400
)

// newStorm starts the nodes and mines coins for the wallet.
func newStorm(t *testing.T, seed uint64) *storm {
	s := &storm{T: t, rand: rand.New(rand.NewPCG(seed, 0)), told: map[string]*told{}, blocks: map[block.Hash]*block.Block{}}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s.ctx = ctx
	var err error
	if s.net, err = Up(s.bounded(), Config{Dir: t.TempDir(), Nodes: stormNodes, Network: stormNetwork(t, time.Hour), Detach: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.check(s.net.Down(s.bounded(), true)) })
	for _, name := range s.net.Names() {
		s.told[name] = &told{tips: map[block.Hash]bool{}}
	}
	params := s.net.Params()
	s.burn = wallet.Address{}.Encode(params.Prefixes)
	words, err := wallet.NewMnemonic(12, rand.NewChaCha8([32]byte{byte(seed)}))
	s.check(err)
	w, err := wallet.Create(filepath.Join(t.TempDir(), "w.json"), "storm", wallet.New{Name: "w", Mnemonic: words, Created: time.Now(),
		Network: wallet.Network{Name: params.Name, Prefixes: params.Prefixes}, WorkFactor: wallet.CheapWorkFactor})
	s.check(err)
	s.keys, err = w.Unlock("storm")
	s.check(err)
	s.own, _, err = w.Take(wallet.Receive)
	s.check(err)
	s.purse, err = payer.Open(s.bounded(), s.client("n1"), w, params.Digest(), params.Prefixes)
	s.check(err)
	s.mine("n1", 20, s.own.Encode(params.Prefixes))
	s.check(s.net.Settle(s.bounded()))
	return s
}

// stormNetwork writes the parameters of a network with fast blocks and coins that can be spent
// at once; its genesis block is so old.
func stormNetwork(t *testing.T, age time.Duration) string {
	p, err := network.New(consensus.Params{Name: "storm", Limit: stormBits, Spacing: time.Second, Subsidy: 50 * block.Coin,
		Halving: 100_000, Maturity: 2}, stormBits, uint32(time.Now().Add(-age).Unix()))
	if err != nil {
		t.Fatal(err)
	}
	target, err := pow.TargetFromBits(stormBits)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := pow.Search(&p.Genesis.Header, target, 0, 1<<32); !found {
		t.Fatal("no nonce for the genesis block")
	}
	path := filepath.Join(t.TempDir(), "storm.toml")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := network.Write(f, p); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *storm) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// bounded returns a context that bounds one step.
func (s *storm) bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 2*time.Minute)
	s.Cleanup(cancel)
	return ctx
}

func (s *storm) client(name string) *rpc.Client {
	s.Helper()
	c, err := s.net.Client(name)
	s.check(err)
	return c
}

func (s *storm) mine(name string, n int, to string) {
	s.Helper()
	_, err := s.client(name).Generate(s.bounded(), n, to)
	s.check(err)
}

// kinds is how many kinds of rounds there are.
const kinds = 5

// round lets the network run, kills nodes at a random moment, and checks what they kept.
func (s *storm) round(i int) {
	s.Helper()
	victims := []string{s.net.Names()[s.rand.IntN(stormNodes)]}
	calm := s.load()
	var healing bool
	switch i % kinds {
	case 0: // at any moment
	case 1: // on one side of a partition
		s.cut(victims[0])
	case 2: // during a reorganisation
		s.cut(victims[0])
		s.pass(s.delay(1500))
		healing = true
	case 3: // while it synchronises
		s.cut(victims[0])
		s.mine(s.another(victims[0]), 20+s.rand.IntN(60), s.burn)
		healing = true
	case 4:
		victims = s.net.Names()
	}
	gone := s.strike(victims, s.delay(400))
	if healing {
		// It may fail, since nodes are killed meanwhile.
		ctx, cancel := context.WithCancel(s.bounded())
		go func() { <-gone; cancel() }()
		_ = s.net.Heal(ctx)
	}
	<-gone
	calm()
	s.killed += len(victims)
	for _, name := range victims {
		s.autopsy(i, name)
	}
	for _, name := range victims {
		s.check(s.net.Restart(s.bounded(), name))
	}
	for _, name := range victims {
		s.revived(i, name)
	}
	s.converge()
}

// delay returns a random time of at most so many milliseconds.
func (s *storm) delay(most int) time.Duration {
	return time.Duration(s.rand.IntN(most*1000)) * time.Microsecond
}

// pass waits for a time.
func (s *storm) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

func (s *storm) another(than string) string {
	return slices.DeleteFunc(s.net.Names(), func(name string) bool { return name == than })[0]
}

// cut partitions one node from the others, and lets both sides find blocks.
func (s *storm) cut(alone string) {
	rest := slices.DeleteFunc(s.net.Names(), func(name string) bool { return name == alone })
	s.check(s.net.Partition(s.bounded(), [][]string{{alone}, rest}))
	s.mine(alone, 1+s.rand.IntN(3), s.burn)
	s.mine(rest[0], 1+s.rand.IntN(3), s.burn)
}

// strike kills the nodes after a time, all at once. The channel is closed when they are gone.
func (s *storm) strike(names []string, after time.Duration) <-chan struct{} {
	var doomed []*process
	for _, name := range names {
		doomed = append(doomed, s.net.procs[name])
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.pass(after)
		for _, p := range doomed {
			if err := p.signal(syscall.SIGKILL); err != nil {
				s.Error("killing: ", err)
			}
		}
		for _, p := range doomed {
			if err := p.wait(s.ctx); err != nil {
				s.Error("waiting for its end: ", err)
			}
		}
	}()
	return gone
}

// converge brings the network to one tip: once all nodes have equal work, one block decides.
func (s *storm) converge() {
	s.Helper()
	for _, name := range s.net.Names() {
		_, err := s.client(name).SetMining(s.bounded(), "", 0)
		s.check(err)
	}
	if s.net.state.Groups != nil {
		s.check(s.net.Heal(s.bounded()))
	}
	ctx, stuck := s.bounded(), true
	for stuck { // again, if a miner's last block arrived after all seemed to have equal work
		s.even(ctx)
		s.mine(s.net.Names()[s.rand.IntN(stormNodes)], 1, s.own.Encode(s.net.Params().Prefixes))
		err := s.net.Settle(ctx)
		if stuck = errors.As(err, new(*Unsettled)) && ctx.Err() == nil; !stuck {
			s.check(err)
		}
	}
	first := s.coins("n1")
	for _, name := range s.net.Names()[1:] {
		if got := s.coins(name); got != first {
			s.Fatalf("%s has the coins %+v, n1 %+v", name, got, first)
		}
	}
}

// even waits until all nodes have equal work.
func (s *storm) even(ctx context.Context) {
	s.Helper()
	var all []topology.Tip
	err := Poll(ctx, func() (_ bool, err error) {
		all, err = s.net.tips(ctx)
		return err == nil && !slices.ContainsFunc(all, func(x topology.Tip) bool { return x.Work != all[0].Work }), err
	})
	if err != nil {
		s.Fatalf("different work: %s: %v", s.net.disagreement(all), err)
	}
}

// end counts blocks and reorganisations.
func (s *storm) end() {
	s.Helper()
	for _, name := range s.net.Names() {
		journal, err := s.client(name).Reorgs(s.bounded(), 0)
		s.check(err)
		s.reorgs += len(journal)
		for _, r := range journal {
			s.deepest = max(s.deepest, r.Depth)
		}
	}
	in, err := s.net.Tree(s.bounded(), 0)
	s.check(err)
	s.tally.blocks = len(in.Blocks)
	s.side = len(in.Blocks) - 1 - int(s.height("n1"))
	s.check(s.net.Down(s.bounded(), true))
}

func (s *storm) height(name string) block.Height {
	h, err := s.client(name).BlockCount(s.bounded())
	s.check(err)
	return h
}

// fail fails the test with the node and the round, and keeps the node's log.
func (s *storm) fail(round int, name, format string, args ...any) {
	s.Helper()
	s.Fatalf("kill %d: %s: %s\nthe end of its log:\n%s", round, name, fmt.Sprintf(format, args...),
		indent(linesFrom(s.net.node(name).Log, 0, 12)))
}
