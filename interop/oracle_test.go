package interop

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/internal/curve"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "replay the one random tree with this seed")
	treesFlag = flag.Int("trees", 20, "how many random trees")
)

const maturity = 3

// ourRegtest is regtest with coins that mature soon.
func ourRegtest() *consensus.Params {
	p := consensus.Regtest()
	p.Maturity = maturity
	return p
}

func theirRegtest() chaincfg.Params {
	p := chaincfg.RegressionNetParams
	p.CoinbaseMaturity = maturity
	return p
}

// Random trees of blocks, forks to depth 30, payments signed in every way that
// Bitcoin knows, and here and there a block that breaks one rule, or stands on one
// that did: given one by one to btcd and to us, the best block is the same after
// each.
//
//	go test -run TestSameBestBlock -trees 1000
//	go test -run TestSameBestBlock -seed 17
func TestSameBestBlock(t *testing.T) {
	all := tally{broken: make(map[string]int), judged: make(map[string]int), signed: make(map[string]int)}
	if *seedFlag != 0 {
		playTree(t, *seedFlag, &all)
		t.Logf("seed %d: %v", *seedFlag, &all)
		return
	}
	for seed := range *treesFlag {
		playTree(t, uint64(seed)+1, &all)
		if t.Failed() {
			return
		}
	}
	t.Logf("seeds 1 to %d: %v", *treesFlag, &all)
	if *treesFlag < 20 {
		return // too few for every fault
	}
	for _, f := range faults {
		if all.judged[f.name] == 0 {
			t.Errorf("no block was refused at once for: %s", f.name)
		}
	}
	for _, t0 := range hashTypes {
		for _, what := range []string{first, more} {
			if all.signed[signed(t0, what)] == 0 {
				t.Errorf("no input was signed so: %s", signed(t0, what))
			}
		}
		if t0&^block.SigAnyoneCanPay == block.SigSingle && all.signed[signed(t0, lonely)] == 0 {
			t.Errorf("no input was signed so: %s", signed(t0, lonely))
		}
	}
	if all.broken[onBroken] == 0 || all.depth < maxFork {
		t.Errorf("%d blocks stood on broken ones, the deepest reorganisation was %d: more is wanted", all.broken[onBroken], all.depth)
	}
}

// tally is what was tried.
type tally struct {
	blocks int
	depth  int            // of the deepest reorganisation
	broken map[string]int // blocks by the name of their fault
	judged map[string]int // of these, those that were refused for it when they came: not on a side branch, to be judged when its turn came
	signed map[string]int // inputs of good blocks, see signed
}

func (t *tally) String() string {
	return fmt.Sprintf("%d blocks, the deepest reorganisation %d; blocks that break a rule: %v; refused at once: %v; inputs signed: %v",
		t.blocks, t.depth, t.broken, t.judged, t.signed)
}

// Where in a payment an input stands.
const (
	first  = "first input"
	more   = "another input"
	lonely = "an input beyond the last output"
)

func signed(t block.SigHashType, what string) string { return fmt.Sprintf("%#02x %s", byte(t), what) }

// sign notes how the inputs of a good block are signed.
func (t *tally) sign(b *block.Block) {
	for _, tx := range b.Txs[1:] {
		for i := range tx.Inputs {
			sig, _, _, err := block.ParsePubKeyHashInput(tx.Inputs[i].Script)
			if err != nil {
				panic(err)
			}
			kind := block.SigHashType(sig[len(sig)-1])
			what := first
			if i > 0 {
				what = more
			}
			t.signed[signed(kind, what)]++
			if i >= len(tx.Outputs) {
				t.signed[signed(kind, lonely)]++
			}
		}
	}
}

// onBroken is the fault of a good block whose parent breaks a rule.
const onBroken = "on a broken block"

const (
	trunk      = 31 // blocks before the first fork
	treeBlocks = 90
	maxFork    = 30 // depth
)

// grower grows a tree for both.
type grower struct {
	*tally
	t      *testing.T
	seed   uint64
	dice   *rand.Rand
	tree   *chain.Tree
	ours   orphanage
	theirs *btcd
	best   *chaingen.Block // the first seen of the highest
	last   *chaingen.Block // the last good one
}

