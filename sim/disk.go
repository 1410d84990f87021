package sim

import (
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// disk is a chain.Disk in memory. Bodies are shared with the other nodes: nothing changes a block.
type disk struct {
	bodies map[block.Hash]*block.Block
	undos  map[block.Hash][]consensus.Coin
	coins  map[block.Outpoint]consensus.Coin
}

func newDisk() *disk {
	return &disk{bodies: map[block.Hash]*block.Block{}, undos: map[block.Hash][]consensus.Coin{}, coins: map[block.Outpoint]consensus.Coin{}}
}

func (d *disk) Coins(of []block.Outpoint, into consensus.Coins) error {
	for _, o := range of {
		if c, ok := d.coins[o]; ok {
			into[o] = c
		}
	}
	return nil
}

func (d *disk) Block(hash block.Hash) (*block.Block, error) {
	if b, ok := d.bodies[hash]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("no body of block %s is stored", hash)
}

func (d *disk) Undo(hash block.Hash) ([]consensus.Coin, error) {
	if u, ok := d.undos[hash]; ok {
		return u, nil
	}
	return nil, fmt.Errorf("no undo data of block %s is stored", hash)
}

func (d *disk) Put(_ []chain.Entry, bodies []consensus.Block) error {
	for _, b := range bodies {
		d.bodies[b.Header.Hash()] = b.Block
	}
	return nil
}

func (d *disk) Commit(c *chain.Commit) error {
	for _, s := range c.Steps {
		if s.Connect {
			d.undos[s.Hash] = s.Delta.Undo()
		}
	}
	for o, coin := range c.Coins {
		if coin == nil {
			delete(d.coins, o)
		} else {
			d.coins[o] = *coin
		}
	}
	return nil
}

func (d *disk) Wait() error { return nil }
func (d *disk) Sync() error { return nil }
