package rogue

import (
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// disk is a chain.Disk in memory.
type disk struct {
	bodies map[block.Hash]*block.Block
	undos  map[block.Hash][]consensus.Coin
	coins  consensus.Coins
}

func newDisk() *disk {
	return &disk{make(map[block.Hash]*block.Block), make(map[block.Hash][]consensus.Coin), make(consensus.Coins)}
}

// Coins implements chain.Disk.
func (d *disk) Coins(of []block.Outpoint, into consensus.Coins) error {
	for _, o := range of {
		if c, ok := d.coins[o]; ok {
			into[o] = c
		}
	}
	return nil
}

// Block implements chain.Disk.
func (d *disk) Block(hash block.Hash) (*block.Block, error) {
	b := d.bodies[hash]
	if b == nil {
		return nil, fmt.Errorf("no body of block %s", hash)
	}
	return b, nil
}

// Undo implements chain.Disk.
func (d *disk) Undo(hash block.Hash) ([]consensus.Coin, error) {
	undo, ok := d.undos[hash]
	if !ok {
		return nil, fmt.Errorf("no undo data of block %s", hash)
	}
	return undo, nil
}

// Commit implements chain.Disk.
func (d *disk) Commit(c *chain.Commit) error {
	for _, b := range c.Blocks {
		d.bodies[b.Hash()] = b
	}
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
