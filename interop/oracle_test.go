package interop

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "replay the one random tree with this seed")
	treesFlag = flag.Int("trees", 30, "how many random trees")
)

const maturity = 3

// ourRegtest is regtest with coins that mature soon.
func ourRegtest() *chain.Params {
	p := chain.Regtest()
	p.Maturity = maturity
	return p
}

func theirRegtest() chaincfg.Params {
	p := chaincfg.RegressionNetParams
	p.CoinbaseMaturity = maturity
	return p
}

// Random trees of blocks, forks to depth 30, payments signed in every way that
// Bitcoin knows, and here and there a block that breaks one rule: given one by one
// to btcd and to us, the best block is the same after each.
//
//	go test -run TestSameBestBlock -trees 1000
//	go test -run TestSameBestBlock -seed 17
func TestSameBestBlock(t *testing.T) {
	if *seedFlag != 0 {
		playTree(t, *seedFlag, make(map[string]int))
		return
	}
	broken := make(map[string]int)
	for seed := range *treesFlag {
		playTree(t, uint64(seed)+1, broken)
		if t.Failed() {
			return
		}
	}
	for _, f := range faults {
		if broken[f.name] == 0 {
			t.Errorf("no tree broke the rule by: %s", f.name)
		}
	}
	t.Logf("%d trees; blocks that break a rule: %v", *treesFlag, broken)
}

// playTree grows one tree and gives every block to both.
func playTree(t *testing.T, seed uint64, broken map[string]int) {
	dice := rand.New(rand.NewPCG(seed, 0))
	ours := ourRegtest()
	tree, _ := newTree(t, ours)
	judge := orphanage{tree: tree, now: time.Now()}
	theirs := newBtcd(t, theirRegtest())
	good := []*chaingen.Block{chaingen.Genesis(ours)}
	for n := range 70 {
		parent := good[len(good)-1]
		if n > 8 && dice.IntN(4) == 0 {
			parent = good[max(0, len(good)-1-dice.IntN(30))]
		}
		name := fmt.Sprintf("s%d-%d", seed, n)
		b := parent.Template(name, payments(dice, parent)...)
		if parent.Height() == 0 {
			b.Header.Time = 1_600_000_000 // btcd's SegWit wants its BIP16, which came in 2012
		}
		what := "good"
		if n > 8 && dice.IntN(3) == 0 {
			f := faults[dice.IntN(len(faults))]
			if !f.make(dice, parent, b) {
				continue
			}
			what = f.name
			broken[what]++
		}
		if what != "high hash" && what != "merkle root" && what != "duplicated tail" {
			chaingen.Seal(b)
		}
		if what == "good" {
			good = append(good, parent.Follow(name, b))
		}
		err := judge.add(b)
		their := theirs.giveBytes(b)
		if (err == nil) != (their == nil) && what == "good" || tree.Tip().Hash != theirs.tip() {
			t.Errorf("seed %d: block %d (%s, height %d): we say %v and stand on %s, btcd says %v and stands on %s\nreplay: go test -run TestSameBestBlock -seed %d",
				seed, n, what, parent.Height()+1, err, tree.Tip().Hash, their, theirs.tip(), seed)
			return
		}
		if what != "good" && err == nil && tree.Tip().Hash == b.Hash() {
			t.Errorf("seed %d: block %d breaks a rule (%s) and is the tip", seed, n, what)
		}
	}
}

// giveBytes is give for blocks that btcd may not even be able to read.
func (b *btcd) giveBytes(x *block.Block) error {
	if _, err := btcutil.NewBlockFromBytes(x.Bytes()); err != nil {
		return err
	}
	return b.give(x)
}

