package store

import (
	"maps"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// everything checks all that is stored: the blocks of the best chain by replaying them,
// those of the other branches one by one, and then every key: is it one of those that
// there should be?
func (c *checker) everything(progress func(done, total int)) error {
	total := 0
	var side []chain.Entry // all others are kept by the tree
	for i := range c.entries {
		e := &c.entries[i]
		if e.Status&chain.HasBody == 0 {
			continue
		}
		total++
		if at, _ := c.tree.At(e.Height); at != e.HeaderHash {
			side = append(side, *e)
		}
	}
	c.keys[keyEntry], c.keys[keyMeta] = len(c.entries), 3
	c.entries = side
	done := 0
	tick := func() {
		progress(done, total)
		done++
	}
	whole, err := c.replay(tick)
	if err != nil {
		return err
	}
	if err := c.branches(tick); err != nil {
		return err
	}
	if err := c.countKeys(whole); err != nil {
		return err
	}
	progress(total, total)
	return nil
}

// replay validates the best chain again from genesis on and compares the results with what
// is stored. whole is false if it could not come to the end.
func (c *checker) replay(tick func()) (whole bool, err error) {
	state := consensus.Genesis(c.tree.Params())
	coins := make(map[block.Outpoint]*consensus.Coin)
	tick()
	if err := c.genesis(chain.Point{Hash: state.Hash}); err != nil {
		return false, err
	}
	for tip := c.tree.Tip().Height; state.Height < tip; {
		tick()
		s, err := c.block(state.Height + 1)
		if err != nil || s == nil {
			return false, err
		}
		hashed := consensus.WithIDs(s.Block, s.IDs)
		next, delta, err := consensus.ApplyBlock(state, hashed, gather(coins, consensus.Needs(state, hashed)), c.tree.Verifier())
		if err != nil {
			return false, c.report("block %s at height %d is on the best chain: %v", s.Hash, s.Height, err)
		}
		s.Delta = delta // as validated now, not as undo data has it
		if err := c.step(s); err != nil {
			return false, err
		}
		for i := range delta.Created {
			coins[delta.Created[i].Outpoint] = &delta.Created[i].Coin
		}
		for i := range delta.Spent {
			delete(coins, delta.Spent[i].Outpoint)
		}
		state = next
	}
	return true, c.coins(coins)
}

// coinsAtOnce is how many coins are compared at once: what should be there is encoded before it
// is compared, and takes several times a coin's memory.
const coinsAtOnce = 1000

// coins checks that exactly these coins are stored, as far as their keys are concerned;
// countKeys finds those that are too many.
func (c *checker) coins(coins map[block.Outpoint]*consensus.Coin) error {
	some := make(map[block.Outpoint]*consensus.Coin, coinsAtOnce)
	for o, coin := range coins {
		some[o] = coin
		if len(some) < coinsAtOnce {
			continue
		}
		if err := c.expect("the coins", func(w *writer) { w.coins(some) }); err != nil {
			return err
		}
		clear(some)
	}
	return c.expect("the coins", func(w *writer) { w.coins(some) })
}

// genesis is stored, but makes no step.
func (c *checker) genesis(p chain.Point) error {
	b, err := c.body(p.Hash)
	if err != nil || b.Block == nil {
		return err
	}
	return c.expect("the genesis block", func(w *writer) {
		w.best(p)
		w.body(p, b)
	})
}

func gather(coins map[block.Outpoint]*consensus.Coin, of []block.Outpoint) consensus.Coins {
	out := make(consensus.Coins, len(of))
	for _, o := range of {
		if coin, there := coins[o]; there {
			out[o] = coin
		}
	}
	return out
}

// branches looks at the bodies that are not on the best chain, and at the undo
// data of those that were.
func (c *checker) branches(tick func()) error {
	for i := range c.entries {
		e := &c.entries[i]
		p := chain.Point{Hash: e.HeaderHash, Height: e.Height}
		tick()
		b, err := c.body(p.Hash)
		if err != nil {
			return err
		}
		if b.Block == nil {
			continue
		}
		if err := c.expect("block "+p.Hash.String(), func(w *writer) { w.body(p, b) }); err != nil {
			return err
		}
		if e.Status&chain.Connected == 0 {
			continue
		}
		c.keys[keyUndo]++
		undo, err := c.undo(p.Hash, p.Height)
		if err != nil {
			return err
		}
		parent, _ := c.tree.Info(e.Header.Prev)
		if undo != nil {
			if _, err = consensus.DeltaOf(parent.State, b, undo); err != nil {
				err = c.report("block %s at height %d: %v", p.Hash, p.Height, err)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countKeys reads every key there is: of no kind may there be more than was
// expected, which was found before.
func (c *checker) countKeys(whole bool) error {
	counted := make(map[byte]int)
	reorgs := uint64(0)
	err := c.db.each(c.from, nil, "reading every key", func(key, value []byte) error {
		kind := key[0]
		counted[kind]++
		if kinds[kind] == "" {
			return c.report("key %x is none of ours", key)
		}
		if kind != keyReorg {
			return nil
		}
		reorgs++
		if number, err := c.db.reorgNumber(key); err != nil || number != reorgs {
			return c.report("journal: entry %d is missing", reorgs)
		}
		_, err := c.db.reorg(key, value)
		return c.reportDamage(err)
	})
	if err := c.reportDamage(err); err != nil {
		return err
	}
	c.keys[keyReorg] = int(reorgs)
	if !whole || maps.Equal(counted, c.keys) {
		return nil
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if counted[kind] != c.keys[kind] {
			if err := c.report("%s: there are %d, should be %d", kinds[kind], counted[kind], c.keys[kind]); err != nil {
				return err
			}
		}
	}
	return nil
}
