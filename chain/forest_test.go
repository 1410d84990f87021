package chain_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// forest is a random tree of blocks, drawn before any of them is given to anybody:
// payments on every branch that spend the same coins in different ways, times that
// make some branches harder than others, and here and there a block that breaks a
// rule, with more on top of it. The same dice draw the same forest.
type forest struct {
	params   *consensus.Params
	verifier consensus.Verifier
	dice     *rand.Rand
	blocks   []*chaingen.Block // parents before children, genesis left out
	all      []block.Outpoint
}

func newForest(dice *rand.Rand, blocks int) *forest {
	f := &forest{params: chaingen.Network(), dice: dice}
	if dice.IntN(2) == 0 {
		f.params = chaingen.Windowed(4)
	}
	f.verifier = chain.NewVerifier(consensus.P2PKH{}) // drawn and then validated: two checks of each signature
	g := chaingen.Genesis(f.params)
	g.Verifier = f.verifier
	f.keep(g.MineEmpty("trunk", 5).Chain()[1:]...)
	for n := range blocks {
		parent := f.blocks[len(f.blocks)-1]
		if dice.IntN(3) == 0 {
			parent = f.blocks[4+dice.IntN(len(f.blocks)-4)]
		}
		f.keep(f.grow(parent, fmt.Sprint("b", n)))
	}
	return f
}

// disk returns an empty disk whose trees share the forest's verifier.
func (f *forest) disk() *chaingen.Disk {
	d := chaingen.NewDisk()
	d.Verifier = f.verifier
	return d
}

func (f *forest) keep(blocks ...*chaingen.Block) {
	for _, b := range blocks {
		f.blocks = append(f.blocks, b)
		for i := range b.Txs {
			for j := range b.Txs[i].Outputs {
				f.all = append(f.all, block.Outpoint{TxID: b.Txs[i].ID(), Index: uint32(j)})
			}
		}
	}
}

// grow draws one block on parent.
func (f *forest) grow(parent *chaingen.Block, name string) *chaingen.Block {
	b := parent.Template(name, f.payments(parent)...)
	if f.params.Window > 0 {
		b.Header.Time = parent.Header.Time + uint32(1+f.dice.IntN(20))
	}
	if f.dice.IntN(7) == 0 {
		faults[f.dice.IntN(len(faults))](parent, b)
	}
	return parent.Follow(name, chaingen.Seal(b))
}

// payments spends up to three coins of the miner's, some of them made on the way.
func (f *forest) payments(parent *chaingen.Block) (txs []*block.Tx) {
	var purse []consensus.UTXO
	for o, c := range parent.CoinSet() {
		if bytes.Equal(c.Script, miner.Script()) && (!c.Coinbase || parent.Height()+1-c.Height >= 3) {
			purse = append(purse, consensus.UTXO{Outpoint: o, Coin: *c})
		}
	}
	slices.SortFunc(purse, func(a, b consensus.UTXO) int { // a map has no order of its own
		return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index))
	})
	for range f.dice.IntN(4) {
		if len(purse) == 0 {
			break
		}
		i := f.dice.IntN(len(purse))
		c := purse[i]
		part := block.Amount(f.dice.Int64N(int64(c.Value) + 1))
		tx := miner.Pay([]consensus.UTXO{c}, miner.To(part), alice.To((c.Value-part)/2))
		txs = append(txs, tx)
		purse[i] = chaingen.Output(tx, 0)
	}
	return txs
}

// faults each break one rule that only a judge who knows the coins can see, or one
// that anybody sees.
var faults = []func(parent *chaingen.Block, b *block.Block){
	func(_ *chaingen.Block, b *block.Block) { b.Txs[0].Outputs[0].Value++ },
	func(parent *chaingen.Block, b *block.Block) { // a reward that is not mature
		b.Txs = append(b.Txs, chaingen.Move(reward(parent), bob))
	},
	func(parent *chaingen.Block, b *block.Block) { // a coin that never was
		lost := reward(parent)
		lost.Index = 77
		b.Txs = append(b.Txs, chaingen.Move(lost, bob))
	},
	func(_ *chaingen.Block, b *block.Block) { // signed by nobody
		if len(b.Txs) > 1 {
			b.Txs[1].Inputs[0].Script = nil
		} else {
			b.Txs[0].Outputs[0].Value++
		}
	},
	func(_ *chaingen.Block, b *block.Block) { b.Txs[0].Outputs = nil },
	func(_ *chaingen.Block, b *block.Block) { b.Txs[0].Inputs[0].Script[0]++ },
}

