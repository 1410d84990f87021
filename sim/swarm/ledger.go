package swarm

import (
	"fmt"
	"math/big"
	"slices"

	"toychain/block"
	"toychain/consensus"
)

// ledger holds every block that was ever made, and what follows from it by the rules: worked out
// from genesis, block by block, in the simplest way.
type ledger struct {
	params *consensus.Params
	facts  map[block.Hash]*fact
	within map[block.Hash][]*fact // of each transaction, the blocks that have it
	made   []block.Outpoint       // every output of every block
	known  map[block.Outpoint]bool
	forged map[block.Hash]bool // transactions with a bad signature
	latest uint32              // the latest time of any header
}

// fact is one block.
type fact struct {
	*block.Block
	hash   block.Hash
	parent *fact
	height block.Height
	work   *big.Int // of all blocks up to this one
	ids    []block.Hash

	broken string // rule that it or an ancestor breaks; "": none
	coins  map[block.Outpoint]consensus.Coin
	issued block.Amount // all coins together: subsidies, less what was burnt
	blame  bool         // whoever relays it should have known
}

func newLedger(p *consensus.Params) *ledger {
	l := &ledger{params: p, facts: map[block.Hash]*fact{}, within: map[block.Hash][]*fact{}, known: map[block.Outpoint]bool{}, forged: map[block.Hash]bool{}}
	g := &fact{Block: p.Genesis, hash: p.Genesis.Hash(), work: workOf(p.Genesis.Header.Bits), coins: map[block.Outpoint]consensus.Coin{}}
	l.facts[g.hash] = g
	return l
}

// add adds a block, whose parent is there.
func (l *ledger) add(b *block.Block) *fact {
	hash := b.Hash()
	if f := l.facts[hash]; f != nil {
		return f
	}
	parent := l.facts[b.Header.Prev]
	f := &fact{Block: b, hash: hash, parent: parent, height: parent.height + 1, ids: b.TxIDs()}
	f.work = new(big.Int).Add(parent.work, workOf(b.Header.Bits))
	f.broken = parent.broken
	if f.broken == "" {
		f.broken = l.replay(f)
	}
	l.facts[hash] = f
	l.latest = max(l.latest, b.Header.Time)
	for i, id := range f.ids {
		l.within[id] = append(l.within[id], f)
		for n := range b.Txs[i].Outputs {
			if o := (block.Outpoint{TxID: id, Index: uint32(n)}); !l.known[o] {
				l.known[o] = true
				l.made = append(l.made, o)
			}
		}
	}
	return f
}

// replay applies a block to the coins of its parent, and returns the rule that it breaks.
func (l *ledger) replay(f *fact) string {
	if broken := l.header(f); broken != "" {
		return broken
	}
	f.coins = make(map[block.Outpoint]consensus.Coin, len(f.parent.coins)+4)
	for o, c := range f.parent.coins {
		f.coins[o] = c
	}
	var fees, burnt block.Amount
	for i, tx := range f.Txs {
		if tx.IsCoinbase() != (i == 0) {
			return "one coinbase, and it comes first"
		}
		if i > 0 {
			if l.forged[f.ids[i]] {
				return "a signature is wrong"
			}
			fee, broken := l.spend(f.coins, tx, f.height)
			if broken != "" {
				return broken
			}
			fees += fee
		}
		for n := range tx.Outputs {
			if block.Unspendable(tx.Outputs[n].Script) {
				burnt += tx.Outputs[n].Value
				continue
			}
			f.coins[block.Outpoint{TxID: f.ids[i], Index: uint32(n)}] = consensus.Coin{Output: tx.Outputs[n], Height: f.height, Coinbase: i == 0, MedianTime: f.parent.median()}
		}
	}
	subsidy := l.subsidy(f.height)
	paid := sum(f.Txs[0].Outputs)
	if paid > subsidy+fees {
		return "the coinbase pays too much"
	}
	f.issued = f.parent.issued + paid - fees - burnt // fees came from coins, and paid has them
	return ""
}

func (l *ledger) subsidy(at block.Height) block.Amount {
	return l.params.Subsidy >> (at / l.params.Halving)
}

// header returns the rule that a header breaks, or the merkle tree under it.
func (l *ledger) header(f *fact) string {
	switch root, mutated := block.MerkleRoot(f.ids); {
	case f.Header.Time <= f.parent.median():
		return "the time is not after the median"
	case f.Header.Bits != l.nextBits(f.parent):
		return fmt.Sprintf("the target is %08x, not %08x", f.Header.Bits, l.nextBits(f.parent))
	case f.Header.Version < 4:
		return "the version is too old"
	case root != f.Header.MerkleRoot || mutated:
		return "the merkle root is another one"
	}
	return ""
}

