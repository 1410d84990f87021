package chaingen

import (
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/network"
	"toychain/pow"
)

// Network returns parameters for quick tests: Bitcoin's regtest (a block costs
// two tries), but a coinbase can be spent after three blocks.
func Network() *consensus.Params {
	p := consensus.Regtest()
	p.Name, p.Maturity = "chaingen", 3
	return p
}

// Windowed returns a network whose difficulty changes: the target starts at the easiest and
// is adjusted every window blocks, which should be ten seconds apart.
func Windowed(window int) *consensus.Params {
	p, err := network.New(consensus.Params{
		Name: "windowed", Limit: easiest, Window: window, Spacing: 10 * time.Second,
		Subsidy: 50 * block.Coin, Halving: 1000, Maturity: 3,
	}, easiest, 1_700_000_000)
	if err != nil {
		panic(err)
	}
	Search(&p.Genesis.Header)
	return p
}

const easiest = 0x207fffff

// Block is a block with its history.
type Block struct {
	*block.Block
	Name   string
	Hash   block.Hash
	Parent *Block          // nil for genesis
	State  consensus.State // after it
	Delta  consensus.Delta // its change of the coins; empty if Err is set
	Err    error           // the error of ApplyBlock, or consensus.BadPrevBlk if its parent is invalid

	Verifier consensus.Verifier // of this block's children, inherited from its parent

	coins map[block.Outpoint]*consensus.Coin // those that Delta changes; nil: spent
}

// Genesis returns the root of a tree.
func Genesis(p *consensus.Params) *Block {
	s := consensus.Genesis(p)
	return &Block{Block: p.Genesis, Name: "g", Hash: s.Hash, State: s, Verifier: consensus.InOrder(consensus.P2PKH{})}
}

// Height is the number of blocks below b.
func (b *Block) Height() block.Height { return b.State.Height }

// Valid reports whether b and all its ancestors keep the rules.
func (b *Block) Valid() bool { return b.Err == nil }

// Chain returns the blocks from genesis to b.
func (b *Block) Chain() []*Block {
	out := make([]*Block, b.Height()+1)
	for n := b; n != nil; n = n.Parent {
		out[n.Height()] = n
	}
	return out
}

// Template returns a valid child of b, except for its merkle root and nonce: see Seal. Its
// time is a block interval later, and its coinbase pays the reward and the fees of txs to
// Miner. The coinbase contains the name, so siblings with different names are different
// blocks.
func (b *Block) Template(name string, txs ...*block.Tx) *block.Block {
	p, height := b.State.Params, b.Height()+1
	coinbase := &block.Tx{
		Version: 1,
		Inputs: []block.Input{{
			Prev:     block.Outpoint{Index: block.NullIndex},
			Script:   block.CoinbaseScript(height, 0, name),
			Sequence: block.SequenceFinal,
		}},
		Outputs: []block.Output{{Value: p.SubsidyAt(height) + b.fees(txs), Script: Miner.Script()}},
	}
	return &block.Block{
		Header: block.Header{
			Version: 4, Prev: b.Hash, Bits: b.State.NextBits(),
			Time: b.Header.Time + uint32(p.Spacing/time.Second),
		},
		Txs: append([]*block.Tx{coinbase}, txs...),
	}
}

// fees returns the sum of the fees of txs. An unknown coin counts as 0.
func (b *Block) fees(txs []*block.Tx) (fees block.Amount) {
	made := make(map[block.Outpoint]block.Amount)
	for _, tx := range txs {
		for _, in := range tx.Inputs {
			if v, here := made[in.Prev]; here {
				fees += v
			} else if coin := b.Coins([]block.Outpoint{in.Prev})[in.Prev]; coin != nil {
				fees += coin.Value
			}
		}
		id := tx.ID()
		for i, out := range tx.Outputs {
			made[block.Outpoint{TxID: id, Index: uint32(i)}] = out.Value
			fees -= out.Value
		}
	}
	return max(fees, 0)
}

// Seal writes the merkle root into b's header and does the proof of work.
func Seal(b *block.Block) *block.Block {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	Search(&b.Header)
	return b
}

