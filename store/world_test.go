package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// A world is every block that a test made, with what must be true after each:
// worked out the dumb way, from genesis, without package store.
type world struct {
	testing.TB
	params  *consensus.Params
	keys    []*btcec.PrivateKey
	scripts [][]byte // that keys[i] can spend
	genesis *vertex
	all     []*vertex
	extra   uint64
}

// vertex is a block where it stands, and the state of the world after it.
type vertex struct {
	block  *block.Block
	hash   block.Hash
	ids    []block.Hash
	parent *vertex
	height block.Height
	coins  map[block.Outpoint]consensus.Coin
	spent  []consensus.Coin // by this block, in order of its inputs
}

// regtest with a maturity that lets payments begin at once.
func quickParams() *consensus.Params {
	p := consensus.Regtest()
	p.Name, p.Maturity = "quick", 2
	return p
}

func newWorld(t testing.TB, p *consensus.Params) *world {
	w := &world{TB: t, params: p}
	for i := range 4 {
		key, _ := btcec.PrivKeyFromBytes([]byte{31: byte(i + 1)})
		w.keys = append(w.keys, key)
		w.scripts = append(w.scripts, block.PubKeyHashScript(block.Hash160(key.PubKey().SerializeCompressed())))
	}
	w.genesis = &vertex{block: p.Genesis, hash: p.Genesis.Hash(), ids: p.Genesis.TxIDs(), coins: map[block.Outpoint]consensus.Coin{}}
	w.all = []*vertex{w.genesis}
	return w
}

func (v *vertex) medianTime() uint32 {
	var times []uint32
	for ; v != nil && len(times) < 11; v = v.parent {
		times = append(times, v.block.Header.Time)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// path returns the blocks from genesis to v.
func (v *vertex) path() []*vertex {
	var out []*vertex
	for ; v != nil; v = v.parent {
		out = append(out, v)
	}
	slices.Reverse(out)
	return out
}

// mine makes a block on parent whose coinbase pays to script, or to the first key
// if that is nil.
func (w *world) mine(parent *vertex, script []byte, txs ...*block.Tx) *vertex {
	if script == nil {
		script = w.scripts[0]
	}
	return w.add(parent, w.mineTo(parent, script, txs...))
}

// mineTo is mine without working out what the block does.
func (w *world) mineTo(parent *vertex, script []byte, txs ...*block.Tx) *block.Block {
	height := parent.height + 1
	w.extra++
	coinbase := &block.Tx{
		Version: 1,
		Inputs: []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal,
			Script: block.CoinbaseScript(height, w.extra, "")}},
		Outputs: []block.Output{{Value: w.params.SubsidyAt(height), Script: script}},
	}
	b := &block.Block{Txs: append([]*block.Tx{coinbase}, txs...)}
	b.Header = block.Header{Version: 4, Prev: parent.hash, Time: parent.block.Header.Time + 60, Bits: parent.block.Header.Bits}
	return w.remine(b)
}

// remine makes a block's proof of work anew, over whatever its transactions are now.
func (w *world) remine(b *block.Block) *block.Block {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	target, err := pow.TargetFromBits(b.Header.Bits)
	if err != nil {
		w.Fatal(err)
	}
	if _, found := pow.Search(&b.Header, target, 0, 1<<20); !found {
		w.Fatal("no nonce")
	}
	return b
}

// add works out what the block does to the coins.
func (w *world) add(parent *vertex, b *block.Block) *vertex {
	v := &vertex{block: b, hash: b.Hash(), ids: b.TxIDs(), parent: parent, height: parent.height + 1, coins: maps.Clone(parent.coins)}
	since := parent.medianTime()
	for i, tx := range b.Txs {
		for n := range tx.Inputs {
			if i > 0 {
				coin, there := v.coins[tx.Inputs[n].Prev]
				if !there {
					w.Fatalf("test spends a coin that is not there: %s", tx.Inputs[n].Prev)
				}
				v.spent = append(v.spent, coin)
				delete(v.coins, tx.Inputs[n].Prev)
			}
		}
		for n, out := range tx.Outputs {
			if len(out.Script) > 0 && out.Script[0] == 0x6a {
				continue
			}
			v.coins[block.Outpoint{TxID: v.ids[i], Index: uint32(n)}] =
				consensus.Coin{Output: out, Height: v.height, Coinbase: i == 0, MedianTime: since}
		}
	}
	w.all = append(w.all, v)
	return v
}

