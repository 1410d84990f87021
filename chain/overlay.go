package chain

import (
	"fmt"
	"slices"

	"toychain/block"
	"toychain/consensus"
)

// changes are coins that are not as they are in the coin set below: the tree's, or the
// disk's.
type changes struct {
	coins map[block.Outpoint]*consensus.Coin // nil: spent
	// fresh are those of them that the set below does not have at all (Core:
	// CCoinsCacheEntry::FRESH). If one is spent, nothing has changed: a coin that is made
	// and spent between two Commits never comes to the disk. Coinbases are never fresh:
	// their ids were not always theirs alone (BIP30).
	fresh map[block.Outpoint]struct{}
}

func newChanges(size int) changes {
	return changes{make(map[block.Outpoint]*consensus.Coin, size), make(map[block.Outpoint]struct{}, size)}
}

// make notes that a coin is there now. fresh says that the set below does not have it,
// unless it is among the changes.
func (c *changes) make(o block.Outpoint, coin *consensus.Coin, fresh bool) {
	if _, known := c.coins[o]; !known && fresh && !coin.Coinbase {
		c.fresh[o] = struct{}{}
	}
	c.coins[o] = coin
}

// spend notes that a coin is there no more, and reports whether that is a change.
func (c *changes) spend(o block.Outpoint) bool {
	if _, fresh := c.fresh[o]; fresh {
		delete(c.fresh, o)
		delete(c.coins, o)
		return false
	}
	c.coins[o] = nil
	return true
}

// overlay is the coin set as it would be after some deltas.
type overlay struct {
	tree *Tree
	changes
}

func (v *overlay) apply(d consensus.Delta) {
	if v.coins == nil {
		v.changes = newChanges(len(d.Created) + len(d.Spent))
	}
	for i := range d.Created {
		v.make(d.Created[i].Outpoint, &d.Created[i].Coin, true)
	}
	for i := range d.Spent {
		v.spend(d.Spent[i].Outpoint)
	}
}

// gather looks the outpoints up: here, in the tree's cache, on the disk.
func (v *overlay) gather(of []block.Outpoint) (consensus.Coins, error) {
	out := make(consensus.Coins, len(of))
	var ask []block.Outpoint
	for _, o := range of {
		coin, known := v.coins[o]
		if !known {
			coin, known = v.tree.coins[o]
		}
		if !known {
			ask = append(ask, o)
		} else if coin != nil {
			out[o] = *coin
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	found := make(consensus.Coins, len(ask))
	if err := v.tree.disk.Coins(ask, found); err != nil {
		return nil, fmt.Errorf("reading coins: %w", err)
	}
	for o, coin := range found {
		out[o], v.tree.coins[o] = coin, &coin
	}
	return out, nil // what is not there is not noted: strangers can ask for any number of that
}

// Coins returns those of the outpoints that are unspent at the tip.
func (t *Tree) Coins(of []block.Outpoint) (consensus.Coins, error) {
	return (&overlay{tree: t}).gather(of)
}

// merge makes an overlay's changes the tree's, and the next Flush's.
func (t *Tree) merge(from changes) {
	all := changes{t.pending.Coins, t.fresh}
	for o, coin := range from.coins {
		if coin != nil {
			_, fresh := from.fresh[o]
			all.make(o, coin, fresh)
			t.coins[o] = coin
		} else if all.spend(o) {
			t.coins[o] = nil
		} else {
			delete(t.coins, o)
		}
	}
}

// detached returns a copy of a coin whose script is not part of its block's bytes:
// one small coin in memory would keep the whole block there.
func detached(c *consensus.Coin) *consensus.Coin {
	d := *c
	d.Script = slices.Clone(d.Script)
	return &d
}
