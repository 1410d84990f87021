package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// sealed is a block, ready to be submitted.
type sealed struct {
	hash block.Hash
	hex  string
}

func seal(blocks ...*chaingen.Block) []sealed {
	out := make([]sealed, len(blocks))
	for i, b := range blocks {
		out[i] = sealed{b.Hash, hex.EncodeToString(b.Bytes())}
	}
	return out
}

// size is how much of everything is measured.
type size struct {
	rounds              int // turns of each contender in each row
	empty               int // blocks in the chain of empty blocks
	payments            int // in each full block
	full                int // full blocks in a row
	spread              int // blocks whose propagation is measured, of each kind; at most full
	reorg               int // blocks that the reorganisation disconnects
	light               int // payments in each of them
	simNodes, simBlocks int // of the network in virtual time
	rest                time.Duration
	search              time.Duration // of one turn of hashing
}

var (
	// everything is the size of a real measurement.
	everything = size{rounds: 7, empty: 10_000, payments: 500, full: 20, spread: 10, reorg: 100, light: 20, simNodes: 1000, simBlocks: 1000,
		rest: 20 * time.Second, search: time.Second}
	// quick shows that measuring works; its figures mean nothing.
	quick = size{rounds: 1, empty: 60, payments: 8, full: 2, spread: 1, reorg: 4, light: 2, simNodes: 10, simBlocks: 10,
		rest: 100 * time.Millisecond, search: 10 * time.Millisecond}
)

// chains are the blocks that every node is given. Each chain starts at regtest's genesis.
type chains struct {
	empty  []sealed // coinbases only, ten minutes apart, the last one now
	simnet []sealed // the same on the genesis block of btcd's simnet: see btcd

	base      []sealed   // up to now, a second apart: creates the coins that the payments spend
	full      []sealed   // on base: full blocks, whose payments use the same keys in each
	pays      [][]string // the payments in each of them
	strangers []sealed   // on base: full blocks, each payment with its own key
	thin      []sealed   // on base: empty blocks
	left      []sealed   // on base: light blocks
	right     []sealed   // on base: one more, with other payments of the same coins

	state consensus.State // after base
	body  *block.Block    // the first of full
	coins consensus.Coins // what it spends
}

// makeChains creates all blocks.
func makeChains(z size, now time.Time) *chains {
	c := &chains{}
	p := consensus.Regtest()
	first := now.Add(-time.Duration(z.empty+1) * p.Spacing)
	c.empty = seal(mine(p, first, z.empty).Chain()[1:]...)
	p.Genesis = simnet(p.Genesis)
	p.Spacing += time.Second // simnet retargets; this keeps it at its lowest difficulty
	first = now.Add(-time.Duration(z.empty+1) * p.Spacing)
	c.simnet = seal(mine(p, first, z.empty).Chain()[1:]...)

	p = consensus.Regtest()
	p.Spacing = time.Second // the generator's distance between blocks; no rule of regtest depends on it
	maturity := int(p.Maturity)
	blocks := maturity + 2 + max(z.full, z.spread, z.reorg+1)
	base := mine(p, now.Add(-time.Duration(2*blocks)*time.Second), maturity+1)
	l := split(base, z.payments)
	base = l.base
	c.base = seal(base.Chain()[1:]...)

	for tip, f := base, l.clone(); len(c.strangers) < z.full; {
		for i := range z.payments {
			f.to[i] = chaingen.NewKey(fmt.Sprint("fresh", len(c.strangers), " ", i))
		}
		tip = f.mine(tip, fmt.Sprint("fresh", len(c.strangers)), z.payments, 0)
		c.strangers = append(c.strangers, seal(tip)...)
	}
	c.state = base.State
	for tip := base; len(c.full) < z.full; {
		tip = l.mine(tip, fmt.Sprint("full", len(c.full)), z.payments, 0)
		if len(c.full) == 0 {
			c.body, c.coins = tip.Block, base.Coins(consensus.Needs(base.State, consensus.NewBlock(tip.Block)))
		}
		c.full = append(c.full, seal(tip)...)
		c.pays = append(c.pays, payments(tip))
	}
	for tip := base; len(c.thin) < z.spread; {
		tip = tip.Mine(fmt.Sprint("thin", len(c.thin)))
		c.thin = append(c.thin, seal(tip)...)
	}
	c.left = branch(base, z, "left", z.reorg, 0)
	c.right = branch(base, z, "right", z.reorg+1, 1)
	return c
}

// simnet returns the genesis block of btcd's simulation network, which differs from regtest's
// only in its time.
func simnet(regtest *block.Block) *block.Block {
	b := *regtest
	b.Header.Time = 1401292357
	return &b
}

// mine returns the last of n empty blocks, the first of which has the given time.
func mine(p *consensus.Params, first time.Time, n int) *chaingen.Block {
	g := chaingen.Genesis(p)
	t := g.Template("first")
	t.Header.Time = uint32(first.Unix())
	return g.Follow("first", chaingen.Seal(t)).MineEmpty("", n-1)
}

// fee is the fee of each payment: enough for both mempools.
const fee = 2_000

// lanes are coins that move from owner to owner, with one payment in each full block.
type lanes struct {
	base *chaingen.Block
	keys []chaingen.Key // of last
	to   []chaingen.Key // the next recipients
	last []consensus.UTXO
}

func (l *lanes) clone() *lanes {
	return &lanes{l.base, slices.Clone(l.keys), slices.Clone(l.to), slices.Clone(l.last)}
}

// split pays the first coinbase out as n coins, in a block on top of tip.
func split(tip *chaingen.Block, n int) *lanes {
	l := &lanes{}
	first := tip.Chain()[1].Reward()
	share := first.Coin.Value/block.Amount(n) - fee
	var to []block.Output
	for i := range n {
		k := chaingen.NewKey(fmt.Sprint("lane", i))
		l.keys, l.to = append(l.keys, k), append(l.to, k)
		to = append(to, k.To(share))
	}
	tx := chaingen.Miner.Pay([]consensus.UTXO{first}, to...)
	l.base = tip.Mine("split", tx)
	for i := range n {
		l.last = append(l.last, l.base.Coin(1, i))
	}
	return l
}

// mine returns a block on top of tip in which n coins move, starting with one lane. extra is
// added to the fee, so that the same coins make other payments.
func (l *lanes) mine(tip *chaingen.Block, name string, n int, extra block.Amount) *chaingen.Block {
	var txs []*block.Tx
	for i := range n {
		tx := l.keys[i].Pay(l.last[i:i+1], l.to[i].To(l.last[i].Coin.Value-fee-extra))
		l.last[i], l.keys[i] = chaingen.Output(tx, 0), l.to[i]
		txs = append(txs, tx)
	}
	return tip.Mine(name, txs...)
}

// branch returns n light blocks on top of base.
func branch(base *chaingen.Block, z size, name string, n int, extra block.Amount) (out []sealed) {
	l := &lanes{}
	for i := range z.light {
		k := chaingen.NewKey(fmt.Sprint("lane", i))
		l.keys, l.to = append(l.keys, k), append(l.to, k)
		l.last = append(l.last, base.Coin(1, i))
	}
	tip := base
	for i := range n {
		tip = l.mine(tip, fmt.Sprint(name, i), z.light, extra)
		out = append(out, seal(tip)...)
	}
	return out
}

// payments returns a block's transactions except the coinbase.
func payments(b *chaingen.Block) (out []string) {
	for _, tx := range b.Txs[1:] {
		out = append(out, hex.EncodeToString(tx.Bytes()))
	}
	return out
}