// spend takes a transaction's coins, if it may be in a block at this height, and returns its fee.
func (l *ledger) spend(coins map[block.Outpoint]consensus.Coin, tx *block.Tx, at block.Height) (fee block.Amount, broken string) {
	for i := range tx.Inputs {
		o := tx.Inputs[i].Prev
		c, there := coins[o]
		if !there {
			return 0, fmt.Sprintf("coin %s is not there", o)
		}
		if c.Coinbase && at-c.Height < l.params.Maturity {
			return 0, fmt.Sprintf("coin %s is spent at depth %d", o, at-c.Height)
		}
		fee += c.Value
		delete(coins, o)
	}
	if fee -= sum(tx.Outputs); fee < 0 {
		return 0, "more is paid than spent"
	}
	return fee, ""
}

func sum(outputs []block.Output) (all block.Amount) {
	for i := range outputs {
		all += outputs[i].Value
	}
	return all
}

// median is the median time of the last eleven blocks.
func (f *fact) median() uint32 {
	var times []uint32
	for at := f; at != nil && len(times) < 11; at = at.parent {
		times = append(times, at.Header.Time)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// earliest is the earliest time that a miner gives to the block after f: later than the median and,
// where the target may change, at most ten minutes before its parent.
func (l *ledger) earliest(f *fact) uint32 {
	at := f.median() + 1
	if w := block.Height(l.params.Window); w > 0 && (f.height+1)%w == 0 {
		at = max(at, f.Header.Time-600)
	}
	return at
}

// nextBits returns the target that the block after f must claim: the last one times how long the
// window took, between a quarter and four times as long as it should.
func (l *ledger) nextBits(f *fact) uint32 {
	window := block.Height(l.params.Window)
	if window == 0 || (f.height+1)%window != 0 {
		return f.Header.Bits
	}
	first := f
	for first.height > f.height+1-window {
		first = first.parent
	}
	wanted := int64(window) * int64(l.params.Spacing.Seconds())
	took := min(max(int64(f.Header.Time)-int64(first.Header.Time), wanted/4), wanted*4)
	target := expand(f.Header.Bits)
	target.Mul(target, big.NewInt(took)).Div(target, big.NewInt(wanted))
	if limit := expand(l.params.Limit); target.Cmp(limit) > 0 {
		target = limit
	}
	return compact(target)
}

// expand and compact convert between a target and its compact form: a mantissa of three bytes and
// the number of bytes.
func expand(bits uint32) *big.Int {
	n := big.NewInt(int64(bits & 0xffffff))
	return n.Rsh(n.Lsh(n, uint(bits>>24)*8), 24)
}

func compact(n *big.Int) uint32 {
	raw := n.Bytes()
	if len(raw) > 0 && raw[0] >= 0x80 {
		raw = append([]byte{0}, raw...) // the mantissa has a sign
	}
	size := uint32(len(raw))
	for len(raw) < 3 {
		raw = append(raw, 0)
	}
	return size<<24 | uint32(raw[0])<<16 | uint32(raw[1])<<8 | uint32(raw[2])
}

// workOf is how many hashes a target needs on average: 2^256 / (target + 1).
func workOf(bits uint32) *big.Int {
	n := new(big.Int).Add(expand(bits), big.NewInt(1))
	return n.Div(new(big.Int).Lsh(big.NewInt(1), 256), n)
}

// under reports whether f is on the branch that ends in top.
func (f *fact) under(top *fact) bool {
	for top.height > f.height {
		top = top.parent
	}
	return top == f
}

// confirmed reports whether a transaction is in the chain that ends in top.
func (l *ledger) confirmed(id block.Hash, top *fact) bool {
	return slices.ContainsFunc(l.within[id], func(f *fact) bool { return f.under(top) })
}

// build makes a block on parent, all but its work.
func (l *ledger) build(parent *fact, now uint32, extra uint64, script []byte, txs ...*block.Tx) *block.Block {
	coinbase := &block.Tx{Version: 1,
		Inputs:  []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal, Script: block.CoinbaseScript(parent.height+1, extra, "x")}},
		Outputs: []block.Output{{Value: l.subsidy(parent.height + 1), Script: script}}}
	b := &block.Block{Header: block.Header{Version: 0x20000000, Prev: parent.hash, Bits: l.nextBits(parent), Time: max(now, parent.median()+1)},
		Txs: append([]*block.Tx{coinbase}, txs...)}
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	return b
}
