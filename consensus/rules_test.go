package consensus_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// One good block stands on a short history, and each row of a table breaks one
// rule in it. The block is made anew for each row, in this order:
//
//	edit    change transactions or header; then every input is signed
//	tamper  change what must not be signed again; then the merkle root is written
//	header  change the header; then the nonce is searched
//	spoil   change the finished block
//
// Then two judges must say the same: ApplyBlock, and a Tree that is given it.
type row struct {
	rule string // "": the block is good
	what string

	params func(*consensus.Params)
	spend  consensus.Spending // nil: P2PKH
	edit   func(*scene, *block.Block)
	tamper func(*scene, *block.Block)
	header func(*scene, *block.Block)
	spoil  func(*scene, *block.Block)

	onHeader bool // the header alone is enough to tell
	innocent bool // the header may still turn out to be good
}

// scene is where the good block goes:
//
//	g ─ 1 ─ 2 ─ 3 ─ … ─ 11 ─ 12 ─ (good)
//
// Rewards are 50 coins, mature after three blocks. The good block holds
//
//	0  the coinbase
//	1  pay    50 (from 1)           to alice 20, to miner 29.99
//	2  child  29.99 (out of pay)    to bob 29.98
//	3  two    50 + 50 (from 2, 3)   to carol 100
type scene struct {
	tip  *chaingen.Block
	keys map[string]chaingen.Key // by the script that they answer
}

func newScene(change func(*consensus.Params)) *scene { return newSceneWith(consensus.P2PKH{}, change) }

// newSceneWith is newScene with another rule of spending.
func newSceneWith(rule consensus.Spending, change func(*consensus.Params)) *scene {
	p := chaingen.Network()
	if change != nil {
		change(p)
	}
	g := chaingen.Genesis(p)
	g.Verifier = consensus.InOrder(rule)
	s := &scene{tip: g.MineEmpty("", 12), keys: make(map[string]chaingen.Key)}
	for _, k := range []chaingen.Key{miner, alice, bob, carol} {
		s.keys[string(k.Script())] = k
	}
	return s
}

// scene returns the scene with the row's parameters and rule of spending.
func (r *row) scene() *scene {
	if r.spend == nil {
		return newScene(r.params)
	}
	return newSceneWith(r.spend, r.params)
}

// reward returns the coin of the block at this height.
func (s *scene) reward(height int) consensus.UTXO { return s.tip.Chain()[height].Reward() }

func (s *scene) goodBlock() *block.Block {
	one, two, three := s.reward(1), s.reward(2), s.reward(3)
	pay := miner.Pay([]consensus.UTXO{one}, alice.To(20*coin), miner.To(one.Value-20*coin-coin/100))
	child := miner.Pay([]consensus.UTXO{chaingen.Output(pay, 1)}, bob.To(pay.Outputs[1].Value-coin/100))
	both := miner.Pay([]consensus.UTXO{two, three}, carol.To(two.Value), carol.To(three.Value))
	return s.tip.Template("good", pay, child, both)
}

// build makes the row's block. before is the block as it was ahead of spoil.
func (s *scene) build(r *row) (b, before *block.Block) {
	b = s.goodBlock()
	ids := make(map[*block.Tx]block.Hash)
	for _, tx := range b.Txs {
		ids[tx] = tx.ID()
	}
	call(r.edit, s, b)
	s.sign(b, ids)
	call(r.tamper, s, b)
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	call(r.header, s, b)
	if _, easy := easiest[b.Header.Bits]; easy {
		chaingen.Search(&b.Header)
	}
	before = &block.Block{Header: b.Header}
	for _, tx := range b.Txs {
		before.Txs = append(before.Txs, tx.Clone())
	}
	call(r.spoil, s, b)
	return b, before
}

// easiest are the targets that two tries meet; rows with others cannot be mined.
var easiest = map[uint32]struct{}{0x207fffff: {}, 0x207ffffe: {}}

func call(f func(*scene, *block.Block), s *scene, b *block.Block) {
	if f != nil {
		f(s, b)
	}
}

// sign signs every input anew whose coin one of our keys holds. A transaction that
// was edited has another id, and those after it spend it under that one.
func (s *scene) sign(b *block.Block, ids map[*block.Tx]block.Hash) {
	renamed := make(map[block.Hash]block.Hash)
	scripts := make(map[block.Outpoint][]byte)
	for _, tx := range b.Txs {
		for i := range tx.Inputs {
			in := &tx.Inputs[i]
			if id, ok := renamed[in.Prev.TxID]; ok {
				in.Prev.TxID = id
			}
			script, here := scripts[in.Prev]
			if coin := s.tip.Coins([]block.Outpoint{in.Prev})[in.Prev]; !here && coin != nil {
				script = coin.Script
			}
			if key, ours := s.keys[string(script)]; ours {
				in.Script = key.Sign(tx, i, script, block.SigAll)
			}
		}
		if old, ok := ids[tx]; ok {
			renamed[old] = tx.ID()
		}
		for i := range tx.Outputs {
			scripts[block.Outpoint{TxID: tx.ID(), Index: uint32(i)}] = tx.Outputs[i].Script
		}
	}
}

// apply asks ApplyBlock about b after the scene's tip.
func (s *scene) apply(b *block.Block) error {
	hashed := consensus.NewBlock(b)
	_, _, err := consensus.ApplyBlock(s.tip.State, hashed, s.tip.Coins(consensus.Needs(s.tip.State, hashed)), s.tip.Verifier)
	return err
}

