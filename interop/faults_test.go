package interop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// fault breaks one rule in a good block that follows parent. It returns false if
// this block has nothing to break.
type fault struct {
	name string
	rule consensus.Rule
	make func(dice *rand.Rand, parent *chaingen.Block, b *block.Block) bool
}

// pay changes a payment of the block's, by a copy.
func pay(change func(tx *block.Tx)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		if len(b.Txs) < 2 {
			return false
		}
		b.Txs[len(b.Txs)-1] = b.Txs[len(b.Txs)-1].Clone()
		change(b.Txs[len(b.Txs)-1])
		return true
	}
}

// coinbase changes the block's coinbase.
func coinbase(change func(tx *block.Tx)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		change(b.Txs[0])
		return true
	}
}

// header changes what is sealed afterwards.
func header(change func(parent *chaingen.Block, h *block.Header)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, parent *chaingen.Block, b *block.Block) bool {
		change(parent, &b.Header)
		return true
	}
}

// immature spends the coinbase of so many blocks before.
func immature(depth int) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		if int(p.Height()) < depth {
			return false
		}
		coin := ancestor(p, depth-1).Reward()
		b.Txs = append(b.Txs, chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Value)))
		return true
	}
}

// untried are the rules that no block of a random tree can break, each with why.
var untried = map[string]string{
	"BadPrevBlk":       "broken by the children of broken blocks, see playTree",
	"DuplicateInvalid": "it is about blocks that come twice",
	"BadBIP30":         "a coinbase tells its height, so there are no two alike; btcd's full-block tests try",
	"BadFeeRange":      "there is not so much money",
	"BadInputValues":   "there is not so much money",
	"BadOversize":      "such a block breaks bad-blk-length first",
}

// Every rule that package chain names is broken by a fault, or it is said why not.
func TestFaultsBreakEveryRule(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../consensus/rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	broken := make(map[string]bool)
	for _, f := range faults {
		broken[string(f.rule)] = true
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		if kind, _ := spec.Type.(*ast.Ident); !ok || kind == nil || kind.Name != "Rule" {
			return true
		}
		seen++
		rule, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		if name := spec.Names[0].Name; !broken[rule] && untried[name] == "" {
			t.Errorf("nothing breaks %s (%s)", name, rule)
		}
		return true
	})
	if seen < 30 {
		t.Errorf("only %d rules were found", seen)
	}
}

