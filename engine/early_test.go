package engine

import (
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// A block is passed on in the middle of its validation if all holds that can be checked without coins,
// once for each height; and only the sender of a block that fails before that is penalized.
func TestPassedOnEarly(t *testing.T) {
	w := newWorld(t, 1)
	n := w.nodes[0]
	w.mine(n, 2)
	below, extra := n.engine.Tree().Tip().Header.Prev, uint64(100)
	forge := func(change func(*block.Block)) *block.Block {
		extra++
		tmpl, err := n.engine.Template(n.script(), extra, "", w.now)
		if err != nil {
			t.Fatal(err)
		}
		b := &block.Block{Header: tmpl.Block.Header, Txs: []*block.Tx{tmpl.Block.Txs[0].Clone()}}
		change(b)
		if b.Header.MerkleRoot == tmpl.Block.Header.MerkleRoot {
			b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
		}
		solve(t, &b.Header)
		return b
	}
	right := func(*block.Block) {}
	greedy := func(b *block.Block) { b.Txs[0].Outputs[0].Value++ }
	idle := forge(right)
	for consensus.CheckWork(w.params, &idle.Header) == nil {
		idle.Header.Nonce++
	}
	forged := forge(greedy)
	for _, row := range []struct {
		name  string
		block *block.Block
		pass  bool
		class Class
	}{
		{"no work", idle, false, Invalid},
		{"other transactions", forge(func(b *block.Block) { b.Header.MerkleRoot = block.Hash{1} }), false, Invalid},
		{"a transaction without outputs", forge(func(b *block.Block) { b.Txs[0].Outputs = nil }), false, Invalid},
		{"a lock time to come", forge(func(b *block.Block) { b.Txs[0].LockTime, b.Txs[0].Inputs[0].Sequence = 1000, 0 }), false, Invalid},
		{"from the future", forge(func(b *block.Block) { b.Header.Time += 9000 }), false, NotNow},
		{"parent unknown", forge(func(b *block.Block) { b.Header.Prev = block.Hash{1} }), false, NotNow},
		{"known", n.block(t, below), false, NotNow},
		{"fails when it is connected", forged, true, Unblamed},
		{"the same again", forged, false, NotNow},
		{"on it", forge(func(b *block.Block) { b.Header.Prev = forged.Hash() }), false, NotNow},
		{"another that fails, at that height", forge(greedy), false, Unblamed},
		{"the true one at that height", forge(right), false, OK},
	} {
		blamed := len(n.blamed)
		pass, err := w.receive(n, BlockReceived{Peer: "stranger", Block: row.block})
		if pass != row.pass || Classify(err) != row.class || len(n.blamed)-blamed != map[bool]int{true: 1}[row.class == Invalid] {
			t.Errorf("%s: passed on: %v; then %v, of class %d; penalized: %v", row.name, pass, err, Classify(err), n.blamed[blamed:])
		}
	}

	next := forge(right)
	for name, in := range map[string]BlockReceived{
		"that was requested": {Peer: "stranger", Block: next, Requested: true},
		"of our user":        {Block: next},
	} {
		if _, pass := n.engine.Check(w.now, in); pass {
			t.Errorf("a block %s is passed on", name)
		}
	}
	if _, pass := n.engine.Check(w.now.Add(maxTipAge+time.Hour), BlockReceived{Peer: "stranger", Block: next}); pass {
		t.Error("a node that is catching up passes a block on")
	}
	if pass, err := w.receive(n, BlockReceived{Peer: "stranger", Block: next}); !pass || err != nil {
		t.Errorf("a block on the tip: passed on: %v; then %v", pass, err)
	}
}

// block returns a stored block.
func (n *testNode) block(t *testing.T, id block.Hash) *block.Block {
	t.Helper()
	b, err := n.engine.Tree().Block(id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// receive gives a node a block, and returns whether it was passed on before its Result.
func (w *world) receive(n *testNode, in BlockReceived) (pass bool, result error) {
	w.t.Helper()
	before := n.passed
	result = w.give(n, in)
	return n.passed > before, result
}