// pay spends coins to outputs, with real signatures.
func (w *world) pay(from map[block.Outpoint]consensus.Coin, spend []block.Outpoint, outputs ...block.Output) *block.Tx {
	tx := &block.Tx{Version: 2, Outputs: outputs}
	for _, o := range spend {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: o, Sequence: block.SequenceFinal})
	}
	for i, o := range spend {
		script := from[o].Script
		at := slices.IndexFunc(w.scripts, func(s []byte) bool { return string(s) == string(script) })
		if at < 0 {
			w.Fatalf("no key for %s", o)
		}
		digest := block.SigHash(tx, i, script, block.SigAll)
		sig := append(ecdsa.Sign(w.keys[at], digest[:]).Serialize(), byte(block.SigAll))
		tx.Inputs[i].Script = block.PubKeyHashInput(sig, w.keys[at].PubKey().SerializeCompressed())
	}
	return tx
}

// spendable returns the coins that a block on v may spend, in a fixed order.
func (w *world) spendable(v *vertex) []block.Outpoint {
	var out []block.Outpoint
	for o, c := range v.coins {
		mature := !c.Coinbase || v.height+1-c.Height >= w.params.Maturity
		if _, ours := block.PubKeyHash(c.Script); ours && mature {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, compareOutpoints)
	return out
}

// randomBlock mines a block on parent with a few payments: plain ones, chains of
// payments inside the block, several inputs, notes, and outputs that nobody can spend.
func (w *world) randomBlock(r *rand.Rand, parent *vertex) *vertex {
	coins := maps.Clone(parent.coins)
	free := w.spendable(parent)
	var txs []*block.Tx
	for range r.IntN(4) {
		var spend []block.Outpoint
		var total block.Amount
		for range 1 + r.IntN(2) {
			if len(free) == 0 {
				break
			}
			i := r.IntN(len(free))
			spend = append(spend, free[i])
			total += coins[free[i]].Value
			free = slices.Delete(free, i, i+1)
		}
		if total < 10 {
			continue
		}
		outs := []block.Output{{Value: total / 2, Script: w.scripts[r.IntN(4)]}, {Value: total / 4, Script: w.scripts[r.IntN(4)]}}
		switch r.IntN(5) {
		case 0:
			note, err := block.DataScript(fmt.Appendf(nil, "note %d", w.extra))
			if err != nil {
				w.Fatal(err)
			}
			outs = append(outs, block.Output{Script: note})
		case 1:
			outs = append(outs, block.Output{Value: 1, Script: []byte{0x51}}, block.Output{Script: nil})
		}
		tx := w.pay(coins, spend, outs...)
		txs = append(txs, tx)
		id := tx.ID()
		for n := range 2 { // may be spent in the same block
			o := block.Outpoint{TxID: id, Index: uint32(n)}
			coins[o] = consensus.Coin{Output: outs[n]}
			free = append(free, o)
		}
	}
	return w.mine(parent, w.scripts[r.IntN(4)], txs...)
}

func compareOutpoints(a, b block.Outpoint) int {
	if c := slices.Compare(a.TxID[:], b.TxID[:]); c != 0 {
		return c
	}
	return int(int64(a.Index) - int64(b.Index))
}

// now is the time at which a test's node sees a block: any that is not before it.
func now(v *vertex) time.Time { return time.Unix(int64(v.block.Header.Time)+5, 123e6).UTC() }