// playTree grows one tree and gives every block to both.
func playTree(t *testing.T, seed uint64, all *tally) {
	params := ourRegtest()
	tree, _ := newTree(t, params, curve.P2PKH()) // with -tags libsecp256k1, Core's library
	genesis := chaingen.Genesis(params)
	g := &grower{tally: all, t: t, seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), tree: tree, theirs: newBtcd(t, theirRegtest()),
		ours: orphanage{tree: tree, now: time.Now()}, best: genesis, last: genesis}
	stay := 0 // so many blocks more on this branch
	for n := 0; n < treeBlocks && !t.Failed(); n++ {
		parent := g.last
		if stay--; n > trunk && stay < 0 {
			depth := g.dice.IntN(maxFork + 1)
			if g.dice.IntN(2) == 0 {
				depth = g.dice.IntN(4)
			}
			parent = ancestor(g.best, depth)
			stay = depth + g.dice.IntN(3) - 1 // one too few, even, or one more
			if n == trunk+1 && seed%5 == 0 {
				parent, stay = ancestor(g.best, maxFork), maxFork // the whole depth, and one more
			}
		}
		g.grow(n, parent)
	}
}

func ancestor(b *chaingen.Block, depth int) *chaingen.Block {
	for ; depth > 0 && b.Parent != nil; depth-- {
		b = b.Parent
	}
	return b
}

// grow makes a good block on parent, after a broken one now and then.
func (g *grower) grow(n int, parent *chaingen.Block) {
	name := fmt.Sprintf("s%d-%d", g.seed, n)
	if n > 8 && g.dice.IntN(3) == 0 {
		g.spoil(name+"x", parent)
	}
	b := g.block(name, parent)
	chaingen.Seal(b)
	good := parent.Follow(name, b)
	if good.Err != nil {
		g.t.Fatalf("seed %d: %s: %v", g.seed, name, good.Err)
	}
	if g.give(name, nil, b); good.Height() > g.best.Height() {
		g.depth, g.best = max(g.depth, lost(g.best, good)), good
	}
	g.last = good
	g.sign(b)
}

// lost returns how many blocks below and at old are not below now, which is higher.
func lost(old, now *chaingen.Block) (n int) {
	for old != now {
		if now.Height() > old.Height() {
			now = now.Parent
			continue
		}
		old, now, n = old.Parent, now.Parent, n+1
	}
	return n
}

// block makes a block that wants its seal.
func (g *grower) block(name string, parent *chaingen.Block) *block.Block {
	b := parent.Template(name, payments(g.dice, parent)...)
	if parent.Height() == 0 {
		b.Header.Time = 1_600_000_000 // btcd's SegWit wants its BIP16, which came in 2012
	}
	return b
}

// spoil gives both a block that breaks a rule, and perhaps a good one on top.
func (g *grower) spoil(name string, parent *chaingen.Block) {
	b := g.block(name, parent)
	f := &faults[g.dice.IntN(len(faults))]
	if !f.make(g.dice, parent, b) {
		return
	}
	if f.name != "high hash" && f.name != "merkle root" && f.name != "duplicated tail" {
		chaingen.Seal(b)
	}
	g.broken[f.name]++
	g.give(name, f, b)
	if header, err := parent.State.ApplyHeader(&b.Header); err == nil && f.rule != consensus.BadMerkleRoot && f.rule != consensus.BadDuplicate &&
		f.rule != consensus.TimeTooNew && g.dice.IntN(3) == 0 {
		heir := (&chaingen.Block{Block: b, Hash: b.Hash(), Parent: parent, State: header}).Template(name + "heir")
		g.broken[onBroken]++
		g.give(name+"heir", &fault{name: onBroken, rule: consensus.BadPrevBlk}, chaingen.Seal(heir))
	}
}

