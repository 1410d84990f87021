package chain_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
)

// trusting allows every input, so that a fuzzer, which cannot sign, gets past the
// signatures.
type trusting struct{ chain.P2PKH }

func (trusting) Check(*block.Tx, int, block.Output) error { return nil }

// Whatever bytes a block is made of, the judge answers and does not panic, a Tree
// says the same, and what is accepted has one encoding only. Each three bytes of
// edits change one byte of a good block: place and difference. how says whether the
// merkle root and the nonce are made good again, without which nothing would get
// far, or that edits are the whole block.
func FuzzApplyBlock(f *testing.F) {
	s := newScene(func(p *chain.Params) { p.Spending, p.BIP34 = trusting{}, 14 }) // so BIP30 is asked too
	good := chaingen.Seal(s.goodBlock()).Bytes()
	disk := chaingen.NewDisk()
	history := disk.MustOpen(s.tip.State.Params)
	for _, b := range s.tip.Chain()[1:] {
		if _, err := history.AddBlock(b.Block, now); err != nil {
			f.Fatal(err)
		}
	}
	if err := history.Flush(); err != nil {
		f.Fatal(err)
	}
	for how := range byte(4) {
		f.Add([]byte{}, how)
		f.Add([]byte{0, 68, 1, 0, 200, 255, 1, 44, 1}, how)
	}
	f.Add(good, byte(7))
	f.Add(append(bytes.Clone(good[:80]), 0), byte(7))
	f.Fuzz(func(t *testing.T, edits []byte, how byte) {
		raw := edits
		if how&4 == 0 {
			raw = bytes.Clone(good)
			for ; len(edits) >= 3; edits = edits[3:] {
				raw[(int(edits[0])<<8|int(edits[1]))%len(raw)] ^= edits[2]
			}
		}
		b, err := block.Parse(raw)
		if err != nil {
			return
		}
		if how&1 != 0 {
			b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
		}
		if _, easy := easiest[b.Header.Bits]; easy && how&2 != 0 {
			chaingen.Search(&b.Header)
		}
		raw = b.Bytes()
		coins := s.tip.Coins(chain.Needs(s.tip.State, b, b.TxIDs()))
		next, delta, err := chain.ApplyBlock(s.tip.State, b, coins)
		tree := disk.Clone().MustOpen(s.tip.State.Params)
		change, treeErr := tree.AddBlock(b, now)
		if chain.RuleOf(err) != chain.RuleOf(treeErr) || (err == nil) != (treeErr == nil) && !errors.Is(treeErr, chain.ErrKnown) {
			if chain.RuleOf(treeErr) != chain.TimeTooNew && b.Header.Prev == s.tip.Hash {
				t.Fatalf("ApplyBlock says %v, the tree %v", err, treeErr)
			}
		}
		if err := tree.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		again, err := block.Parse(raw)
		if err != nil || !bytes.Equal(again.Bytes(), raw) || again.Hash() != next.Hash {
			t.Fatalf("accepted, but its bytes are not its own: %v", err)
		}
		if treeErr == nil && (len(change.Applied) != 1 || tree.Tip() != next) {
			t.Fatalf("tip %+v, want %+v", tree.Tip(), next)
		}
		want := s.tip.Follow("fuzzed", b)
		var made []block.Outpoint
		for _, c := range append(delta.Created, delta.Spent...) {
			made = append(made, c.Outpoint)
		}
		got, err := tree.Coins(made)
		if err != nil || treeErr == nil && len(got) != len(want.Coins(made)) {
			t.Fatalf("%d coins, want %d: %v", len(got), len(want.Coins(made)), err)
		}
	})
}

// A random set of valid and invalid blocks in a random order, with flushes,
// restarts and overruling by hand: nothing breaks what must hold of the tree. The
// seed draws the forest and each byte of script is one event.
func FuzzTree(f *testing.F) {
	f.Add(uint64(1), []byte("some blocks in order: \x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"))
	f.Add(uint64(2), []byte{40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 5, 4, 3, 2, 1, 0, 250, 7, 251, 9, 252, 11, 253, 12, 254, 255})
	f.Add(uint64(3), bytes.Repeat([]byte{0, 10, 20, 250, 30, 251, 5, 15, 252, 25, 253}, 6))
	forests := make(map[uint64]*forest) // drawing one costs more than playing it
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		seed %= 8
		drawn := forests[seed]
		if drawn == nil {
			drawn = newForest(rand.New(rand.NewPCG(seed, 2)), 24)
			forests[seed] = drawn
		}
		played := *drawn
		played.dice = rand.New(rand.NewPCG(seed, 3))
		r := &trial{forest: &played, disk: chaingen.NewDisk(), oracle: newOracle(drawn.blocks[0].Parent), now: now}
		r.tree = r.disk.MustOpen(r.params)
		for i, event := range script[:min(len(script), 200)] {
			var err error
			switch {
			case event >= 253:
				err = r.overrule()
			case event == 252:
				err = errors.Join(r.flush(), r.restart())
			case event >= 250:
				err = r.flush()
			default:
				err = r.deliver(r.blocks[int(event)%len(r.blocks)])
			}
			if err = errors.Join(err, r.check()); err != nil {
				t.Fatalf("event %d, %d: %v", i, event, err)
			}
		}
	})
}

// Whatever stands in an input, P2PKH does not panic, and judges the same whether it
// remembers keys or not.
func FuzzP2PKH(f *testing.F) {
	remembers := chain.NewP2PKH()
	script := chaingen.Miner.Script()
	tx := &block.Tx{Inputs: []block.Input{{}}, Outputs: []block.Output{{Value: 1, Script: script}}}
	for _, key := range [][]byte{chaingen.Miner.Public(), chaingen.Miner.Private.PubKey().SerializeUncompressed(), alice.Public(), {2}} {
		f.Add(block.PubKeyHashInput(chaingen.Miner.Signature(tx, 0, script, block.SigAll), key))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		tx := *tx
		tx.Inputs = []block.Input{{Script: input}}
		out := block.Output{Script: script}
		if _, key, _, err := block.ParsePubKeyHashInput(input); err == nil {
			out.Script = block.PubKeyHashScript(block.Hash160(key))
		}
		want := fmt.Sprint(chain.P2PKH{}.Check(&tx, 0, out))
		for range 2 {
			if got := fmt.Sprint(remembers.Check(&tx, 0, out)); got != want {
				t.Fatalf("input %x: %s, without memory %s", input, got, want)
			}
		}
	})
}

// Eight hex digits, and nothing else, are bits.
func FuzzParseBits(f *testing.F) {
	f.Add("1f00ffff")
	f.Add("+0000001")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := chain.ParseBits(s)
		if again := fmt.Sprintf("%08x", n); err == nil && again != strings.ToLower(s) {
			t.Fatalf("%q became %s", s, again)
		}
	})
}
