package consensus_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// edges are blocks as close to breaking a rule as a good block may come. Most have
// their counterpart one step further in the table of rules.
var edges = []row{
	{what: "nothing special"},
	{what: "no payments", edit: func(_ *scene, b *block.Block) {
		b.Txs = b.Txs[:1]
		b.Txs[0].Outputs[0].Value = 50 * coin
	}},
	{what: "one second after the median", header: medianPlus(1)},
	{what: "a time before the parent's", header: medianPlus(2)},
	{what: "version 4", header: version(4)},
	{what: "version 0x7fffffff", header: version(0x7fffffff)},
	{what: "1,000,000 bytes", tamper: fillTo(blockLimit)},
	{what: "20,000 signature operations", edit: sigops(sigopLimit, 0xac)},
	{what: "20,000 signature operations by CHECKMULTISIG", edit: sigops(sigopLimit, 0xae)},
	{what: "20,000 by another rule of spending", spend: counting{5000}},
	{what: "coinbase of 2 bytes", edit: coinbaseLength(2)},
	{what: "coinbase of 100 bytes", edit: coinbaseLength(100)},
	{what: "coinbase takes less than it may",
		edit: func(_ *scene, b *block.Block) { b.Txs[0].Outputs[0].Value = 0 }},
	{what: "reward after the halving", params: func(p *consensus.Params) { p.Halving = 13 },
		edit: func(_ *scene, b *block.Block) { b.Txs[0].Outputs[0].Value = 25*coin + 2*coin/100 }},
	{what: "a coinbase three blocks deep",
		edit: func(s *scene, b *block.Block) { b.Txs[1].Inputs[0].Prev = s.reward(10).Outpoint }},
	{what: "lock time the height before", edit: lockTime(12)},
	{what: "lock time one second before the median", edit: lockMedian(-1)},
	{what: "relative lock: 11 blocks after block 2", edit: sequence(11)},
	{what: "all the money in one output", params: rich, edit: func(_ *scene, b *block.Block) {
		b.Txs = append(b.Txs[:1], b.Txs[3])
		b.Txs[0].Outputs[0].Value = maxMoney
		b.Txs[1].Inputs = b.Txs[1].Inputs[:1]
		b.Txs[1].Outputs = b.Txs[1].Outputs[:1]
	}},
	{what: "all the money as a fee", params: rich, edit: func(_ *scene, b *block.Block) {
		b.Txs = append(b.Txs[:1], b.Txs[3])
		b.Txs[0].Outputs[0].Value = maxMoney
		b.Txs[1].Inputs = b.Txs[1].Inputs[:1]
		b.Txs[1].Outputs = []block.Output{{Script: alice.Script()}}
	}},
	{what: "payments to nowhere: empty, unreadable and unknown scripts", edit: func(_ *scene, b *block.Block) {
		b.Txs[3].Outputs[0].Script = nil
		b.Txs[3].Outputs[1].Script = []byte{0x4c}
	}},
	{what: "a transaction of version -1", edit: func(_ *scene, b *block.Block) { b.Txs[3].Version = -1 }},
}

func TestEdges(t *testing.T) {
	for _, r := range edges {
		t.Run(r.what, func(t *testing.T) {
			t.Parallel()
			s := r.scene()
			b, _ := s.build(&r)
			if err := s.apply(b); err != nil {
				t.Fatalf("ApplyBlock says %v", err)
			}
			tree := s.tree(t)
			change, err := tree.AddBlock(b, now)
			if err != nil || !change.Moved() || tree.Tip().Hash != b.Hash() {
				t.Fatalf("the tree says %v, tip %s", err, tree.Tip().Hash)
			}
			set := s.tip.Follow("good", b).CoinSet()
			var all []block.Outpoint
			for o := range set {
				all = append(all, o)
			}
			if got, err := tree.Coins(all); err != nil || !reflect.DeepEqual(got, set) {
				t.Errorf("the tree's coins are not the block's: %v", err)
			}
		})
	}
}

// Two hours ahead of our clock is the most, and two minutes on networks like toy. A block
// from further ahead is rejected now and accepted later; ApplyBlock, which has no clock,
// does not reject it.
func TestTimeTooNew(t *testing.T) {
	for _, future := range []time.Duration{consensus.BitcoinFuture, 2 * time.Minute} {
		t.Run(future.String(), func(t *testing.T) {
			testTimeTooNew(t, future)
		})
	}
}

