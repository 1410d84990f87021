package consensus_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/internal/curve"
)

// trusting allows every input, so that a fuzzer, which cannot sign, gets past the
// signatures.
type trusting struct{ consensus.P2PKH }

func (trusting) Check(*block.Tx, int, block.Output) error { return nil }

// Whatever bytes a block is made of, the judge answers and does not panic, a Tree
// says the same, and what is accepted has one encoding only. Each three bytes of
// edits change one byte of a good block: place and difference. how says whether the
// merkle root and the nonce are made good again, without which nothing would get
// far, or that edits are the whole block.
func FuzzApplyBlock(f *testing.F) {
	s := newSceneWith(trusting{}, func(p *consensus.Params) { p.BIP34 = 14 }) // so BIP30 is asked too
	good := chaingen.Seal(s.goodBlock()).Bytes()
	disk := chaingen.NewDisk()
	disk.Verifier = s.tip.Verifier
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
		coins := s.tip.Coins(consensus.Needs(s.tip.State, consensus.NewBlock(b)))
		next, delta, err := consensus.ApplyBlock(s.tip.State, consensus.NewBlock(b), coins, s.tip.Verifier)
		tree := disk.Clone().MustOpen(s.tip.State.Params)
		change, treeErr := tree.AddBlock(b, now)
		if consensus.RuleOf(err) != consensus.RuleOf(treeErr) || (err == nil) != (treeErr == nil) && !errors.Is(treeErr, chain.ErrKnown) {
			if consensus.RuleOf(treeErr) != consensus.TimeTooNew && b.Header.Prev == s.tip.Hash {
				t.Fatalf("ApplyBlock says %v, the tree %v", err, treeErr)
			}
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

// Whatever stands in an input, P2PKH does not panic, and judges the same whether it
// remembers keys or not.
func FuzzP2PKH(f *testing.F) {
	remembers := curve.P2PKH()
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
		want := fmt.Sprint(consensus.P2PKH{}.Check(&tx, 0, out))
		for range 2 {
			if got := fmt.Sprint(remembers.Check(&tx, 0, out)); got != want {
				t.Fatalf("input %x: %s, without memory %s", input, got, want)
			}
		}
	})
}
