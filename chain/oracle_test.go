package chain_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/internal/longtest"
)

// trial delivers a forest to a tree, in a random order and with everything that
// happens to a node on the way, and holds the tree against the oracle.
type trial struct {
	*forest
	disk   *chaingen.Disk
	tree   *chain.Tree
	oracle *oracle
	saved  *oracle // as of the tip on the disk
	next   *oracle // as of the tip that is on its way there
	now    time.Time

	commits         int // on the disk with saved
	lost, connected int // Puts that power cuts took back, blocks that were connected after crashes
}

func newTrial(seed uint64, blocks int) *trial {
	f := newForest(rand.New(rand.NewPCG(seed, 0)), blocks)
	r := &trial{forest: f, disk: f.disk(), oracle: newOracle(f.blocks[0].Parent), now: now}
	r.saved = r.oracle.clone()
	r.tree = r.disk.MustOpen(f.params)
	return r
}

// orders returns every block twice, shuffled but not far from the order of birth,
// so that most parents are known in time.
func (r *trial) orders() []*chaingen.Block {
	type ticket struct {
		at int
		b  *chaingen.Block
	}
	var tickets []ticket
	for i, b := range r.blocks {
		tickets = append(tickets, ticket{i + r.dice.IntN(8), b}, ticket{i + r.dice.IntN(3*len(r.blocks)), b})
	}
	slices.SortStableFunc(tickets, func(a, b ticket) int { return a.at - b.at })
	var out []*chaingen.Block
	for _, t := range tickets {
		out = append(out, t.b)
	}
	return append(out, r.blocks...) // at last everything once more, in order
}

// deliver gives the tree one block, or only its header, or a mutated body.
func (r *trial) deliver(b *chaingen.Block) error {
	r.now = r.now.Add(time.Millisecond)
	body := b.Block
	switch kind := r.dice.IntN(10); {
	case kind < 2:
		err := r.tree.AddHeader(&b.Header, r.now)
		if err == nil {
			r.oracle.header(b)
		}
		return r.verdict(b, err)
	case kind == 2:
		body = &block.Block{Header: b.Header, Txs: append(slices.Clone(b.Txs), b.Txs[len(b.Txs)-1])}
	}
	known := r.oracle.bodies[b]
	change, err := r.tree.AddBlock(body, r.now)
	if info, ok := r.tree.Info(b.Hash); ok && info.Status&chain.HasBody != 0 && !known && body == b.Block {
		r.oracle.body(b)
	} else if ok {
		r.oracle.header(b)
	}
	if body == b.Block || consensus.RuleOf(err) == "" {
		err = r.verdict(b, err)
	} else if !consensus.Condemns(err) || !b.Valid() || !r.oracle.allowed(b) {
		err = nil // the mutated body alone is refused, unless there was more to refuse
	}
	if err == nil && change.Moved() && change.To.Hash != r.tree.Tip().Hash {
		return fmt.Errorf("the change leads to %s, the tip is %s", change.To.Hash, r.tree.Tip().Hash)
	}
	return err
}

// verdict lets those errors pass that a block deserves.
func (r *trial) verdict(b *chaingen.Block, err error) error {
	switch {
	case errors.Is(err, chain.ErrKnown):
		return nil
	case errors.Is(err, consensus.ErrNoParent) && !r.oracle.knows(b.Parent):
		return nil
	case consensus.RuleOf(err) != "" && !(b.Valid() && r.oracle.allowed(b)):
		return nil
	}
	return err
}

// overrule does now and then what an operator might.
func (r *trial) overrule() error {
	b := r.blocks[r.dice.IntN(len(r.blocks))]
	if !r.oracle.knows(b) {
		return nil
	}
	var err error
	switch r.dice.IntN(12) {
	case 0:
		r.oracle.banned[b] = true
		_, err = r.tree.Invalidate(b.Hash, r.now)
	case 1, 2:
		r.oracle.reconsider(b)
		_, err = r.tree.Reconsider(b.Hash, r.now)
	case 3:
		if b.Valid() {
			r.oracle.precious(b)
			_, err = r.tree.Precious(b.Hash, r.now)
		}
	default:
		return nil
	}
	return errors.Join(err, r.check(), r.flush()) // a node does not answer before
}

func (r *trial) flush() error {
	r.next = r.oracle.clone()
	if err := r.tree.Flush(); err != nil {
		return err
	}
	if err := r.tree.Sync(); err != nil {
		return err
	}
	r.saved, r.commits = r.next, r.disk.Commits
	return nil
}

// restart opens the tree from the disk.
func (r *trial) restart() (err error) {
	r.tree, err = r.disk.Open(r.params)
	return err
}

// crash ends the process, or cuts the power, and starts again: what had been stored and
// not yet connected is connected.
func (r *trial) crash() error {
	keep := 1 << 20
	if r.dice.IntN(2) == 0 {
		keep = r.dice.IntN(3)
	}
	r.lost += r.disk.CutPower(keep)
	if r.disk.Commits > r.commits {
		r.saved, r.commits = r.next, r.disk.Commits
	}
	r.oracle = r.oracle.left(r.disk)
	if err := r.restart(); err != nil {
		return err
	}
	change, err := r.tree.ConnectStored(r.now)
	r.connected += len(change.Applied)
	return err
}

