package chain

import (
	"math/rand/v2"
	"testing"

	"toychain/block"
	"toychain/consensus"
)

// Whatever is made and spent, on overlays that are merged and in batches that are
// written, the disk has the coins that a plain set has, and is told of no coin that it
// neither had nor is to have, coinbases apart.
func TestChangesComeToTheDisk(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	tree := &Tree{}
	wipe := func() {
		tree.pending = pending{}
	}
	wipe()
	disk, set := make(map[block.Outpoint]consensus.Coin), make(map[block.Outpoint]consensus.Coin)
	names := make([]block.Outpoint, 6)
	for i := range names {
		names[i].Index = uint32(i)
	}
	told := 0
	for range 20_000 {
		over := overlay{tree: tree}
		for range 1 + dice.IntN(6) {
			o := names[dice.IntN(len(names))]
			old, there := set[o]
			coin := consensus.Coin{Height: block.Height(dice.IntN(1000)), Coinbase: o.Index < 2}
			switch {
			case !there, coin.Coinbase && dice.IntN(4) == 0: // an old id once more: BIP30
				over.apply(consensus.Delta{Created: []consensus.UTXO{{Outpoint: o, Coin: coin}}})
				set[o] = coin
			default:
				over.apply(consensus.Delta{Spent: []consensus.UTXO{{Outpoint: o, Coin: old}}})
				delete(set, o)
			}
		}
		tree.merge(over.changes)
		if dice.IntN(3) > 0 {
			continue
		}
		for o, coin := range tree.pending.Coins {
			_, had := disk[o]
			if coin == nil {
				delete(disk, o)
			} else {
				disk[o] = *coin
			}
			if told++; coin == nil && !had && o.Index >= 2 {
				t.Fatalf("told that coin %d is gone, which it never had", o.Index)
			}
		}
		wipe()
		for _, o := range names {
			want, there := set[o]
			if got, has := disk[o]; has != there || got.Height != want.Height {
				t.Fatalf("coin %d on disk: %v %v, want %v %v", o.Index, got, has, want, there)
			}
		}
	}
	if told == 0 {
		t.Error("the disk was told of nothing")
	}
}