// Search sets the first nonce that meets the header's own target. Targets much
// harder than regtest's take too long for a test.
func Search(h *block.Header) {
	target, err := pow.TargetFromBits(h.Bits)
	if err != nil {
		panic(err)
	}
	for h.Nonce = 0; !target.Met(h.Hash()); h.Nonce++ {
	}
}

// Follow appends child to b and validates it. Its header must be valid, because other blocks
// may follow it even if its body is not.
func (b *Block) Follow(name string, child *block.Block) *Block {
	n := &Block{Block: child, Name: name, Hash: child.Hash(), Parent: b, Verifier: b.Verifier}
	var err error
	if n.State, err = b.State.ApplyHeader(&child.Header); err != nil {
		panic(fmt.Sprintf("block %s on %s: %v", name, b.Name, err))
	}
	if !b.Valid() {
		n.Err = fmt.Errorf("%w: %s", consensus.BadPrevBlk, b.Name)
		return n
	}
	hashed := consensus.NewBlock(child)
	coins := b.Coins(consensus.Needs(b.State, hashed))
	if _, n.Delta, n.Err = consensus.ApplyBlock(b.State, hashed, coins, b.Verifier); n.Err != nil {
		n.Delta = consensus.Delta{}
	}
	n.coins = make(map[block.Outpoint]*consensus.Coin)
	for i := range n.Delta.Created {
		n.coins[n.Delta.Created[i].Outpoint] = &n.Delta.Created[i].Coin
	}
	for _, s := range n.Delta.Spent {
		n.coins[s.Outpoint] = nil
	}
	return n
}

// Mine returns a valid child of b with these transactions.
func (b *Block) Mine(name string, txs ...*block.Tx) *Block {
	n := b.Follow(name, Seal(b.Template(name, txs...)))
	if n.Err != nil {
		panic(fmt.Sprintf("block %s on %s: %v", name, b.Name, n.Err))
	}
	return n
}

// MineEmpty returns the last of n children, grandchildren and so on of b, called
// name+"1", name+"2" …
func (b *Block) MineEmpty(name string, n int) *Block {
	for i := range n {
		b = b.Mine(fmt.Sprintf("%s%d", name, i+1))
	}
	return b
}

// Coins returns those of the outpoints that are unspent after b.
func (b *Block) Coins(of []block.Outpoint) consensus.Coins {
	out := make(consensus.Coins)
	for _, o := range of {
		for n := b; n != nil; n = n.Parent {
			if coin, changed := n.coins[o]; changed {
				if coin != nil {
					out[o] = coin
				}
				break
			}
		}
	}
	return out
}

// CoinSet returns every unspent coin after b, from a walk through all blocks since genesis:
// each transaction's inputs out, its outputs in. It is the oracle for cleverer coin sets.
func (b *Block) CoinSet() consensus.Coins {
	set := make(consensus.Coins)
	for _, n := range b.Chain()[1:] {
		for i, tx := range n.Txs {
			for _, in := range tx.Inputs {
				delete(set, in.Prev)
			}
			id := tx.ID()
			for j, out := range tx.Outputs {
				if block.Unspendable(out.Script) {
					continue
				}
				set[block.Outpoint{TxID: id, Index: uint32(j)}] = &consensus.Coin{
					Output: out, Height: n.Height(), Coinbase: i == 0, MedianTime: n.Parent.State.MedianTime(),
				}
			}
		}
	}
	return set
}

// Coin returns output i of b's transaction tx, spent or not.
func (b *Block) Coin(tx, i int) consensus.UTXO {
	return consensus.UTXO{
		Outpoint: block.Outpoint{TxID: b.Txs[tx].ID(), Index: uint32(i)},
		Coin: consensus.Coin{
			Output: b.Txs[tx].Outputs[i], Height: b.Height(), Coinbase: tx == 0, MedianTime: b.Parent.State.MedianTime(),
		},
	}
}

// Reward returns what b's coinbase pays to Miner.
func (b *Block) Reward() consensus.UTXO { return b.Coin(0, 0) }