// check holds the tree against the oracle and the naive coin set.
func (r *trial) check() error {
	want := r.oracle.tip()
	if got := r.tree.Tip(); got != want.State {
		return fmt.Errorf("the tip is %s at height %d, want %s at %d", got.Hash, got.Height, want.Name, want.Height())
	}
	return errors.Join(r.tree.CheckInvariants(), r.tree.CheckCoins(want.CoinSet(), r.all))
}

// seeds returns the seeds 1 to n, or a quarter of them unless long tests are wanted.
func seeds(n int) []uint64 {
	n = longtest.Pick((n+3)/4, n)
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i + 1)
	}
	return out
}

// After every block of a random forest in a random order the tip is the oracle's,
// and the coins are those of a naive walk from genesis to it. That is so after a crash,
// too: the tree then has every block that is on the disk.
func TestOracle(t *testing.T) {
	var lost, connected atomic.Int64
	t.Cleanup(func() {
		if lost.Load() < 5 || connected.Load() < 20 {
			t.Errorf("power cuts took %d writes back, %d blocks were connected after crashes: the test shows little", lost.Load(), connected.Load())
		}
	})
	for _, seed := range seeds(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := newTrial(seed, 30)
			defer func() { lost.Add(int64(r.lost)); connected.Add(int64(r.connected)) }()
			for i, b := range r.orders() {
				step := func() error {
					if err := errors.Join(r.deliver(b), r.overrule(), r.check()); err != nil {
						return err
					}
					switch r.dice.IntN(8) {
					case 0:
						return r.flush()
					case 1:
						before := r.tree
						return errors.Join(r.flush(), r.restart(), sameTree(before, r.tree))
					case 2, 3:
						return errors.Join(r.crash(), r.onDisk(), r.check())
					}
					return nil
				}
				if err := step(); err != nil {
					t.Fatalf("step %d, block %s (%v): %v", i, b.Name, b.Err, err)
				}
			}
		})
	}
}

// The disk fails at a random call. The tree says so, and the tip and the coins on the
// disk are those before the failing commit, or after it, and nothing between: opened
// again it goes on with every block that is on the disk.
func TestDiskFailures(t *testing.T) {
	for _, seed := range seeds(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := newTrial(seed, 25)
			failures := 0
			arm := func() {
				r.disk.Repair()
				r.disk.FailAfter(r.dice.IntN(30), r.dice.IntN(2) == 0)
			}
			arm()
			for i, b := range r.orders() {
				err := r.deliver(b)
				if err == nil {
					err = r.check()
				}
				if err == nil && r.dice.IntN(3) == 0 {
					err = r.flush()
				}
				if err == nil {
					continue
				}
				if !errors.Is(err, chaingen.ErrDisk) {
					t.Fatalf("step %d, block %s: %v", i, b.Name, err)
				}
				failures++
				r.disk.Repair()
				if err := errors.Join(r.crash(), r.onDisk(), r.check()); err != nil {
					t.Fatalf("step %d, after failure %d: %v", i, failures, err)
				}
				arm()
			}
			r.disk.Repair()
			for _, b := range r.blocks { // at last everything arrives
				if err := r.deliverAll(b); err != nil {
					t.Fatalf("at the end, block %s: %v", b.Name, err)
				}
			}
			if err := errors.Join(r.check(), r.flush(), r.onDisk()); err != nil {
				t.Fatal(err)
			}
			if best := r.bestOfAll(); r.tree.Tip().Work != best.State.Work {
				t.Errorf("at the end the tip is %s, want as much work as %s", r.tree.Tip().Hash, best.Name)
			}
			if failures == 0 {
				t.Error("the disk never failed")
			}
		})
	}
}

// deliverAll gives the block itself, header and body.
func (r *trial) deliverAll(b *chaingen.Block) error {
	r.now = r.now.Add(time.Millisecond)
	_, err := r.tree.AddBlock(b.Block, r.now)
	if info, ok := r.tree.Info(b.Hash); ok && info.Status&chain.HasBody != 0 && !r.oracle.bodies[b] {
		r.oracle.body(b)
	}
	return r.verdict(b, err)
}

// onDisk holds the disk itself against the saved truth.
func (r *trial) onDisk() error {
	tip := r.saved.tip()
	if r.disk.Commits == 0 { // not even genesis
		return nil
	}
	if r.disk.Tip != tip.Hash || !reflect.DeepEqual(r.disk.Set, tip.CoinSet()) {
		return fmt.Errorf("on the disk: tip %s, %d coins; want %s, %d coins", r.disk.Tip, len(r.disk.Set), tip.Hash, len(tip.CoinSet()))
	}
	for _, b := range slices.Collect(maps.Keys(r.saved.bodies)) {
		if r.disk.Bodies[b.Hash] == nil {
			return fmt.Errorf("block %s is lost", b.Name)
		}
	}
	return nil
}

// bestOfAll is the heaviest good block of the forest.
func (r *trial) bestOfAll() *chaingen.Block {
	best := r.blocks[0]
	for _, b := range r.blocks {
		if b.Valid() && b.State.Work.Cmp(best.State.Work) > 0 {
			best = b
		}
	}
	return best
}