var faults = []fault{
	{"high hash", consensus.HighHash, func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		for b.Header.Nonce++; consensus.CheckWork(p.State.Params, &b.Header) == nil; b.Header.Nonce++ {
		}
		return true
	}},
	{"bits", consensus.BadDiffBits, header(func(_ *chaingen.Block, h *block.Header) { h.Bits = 0x207ffffe })},
	{"time too old", consensus.TimeTooOld, header(func(p *chaingen.Block, h *block.Header) { h.Time = p.State.MedianTime() })},
	{"time too new", consensus.TimeTooNew, header(func(_ *chaingen.Block, h *block.Header) { h.Time = uint32(time.Now().Unix()) + 2*60*60 + 120 })},
	{"version", consensus.BadVersion, header(func(_ *chaingen.Block, h *block.Header) { h.Version = 3 })},
	{"merkle root", consensus.BadMerkleRoot, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		b.Header.MerkleRoot[7] ^= 1
		chaingen.Search(&b.Header)
		return true
	}},
	{"duplicated tail", consensus.BadDuplicate, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		if len(b.Txs)%2 == 0 {
			return false
		}
		b.Txs = append(b.Txs, b.Txs[len(b.Txs)-1])
		return len(b.Txs) > 2
	}},
	{"no transactions", consensus.BadLength, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool { b.Txs = nil; return true }},
	{"no coinbase", consensus.BadCoinbaseMissing, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool { b.Txs = b.Txs[1:]; return len(b.Txs) > 0 }},
	{"two coinbases", consensus.BadCoinbaseMultiple, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		second := b.Txs[0].Clone()
		second.LockTime = 1
		b.Txs = append(b.Txs, second)
		return true
	}},
	{"coinbase too short", consensus.BadCoinbaseLength, coinbase(func(tx *block.Tx) { tx.Inputs[0].Script = tx.Inputs[0].Script[:1] })},
	{"coinbase too long", consensus.BadCoinbaseLength, coinbase(func(tx *block.Tx) { tx.Inputs[0].Script = append(tx.Inputs[0].Script, make([]byte, 100)...) })},
	{"coinbase height", consensus.BadCoinbaseHeight, func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		b.Txs[0].Inputs[0].Script = block.CoinbaseScript(p.Height()+2, 0, "wrong")
		return true
	}},
	{"coinbase amount", consensus.BadCoinbaseAmount, coinbase(func(tx *block.Tx) { tx.Outputs[0].Value++ })},
	{"signature operations", consensus.BadSigOps, coinbase(func(tx *block.Tx) {
		script := make([]byte, 20_001)
		for i := range script {
			script[i] = 0xac
		}
		tx.Outputs = append(tx.Outputs, block.Output{Script: script})
	})},
	{"size", consensus.BadLength, coinbase(func(tx *block.Tx) {
		tx.Outputs = append(tx.Outputs, block.Output{Script: make([]byte, 1_000_000)})
	})},
	{"lock time", consensus.BadNonFinal, pay(func(tx *block.Tx) { tx.LockTime, tx.Inputs[0].Sequence = 1<<20, 0 })},
	{"a block early", consensus.BadNonFinal, lockHeight.tooEarly},
	{"a second early", consensus.BadNonFinal, lockTime.tooEarly},
	{"a block young", consensus.BadNonFinal, lockBlocks.tooEarly},
	{"512 seconds young", consensus.BadNonFinal, lockAge.tooEarly},
	{"no such coin", consensus.BadMissingOrSpent, pay(func(tx *block.Tx) { tx.Inputs[0].Prev.TxID[3] ^= 1 })},
	{"spent twice", consensus.BadMissingOrSpent, func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		if len(b.Txs) < 2 {
			return false
		}
		again := b.Txs[1].Clone()
		again.LockTime = 1
		b.Txs = append(b.Txs, again)
		return true
	}},
	{"immature", consensus.BadPremature, immature(1)},
	{"immature by a block", consensus.BadPremature, immature(maturity - 1)},
	{"more out than in", consensus.BadInBelowOut, pay(func(tx *block.Tx) { tx.Outputs[0].Value += 60 * block.Coin })},
	{"no inputs", consensus.BadVinEmpty, pay(func(tx *block.Tx) { tx.Inputs = nil })},
	{"no outputs", consensus.BadVoutEmpty, pay(func(tx *block.Tx) { tx.Outputs = nil })},
	{"negative output", consensus.BadVoutNegative, pay(func(tx *block.Tx) { tx.Outputs[0].Value = -1 })},
	{"output too large", consensus.BadVoutTooLarge, pay(func(tx *block.Tx) { tx.Outputs[0].Value = block.MaxMoney + 1 })},
	{"sum too large", consensus.BadVoutTotal, pay(func(tx *block.Tx) {
		out := block.Output{Value: block.MaxMoney, Script: tx.Outputs[0].Script}
		tx.Outputs = append(tx.Outputs, out, out)
	})},
	{"same input twice", consensus.BadInputsDuplicate, pay(func(tx *block.Tx) { tx.Inputs = append(tx.Inputs, tx.Inputs[0]) })},
	{"null input", consensus.BadPrevoutNull, pay(func(tx *block.Tx) {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal})
	})},
	{"signature", consensus.BadScript, pay(func(tx *block.Tx) {
		tx.Inputs[0].Script[10] ^= 1
	})},
	{"the last signature", consensus.BadScript, pay(func(tx *block.Tx) {
		tx.Inputs[len(tx.Inputs)-1].Script[10] ^= 1
	})},
	{"another hash type", consensus.BadScript, pay(func(tx *block.Tx) {
		last := len(tx.Inputs) - 1
		sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[last].Script)
		if err != nil {
			panic(err)
		}
		other := block.SigAll
		if sig[len(sig)-1] == byte(block.SigAll) {
			other = block.SigNone
		}
		tx.Inputs[last].Script = block.PubKeyHashInput(append(slices.Clone(sig[:len(sig)-1]), byte(other)), key)
	})},
	{"wrong key", consensus.BadScript, pay(func(tx *block.Tx) {
		sig, _, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
		if err != nil {
			panic(err)
		}
		tx.Inputs[0].Script = block.PubKeyHashInput(sig, chaingen.NewKey("thief").Public())
	})},
	{"not strict DER", consensus.BadScript, pay(func(tx *block.Tx) {
		sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
		if err != nil {
			panic(err)
		}
		loose := append([]byte{}, sig[:3]...)
		loose = append(append(loose, sig[3]+1, 0), sig[4:]...) // a zero too many before r
		loose[1]++
		tx.Inputs[0].Script = block.PubKeyHashInput(loose, key)
	})},
	{"relative lock", consensus.BadNonFinal, pay(func(tx *block.Tx) { tx.Version, tx.Inputs[0].Sequence = 2, 0xffff })},
}