// give hands a block to both. f is what is wrong with it, nil if nothing is.
func (g *grower) give(name string, f *fault, b *block.Block) {
	g.blocks++
	err := g.ours.add(b)
	their := g.theirs.giveBytes(b)
	what := "good"
	if f != nil {
		what = f.name
	}
	fail := func(format string, args ...any) {
		g.t.Errorf("seed %d: block %s (%s): %s\nreplay: go test -run TestSameBestBlock -seed %d", g.seed, name, what, fmt.Sprintf(format, args...), g.seed)
	}
	if f == nil && (err != nil || their != nil) || g.tree.Tip().Hash != g.theirs.tip() {
		fail("we say %v and stand on %s, btcd says %v and stands on %s", err, g.tree.Tip().Hash, their, g.theirs.tip())
	}
	switch {
	case f == nil:
	case err != nil && (breaks(err, f.rule) || errors.As(err, new(block.Malformed))):
		g.judged[f.name]++
	case g.tree.Tip().Hash == b.Hash():
		fail("it breaks %s and is the tip", f.rule)
	case f.name == onBroken && errors.Is(err, consensus.ErrNoParent): // of a parent that broke so much that nothing was kept
	case err != nil:
		fail("it breaks %s, and we say %v", f.rule, err)
	}
}

// giveBytes is give for blocks that btcd may not even be able to read.
func (b *btcd) giveBytes(x *block.Block) error {
	if _, err := btcutil.NewBlockFromBytes(x.Bytes()); err != nil {
		return err
	}
	return b.give(x)
}

// payments makes up to three, each of one to four mature coins of parent's history for one
// to three outputs, locked until just now or not at all, some to be spent again in the
// same block. So an input signed with SigSingle may have no output to go with it.
func payments(dice *rand.Rand, parent *chaingen.Block) (out []*block.Tx) {
	coins := spendable(parent)
	for range dice.IntN(4) {
		var spent []consensus.UTXO
		for range 1 + dice.IntN(4) {
			if len(coins) > 0 {
				i := dice.IntN(len(coins))
				spent = append(spent, coins[i])
				coins = slices.Delete(coins, i, i+1)
			}
		}
		tx := pays(dice, 2, spent)
		if tx == nil {
			continue
		}
		lock(dice.IntN(int(locks))).apply(tx, spent[0], parent, 0)
		signAny(dice, tx, spent)
		out = append(out, tx)
		if dice.IntN(3) == 0 { // and on, within the block
			next := []consensus.UTXO{chaingen.Output(tx, 0)}
			if child := pays(dice, 1, next); child != nil {
				signAny(dice, child, next)
				out = append(out, child)
			}
		}
	}
	return out
}

// pays makes a payment of these coins that wants its signatures, or nil if they are worth
// too little.
func pays(dice *rand.Rand, version int32, spent []consensus.UTXO) *block.Tx {
	tx := &block.Tx{Version: version}
	var sum block.Amount
	for _, coin := range spent {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: coin.Outpoint, Sequence: block.SequenceFinal})
		sum += coin.Value
	}
	if sum < 10_000 {
		return nil
	}
	n := 1 + dice.IntN(3)
	for range n {
		tx.Outputs = append(tx.Outputs, block.Output{Value: (sum - 1000) / block.Amount(n), Script: form(dice).script()})
	}
	return tx
}

// spendable lists the coins that a block after parent may spend, in a fixed order.
func spendable(parent *chaingen.Block) (out []consensus.UTXO) {
	set := parent.CoinSet()
	for _, b := range parent.Chain() {
		for _, tx := range b.Txs {
			id := tx.ID()
			for i := range tx.Outputs {
				o := block.Outpoint{TxID: id, Index: uint32(i)}
				coin, there := set[o]
				if there && (!coin.Coinbase || parent.Height()+1-coin.Height >= maturity) {
					out = append(out, consensus.UTXO{Outpoint: o, Coin: *coin})
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

// signAny signs each input with a hash type of the dice's choice, and a low or high S.
func signAny(dice *rand.Rand, tx *block.Tx, spent []consensus.UTXO) {
	for i, coin := range spent {
		f := forms[slices.IndexFunc(forms, func(f keyForm) bool { return bytes.Equal(f.script(), coin.Script) })]
		t := hashTypes[dice.IntN(len(hashTypes))]
		digest := block.SigHash(tx, i, coin.Script, t)
		sig := ecdsa.Sign(f.key.Private, digest[:])
		der := sig.Serialize()
		if dice.IntN(2) == 0 {
			der = highS(sig)
		}
		tx.Inputs[i].Script = block.PubKeyHashInput(append(der, byte(t)), f.public())
	}
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