// tree returns a tree whose best chain ends in the scene's tip, opened from a disk.
func (s *scene) tree(t *testing.T) *chain.Tree {
	t.Helper()
	disk := chaingen.NewDisk()
	disk.Verifier = s.tip.Verifier
	tree := disk.MustOpen(s.tip.State.Params)
	for _, b := range s.tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatalf("history: block %s: %v", b.Name, err)
		}
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	return disk.MustOpen(s.tip.State.Params)
}

func TestRuleTable(t *testing.T) {
	for _, r := range table {
		t.Run(r.rule+"/"+r.what, func(t *testing.T) {
			t.Parallel()
			s := r.scene()
			b, before := s.build(&r)
			rule := consensus.Rule(r.rule)

			err := s.apply(b)
			if !errors.Is(err, rule) || consensus.RuleOf(err) != rule {
				t.Fatalf("ApplyBlock says %v, want %s", err, rule)
			}
			if consensus.Condemns(err) == r.innocent {
				t.Errorf("condemned for ever: %t, want %t", consensus.Condemns(err), !r.innocent)
			}
			tree := s.tree(t)
			change, err := tree.AddBlock(b, now)
			if consensus.RuleOf(err) != rule {
				t.Fatalf("the tree says %v, want %s", err, rule)
			}
			if change.Moved() || tree.Tip().Hash != s.tip.Hash {
				t.Fatalf("the tip moved to %s", tree.Tip().Hash)
			}
			s.aftermath(t, &r, tree, b, before)
		})
	}
}

// aftermath checks what the tree remembers of a refused block, and that it does
// not hold it against the good one.
func (s *scene) aftermath(t *testing.T, r *row, tree *chain.Tree, b, before *block.Block) {
	t.Helper()
	info, known := tree.Info(b.Hash())
	_, again := tree.AddBlock(b, now)
	child := s.childOf(b)
	childErr := tree.AddHeader(&child.Header, now)
	want := s.tip.Mine("true")
	switch {
	case r.onHeader: // forgotten, and refused for the same reason each time
		if known || consensus.RuleOf(again) != consensus.Rule(r.rule) || !errors.Is(childErr, consensus.ErrNoParent) {
			t.Errorf("header kept: %t; the second time: %v; a child: %v", known, again, childErr)
		}
	case r.innocent: // the same hash with the true body is welcome
		if info.Status.Invalid() || consensus.RuleOf(again) != consensus.Rule(r.rule) || childErr != nil {
			t.Errorf("status %b; the second time: %v; a child: %v", info.Status, again, childErr)
		}
		want = s.tip.Follow("true", before)
		if want.Err != nil {
			t.Fatalf("the true block is bad too: %v", want.Err)
		}
	default: // remembered as invalid
		if !info.Status.Invalid() || !errors.Is(again, consensus.Rule("duplicate-invalid")) || !errors.Is(childErr, consensus.Rule("bad-prevblk")) {
			t.Errorf("status %b; the second time: %v; a child: %v", info.Status, again, childErr)
		}
	}
	if _, err := tree.AddBlock(want.Block, now); err != nil || tree.Tip().Hash != want.Hash {
		t.Errorf("the good block afterwards: %v, tip %s", err, tree.Tip().Hash)
	}
}

// childOf returns a header on top of b, good but for its parent.
func (s *scene) childOf(b *block.Block) *block.Block {
	child := &block.Block{Header: b.Header}
	child.Header.Prev = b.Hash()
	child.Header.Bits = 0x207fffff
	child.Header.Time += 600
	chaingen.Search(&child.Header)
	return child
}

// elsewhere names the rules that no block on a valid tip can break, and the test
// that breaks each of them.
var elsewhere = map[string]func(*testing.T){
	"time-too-new":      TestTimeTooNew,
	"bad-prevblk":       TestBadPrevBlk,
	"duplicate-invalid": TestDuplicateInvalid,
	"bad-txns-oversize": TestOversizeTransaction,
}

// Every constant of type Rule is in consensus.Rules, and every rule has its row or its
// own test.
func TestEveryRuleHasItsRow(t *testing.T) {
	rows := make(map[string]bool)
	for _, r := range table {
		rows[r.rule] = true
	}
	for name := range elsewhere {
		rows[name] = true
	}
	listed := make(map[string]bool)
	for _, r := range consensus.Rules {
		listed[string(r)] = true
		if !rows[string(r)] {
			t.Errorf("rule %s has no row in the table", r)
		}
	}
	for _, r := range ruleConstants(t) {
		if !listed[r] {
			t.Errorf("rule %s is not in consensus.Rules", r)
		}
		delete(listed, r)
	}
	for r := range listed {
		t.Errorf("consensus.Rules has %s, which is no constant of rules.go", r)
	}
	for r := range rows {
		if !errors.Is(consensus.Rule(r), ruleNamed(r)) {
			t.Errorf("the table has a row for %s, which is no rule", r)
		}
	}
}

func ruleNamed(name string) consensus.Rule {
	for _, r := range consensus.Rules {
		if string(r) == name {
			return r
		}
	}
	return ""
}

// ruleConstants reads the values of all constants of type Rule out of the source.
func ruleConstants(t *testing.T) (out []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		typ, ok := spec.Type.(*ast.Ident)
		if value, lit := spec.Values[0].(*ast.BasicLit); ok && lit && typ.Name == "Rule" {
			s, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		return true
	})
	if len(out) < 30 {
		t.Fatalf("found only %d rules in rules.go", len(out))
	}
	return out
}