// reward returns b's reward, or the one below if b has none.
func reward(b *chaingen.Block) consensus.UTXO {
	for len(b.Txs[0].Outputs) == 0 {
		b = b.Parent
	}
	return b.Reward()
}

// oracle knows which block the tip should be, by remembering everything and
// thinking about nothing: it is told what was delivered and looks through all of
// it each time.
type oracle struct {
	headers []*chaingen.Block        // in the order of their arrival, genesis first
	bodies  map[*chaingen.Block]bool // that were taken in
	order   map[*chaingen.Block]int  // when a block and all below it were there
	banned  map[*chaingen.Block]bool // by hand
	next    int
	loved   int
}

func newOracle(g *chaingen.Block) *oracle {
	return &oracle{
		headers: []*chaingen.Block{g}, bodies: map[*chaingen.Block]bool{g: true},
		order: map[*chaingen.Block]int{g: 0}, banned: make(map[*chaingen.Block]bool),
	}
}

func (o *oracle) clone() *oracle {
	c := newOracle(o.headers[0])
	c.headers, c.next, c.loved = slices.Clone(o.headers), o.next, o.loved
	for b := range o.bodies {
		c.bodies[b] = true
	}
	for b, n := range o.order {
		c.order[b] = n
	}
	for b := range o.banned {
		c.banned[b] = true
	}
	return c
}

// left returns what a crash leaves of o: what is on the disk.
func (o *oracle) left(disk *chaingen.Disk) *oracle {
	c := o.clone()
	c.headers = slices.DeleteFunc(c.headers, func(b *chaingen.Block) bool {
		_, there := disk.Entries[b.Hash]
		return !there && b.Parent != nil
	})
	for b := range o.bodies {
		if disk.Bodies[b.Hash] == nil && b.Parent != nil {
			delete(c.bodies, b)
		}
	}
	for b := range o.order {
		if slices.ContainsFunc(b.Chain(), func(n *chaingen.Block) bool { return !c.bodies[n] }) {
			delete(c.order, b)
		}
	}
	return c
}

func (o *oracle) knows(b *chaingen.Block) bool { return slices.Contains(o.headers, b) }

func (o *oracle) header(b *chaingen.Block) {
	if !o.knows(b) {
		o.headers = append(o.headers, b)
	}
}

// body notes that b is there, and what it completes: children after parents, those
// of one parent in the order of their headers.
func (o *oracle) body(b *chaingen.Block) {
	o.header(b)
	o.bodies[b] = true
	for queue := []*chaingen.Block{b}; len(queue) > 0; queue = queue[1:] {
		b := queue[0]
		_, below := o.order[b.Parent]
		if _, done := o.order[b]; done || !below || !o.bodies[b] {
			continue
		}
		o.next++
		o.order[b] = o.next
		for _, c := range o.headers {
			if c.Parent == b {
				queue = append(queue, c)
			}
		}
	}
}

// allowed reports whether nobody has said that b or a block below it is invalid.
func (o *oracle) allowed(b *chaingen.Block) bool {
	return !slices.ContainsFunc(b.Chain(), func(n *chaingen.Block) bool { return o.banned[n] })
}

// tip is the block with the most work of those that are complete and good, and of
// those the first.
func (o *oracle) tip() *chaingen.Block {
	best := o.headers[0]
	for _, b := range o.headers {
		n, complete := o.order[b]
		if !complete || !b.Valid() || !o.allowed(b) {
			continue
		}
		if c := b.State.Work.Cmp(best.State.Work); c > 0 || c == 0 && n < o.order[best] {
			best = b
		}
	}
	return best
}

// reconsider takes back what was said of b, of those below it and of those above.
func (o *oracle) reconsider(b *chaingen.Block) {
	for n := range o.banned {
		if slices.Contains(b.Chain(), n) || slices.Contains(n.Chain(), b) {
			delete(o.banned, n)
		}
	}
}

// precious makes b the first of its equals, if it is no worse than the tip.
func (o *oracle) precious(b *chaingen.Block) {
	if _, complete := o.order[b]; complete && o.allowed(b) && b.State.Work.Cmp(o.tip().State.Work) >= 0 {
		o.loved--
		o.order[b] = o.loved
	}
}
