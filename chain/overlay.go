package chain

import (
	"fmt"
	"slices"

	"toychain/block"
	"toychain/consensus"
)

// The coin set is looked up in layers, the upper before the lower:
//
//	overlay          what a move of the tip that is being worked out would change
//	pending.Coins    what changed since the last Commit
//	Tree.cache       some of what the disk holds
//	Disk             as of the last Commit
//
// When a move is made, its overlay is merged into the layer below; when it is refused, the
// overlay is dropped and nothing has happened.

// changes records how coins differ from the layer below.
type changes struct {
	coins map[block.Outpoint]*consensus.Coin // nil: spent
	// fresh are those of them that the layer below does not have at all (Core:
	// CCoinsCacheEntry::FRESH). If one is spent, there is no change: a coin that is created
	// and spent between two Commits never reaches the disk. Coinbases are never fresh,
	// because their txids were not always unique (BIP30).
	fresh map[block.Outpoint]struct{}
}

func newChanges(size int) changes {
	return changes{make(map[block.Outpoint]*consensus.Coin, size), make(map[block.Outpoint]struct{}, size)}
}

// create records that coin o exists. fresh says that the layer below does not have it; if o
// is already among the changes, what is known about it there holds.
func (c *changes) create(o block.Outpoint, coin *consensus.Coin, fresh bool) {
	if _, known := c.coins[o]; !known && fresh && !coin.Coinbase {
		c.fresh[o] = struct{}{}
	}
	c.coins[o] = coin
}

// spend marks o spent. If the layer below does not have it, it need never see it.
func (c *changes) spend(o block.Outpoint) {
	if _, fresh := c.fresh[o]; fresh {
		delete(c.fresh, o)
		delete(c.coins, o)
		return
	}
	c.coins[o] = nil
}

// overlay is the coin set as it would be after some Deltas on top of the tree's.
type overlay struct {
	tree *Tree
	changes
}

func (v *overlay) apply(d consensus.Delta) {
	if v.coins == nil {
		v.changes = newChanges(len(d.Created) + len(d.Spent))
	}
	for i := range d.Created {
		v.create(d.Created[i].Outpoint, &d.Created[i].Coin, true)
	}
	for i := range d.Spent {
		v.spend(d.Spent[i].Outpoint)
	}
}

// lookUp returns those of the outpoints that are unspent: here, in the layers below.
func (v *overlay) lookUp(of []block.Outpoint) (consensus.Coins, error) {
	out := make(consensus.Coins, len(of))
	var ask []block.Outpoint
	for _, o := range of {
		coin, known := v.coins[o]
		if !known {
			coin, known = v.tree.pending.Coins[o]
		}
		if !known {
			coin, known = v.tree.cache[o]
		}
		if !known {
			ask = append(ask, o)
		} else if coin != nil {
			out[o] = coin
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	if err := v.tree.disk.Coins(ask, out); err != nil {
		return nil, fmt.Errorf("reading coins: %w", err)
	}
	if v.tree.disk.CachedCoins() > 0 {
		for _, o := range ask {
			if coin, there := out[o]; there {
				v.tree.cache[o] = coin
			}
		}
	}
	return out, nil // absent coins are not cached: a peer can ask for any number of them
}

// Coins returns those of the outpoints that are unspent at the tip.
func (t *Tree) Coins(of []block.Outpoint) (consensus.Coins, error) {
	return (&overlay{tree: t}).lookUp(of)
}

// merge adds an overlay's changes to the next Commit.
func (t *Tree) merge(from changes) {
	if len(t.pending.Coins) == 0 { // nothing to add up
		t.pending.Coins, t.pending.fresh = from.coins, from.fresh
		return
	}
	all := changes{t.pending.Coins, t.pending.fresh}
	for o, coin := range from.coins {
		if coin != nil {
			_, fresh := from.fresh[o]
			all.create(o, coin, fresh)
		} else {
			all.spend(o)
		}
	}
}

// detached returns a copy of a coin whose script does not share memory with its block: one
// small coin in the cache would keep the whole block in memory.
func detached(c *consensus.Coin) *consensus.Coin {
	d := *c
	d.Script = slices.Clone(d.Script)
	return &d
}