// payments spends up to three mature coins of parent's history, some to be spent
// again in the same block.
func payments(dice *rand.Rand, parent *chaingen.Block) (out []*block.Tx) {
	coins := spendable(parent)
	for range dice.IntN(4) {
		if len(coins) == 0 {
			break
		}
		i := dice.IntN(len(coins))
		coin := coins[i]
		coins = append(coins[:i], coins[i+1:]...)
		tx := &block.Tx{Version: 2,
			Inputs: []block.Input{{Prev: coin.Outpoint, Sequence: block.Final}},
			Outputs: []block.Output{
				{Value: coin.Value / 2, Script: form(dice).script()},
				{Value: coin.Value/2 - 1000, Script: form(dice).script()},
			}}
		if coin.Value < 10_000 {
			continue
		}
		signAny(dice, tx, coin)
		out = append(out, tx)
		if dice.IntN(3) == 0 { // and on, within the block
			next := chaingen.Output(tx, 0)
			child := &block.Tx{Version: 1,
				Inputs:  []block.Input{{Prev: next.Outpoint, Sequence: block.Final}},
				Outputs: []block.Output{{Value: next.Value - 500, Script: form(dice).script()}}}
			signAny(dice, child, next)
			out = append(out, child)
		}
	}
	return out
}

// spendable lists the coins that a block after parent may spend, in a fixed order.
func spendable(parent *chaingen.Block) (out []chain.Spend) {
	set := parent.CoinSet()
	for _, b := range parent.Chain() {
		for _, tx := range b.Txs {
			id := tx.ID()
			for i := range tx.Outputs {
				o := block.Outpoint{TxID: id, Index: uint32(i)}
				coin, there := set[o]
				if there && (!coin.Coinbase || parent.Height()+1-coin.Height >= maturity) {
					out = append(out, chain.Spend{Outpoint: o, Coin: coin})
				}
			}
		}
	}
	return out
}

// keyForm is a key as an output names it: by the hash of its short or long form.
type keyForm struct {
	key  chaingen.Key
	long bool
}

var forms = []keyForm{{chaingen.Miner, false}, {chaingen.Miner, true}, {chaingen.NewKey("other"), false}, {chaingen.NewKey("other"), true}}

func form(dice *rand.Rand) keyForm { return forms[dice.IntN(len(forms))] }

func (f keyForm) public() []byte {
	if f.long {
		return f.key.Private.PubKey().SerializeUncompressed()
	}
	return f.key.Public()
}

func (f keyForm) script() []byte { return block.PubKeyHashScript(block.Hash160(f.public())) }

var hashTypes = []block.SigHashType{block.SigAll, block.SigNone, block.SigSingle,
	block.SigAll | block.SigAnyoneCanPay, block.SigNone | block.SigAnyoneCanPay, block.SigSingle | block.SigAnyoneCanPay}

// signAny signs input 0 with a hash type of the dice's choice, and a low or high S.
func signAny(dice *rand.Rand, tx *block.Tx, coin chain.Spend) {
	for _, f := range forms {
		if !bytes.Equal(f.script(), coin.Script) {
			continue
		}
		t := hashTypes[dice.IntN(len(hashTypes))]
		digest := block.SigHash(tx, 0, coin.Script, t)
		sig := ecdsa.Sign(f.key.Private, digest[:])
		der := sig.Serialize()
		if dice.IntN(2) == 0 {
			der = highS(sig)
		}
		tx.Inputs[0].Script = block.PubKeyHashInput(append(der, byte(t)), f.public())
		return
	}
	panic("a coin of nobody's")
}

// highS writes the signature's other half, which is as good: n - s.
func highS(sig *ecdsa.Signature) []byte {
	r, s := sig.R(), sig.S()
	s.Negate()
	rb, sb := number(r), number(s)
	out := append([]byte{0x30, byte(4 + len(rb) + len(sb)), 2, byte(len(rb))}, rb...)
	return append(append(out, 2, byte(len(sb))), sb...)
}

// number is a DER integer: no leading zeros but one that keeps it positive.
func number(v secp256k1.ModNScalar) []byte {
	raw := v.Bytes()
	b := bytes.TrimLeft(raw[:], "\x00")
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}