func testTimeTooNew(t *testing.T, future time.Duration) {
	s := newScene(func(p *consensus.Params) { p.Future = future })
	b := s.goodBlock()
	clock := time.Unix(int64(b.Header.Time), 0)
	b.Header.Time += uint32(future.Seconds()) + 1
	chaingen.Seal(b)
	if err := s.apply(b); err != nil {
		t.Fatalf("ApplyBlock says %v", err)
	}
	tree := s.tree(t)
	for range 2 {
		_, err := tree.AddBlock(b, clock)
		if !errors.Is(err, consensus.Rule("time-too-new")) || consensus.Condemns(err) {
			t.Fatalf("a second too far ahead: %v", err)
		}
		if _, known := tree.Info(b.Hash()); known {
			t.Fatal("its header is kept")
		}
	}
	if _, err := tree.AddBlock(b, clock.Add(time.Second)); err != nil {
		t.Fatalf("as far ahead as allowed: %v", err)
	}
	if tree.Tip().Hash != b.Hash() {
		t.Error("the tip did not move")
	}
}

// The median is over the last eleven times, in order or not, or over all as long as
// there are fewer; of an even number it is the upper one.
func TestMedianTime(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	s := consensus.Genesis(chaingen.Network())
	times := []uint32{s.Header.Time}
	for range 200 {
		last := slices.Clone(times[max(len(times)-11, 0):])
		slices.Sort(last)
		if want := last[len(last)/2]; s.MedianTime() != want {
			t.Fatalf("after %d blocks the median is %d, want %d", len(times), s.MedianTime(), want)
		}
		h := block.Header{Version: 4, Prev: s.Hash, Bits: 0x207fffff, Time: s.MedianTime() + 1 + dice.Uint32N(1000)}
		next, err := s.ApplyHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		s, times = next, append(times, h.Time)
	}
}

// A block, or a header, on top of an invalid block is refused whatever it is.
func TestBadPrevBlk(t *testing.T) {
	s := newScene(nil)
	tree := s.tree(t)
	bad := s.goodBlock()
	bad.Txs[0].Outputs[0].Value++
	chaingen.Seal(bad)
	if _, err := tree.AddBlock(bad, now); !errors.Is(err, consensus.Rule("bad-cb-amount")) {
		t.Fatal(err)
	}
	child := s.tip.Follow("bad", bad).Template("child")
	chaingen.Seal(child)
	_, err := tree.AddBlock(child, now)
	if !errors.Is(err, consensus.Rule("bad-prevblk")) || !consensus.Condemns(err) {
		t.Errorf("block: %v", err)
	}
	if err := tree.AddHeader(&child.Header, now); !errors.Is(err, consensus.Rule("bad-prevblk")) {
		t.Errorf("header: %v", err)
	}
	if _, known := tree.Info(child.Hash()); known {
		t.Error("its header is kept")
	}
}

// A block that was found invalid is known by its hash from then on, after a
// restart too, and costs no more work.
func TestDuplicateInvalid(t *testing.T) {
	s := newScene(nil)
	disk := chaingen.NewDisk()
	tree := disk.MustOpen(s.tip.State.Params)
	for _, b := range s.tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatal(err)
		}
	}
	bad := s.goodBlock()
	bad.Txs[0].Outputs[0].Value++
	chaingen.Seal(bad)
	if _, err := tree.AddBlock(bad, now); !errors.Is(err, consensus.Rule("bad-cb-amount")) {
		t.Fatal(err)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, tree := range []*chain.Tree{tree, disk.MustOpen(s.tip.State.Params)} {
		_, err := tree.AddBlock(bad, now)
		if !errors.Is(err, consensus.Rule("duplicate-invalid")) || !consensus.Condemns(err) {
			t.Errorf("block: %v", err)
		}
		if err := tree.AddHeader(&bad.Header, now); !errors.Is(err, consensus.Rule("duplicate-invalid")) {
			t.Errorf("header: %v", err)
		}
	}
}

// A transaction larger than a block is named as such where it stands alone. In a
// block the block's own size comes first, as in Core.
func TestOversizeTransaction(t *testing.T) {
	s := newScene(nil)
	tx := s.goodBlock().Txs[1]
	tx.Outputs[0].Script = make([]byte, 1_000_000-tx.Size()+25-4) // its length takes five bytes, not one
	for _, row := range []struct {
		size int
		rule consensus.Rule
	}{{1_000_000, ""}, {1_000_001, "bad-txns-oversize"}} {
		for tx.Size() < row.size {
			tx.Outputs[0].Script = append(tx.Outputs[0].Script, 0)
		}
		if err := consensus.CheckTx(tx); len(tx.Bytes()) != row.size || consensus.RuleOf(err) != row.rule {
			t.Errorf("%d bytes: %v", len(tx.Bytes()), err)
		}
	}
	if err := s.apply(chaingen.Seal(s.tip.Template("large", tx))); !errors.Is(err, consensus.Rule("bad-blk-length")) {
		t.Errorf("in a block: %v", err)
	}
}

// Two hashes of the merkle tree side by side are 64 bytes, and so may a
// transaction be. A block without a coinbase but with such a transaction may be the
// tree of an honest block taken one level too high: the header stays innocent
// (CVE-2012-2459's cousin, CVE-2017-12842).
func TestSixtyFourByteTransaction(t *testing.T) {
	s := newScene(nil)
	tx := s.goodBlock().Txs[1]
	tx.Inputs[0].Script, tx.Outputs = nil, []block.Output{{Script: make([]byte, 4)}}
	if n := len(tx.Bytes()); n != 64 {
		t.Fatalf("%d bytes", n)
	}
	b := s.tip.Template("no coinbase", tx)
	b.Txs = b.Txs[1:]
	tree := s.tree(t)
	_, err := tree.AddBlock(chaingen.Seal(b), now)
	if info, _ := tree.Info(b.Hash()); !errors.Is(err, consensus.Rule("bad-txnmrklroot")) || info.Status.Invalid() {
		t.Errorf("64 bytes: %v, status %b", err, info.Status)
	}
	b.Txs[0].Outputs[0].Script = make([]byte, 5)
	_, err = tree.AddBlock(chaingen.Seal(b), now)
	if info, _ := tree.Info(b.Hash()); !errors.Is(err, consensus.Rule("bad-cb-missing")) || !info.Status.Invalid() {
		t.Errorf("65 bytes: %v, status %b", err, info.Status)
	}
}

// The height in the coinbase at every height where its form changes (BIP34).
func TestHeightInCoinbase(t *testing.T) {
	want := map[int][]byte{
		1: {0x51}, 2: {0x52}, 16: {0x60}, 17: {1, 17}, 127: {1, 127}, 128: {2, 128, 0}, 255: {2, 255, 0}, 256: {2, 0, 1},
	}
	wrong := map[int][]byte{
		1: {1, 1}, 2: {0x51}, 16: {1, 16}, 17: {0x61, 0}, 127: {2, 127, 0}, 128: {1, 128}, 255: {1, 255}, 256: {2, 1, 0},
	}
	tip := chaingen.Genesis(chaingen.Network())
	for height := 1; height <= 256; height++ {
		for _, try := range []struct {
			script []byte
			rule   consensus.Rule
		}{{want[height], ""}, {wrong[height], "bad-cb-height"}} {
			if try.script == nil {
				continue
			}
			b := tip.Template("")
			b.Txs[0].Inputs[0].Script = append(bytes.Clone(try.script), 0, 0)
			_, _, err := consensus.ApplyBlock(tip.State, consensus.NewBlock(chaingen.Seal(b)), nil, tip.Verifier)
			if consensus.RuleOf(err) != try.rule {
				t.Errorf("height %d: coinbase starts with %x: %v", height, try.script, err)
			}
		}
		tip = tip.Mine("")
	}
}

// ApplyBlock is about one place: a block that builds on another parent is not
// judged at all.
func TestAnotherParent(t *testing.T) {
	s := newScene(nil)
	b := s.tip.Parent.Mine("elsewhere")
	if err := s.apply(b.Block); !errors.Is(err, consensus.ErrNoParent) || consensus.Condemns(err) {
		t.Errorf("got %v", err)
	}
}
