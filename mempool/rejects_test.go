package mempool_test

import (
	"errors"
	"slices"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// reject is a payment that the pool refuses, and for which reason. The reasons are
// written out, not taken from the code, because other people's software reads them.
type reject struct {
	reason string
	what   string
	make   func(*world) *block.Tx
	edit   func(*setup, *mempool.Policy)

	condemned bool // whoever sends it is to blame
	signed    bool // it takes a look at the signatures to find out
}

var rejects = []reject{
	{reason: "txn-already-in-mempool", make: func(w *world) *block.Tx { tx := good(w); w.add(tx); return tx }},
	{reason: "txn-already-known", make: func(w *world) *block.Tx {
		tx := good(w)
		w.connect(w.tip.Mine("with it", tx))
		return tx
	}},

	{reason: "coinbase", make: func(w *world) *block.Tx { return w.tip.Template("coinbase").Txs[0] }, condemned: true},
	{reason: "version", what: "0", make: changed(func(tx *block.Tx) { tx.Version = 0 })},
	{reason: "version", what: "4", make: changed(func(tx *block.Tx) { tx.Version = 4 })},
	{reason: "version", what: "-1", make: changed(func(tx *block.Tx) { tx.Version = -1 })},
	{reason: "tx-size", what: "100,001 bytes", make: func(w *world) *block.Tx { return sized(w, 100_001) }, edit: freely},
	{reason: "tx-size-small", what: "64 bytes", make: func(w *world) *block.Tx { return sized(w, 64) }, edit: freely},
	{reason: "scriptsig-size", what: "1,651 bytes", make: inputScript(pushes(1651))},
	{reason: "scriptsig-not-pushonly", what: "an opcode", make: inputScript([]byte{0x51, 0x61})},
	{reason: "scriptsig-not-pushonly", what: "a push of bytes that are not there", make: inputScript([]byte{2, 0})},
	{reason: "scriptsig-not-pushonly", what: "a length that is not there", make: inputScript([]byte{0x4d, 1})},
	{reason: "scriptpubkey", what: "empty", make: outputScript(nil)},
	{reason: "scriptpubkey", what: "anyone can spend", make: outputScript([]byte{0x51})},
	{reason: "scriptpubkey", what: "a note of 81 bytes", make: outputScript(append([]byte{0x6a, 0x4c, 81}, make([]byte, 81)...))},
	{reason: "scriptpubkey", what: "a note with a longer push than needed",
		make: outputScript(append([]byte{0x6a, 0x4e, 80, 0, 0, 0}, make([]byte, 80)...))},
	{reason: "multi-op-return", make: changed(func(tx *block.Tx) {
		note := block.Output{Script: []byte{0x6a, 1, 7}}
		tx.Outputs = append(tx.Outputs, note, note)
	})},
	{reason: "dust", what: "545", make: changed(func(tx *block.Tx) { tx.Outputs[0].Value = 545 })},
	{reason: "dust", what: "0", make: changed(func(tx *block.Tx) { tx.Outputs[0].Value = 0 })},
	{reason: "bad-txns-nonstandard-inputs", make: func(w *world) *block.Tx {
		odd := miner.Pay([]consensus.UTXO{w.reward(1)}, block.Output{Value: coin, Script: []byte{0x51}})
		w.connect(w.tip.Mine("odd", odd))
		return miner.Pay([]consensus.UTXO{out(odd, 0)}, bob.To(coin/2))
	}},
	{reason: "bad-txns-too-many-sigops", what: "4,001", make: func(w *world) *block.Tx {
		w.sigs.sigops = 4000
		return good(w) // its output is the last one
	}},

	{reason: "non-final", what: "the next height", make: locked(func(w *world) uint32 { return 13 })},
	{reason: "non-final", what: "the median time", make: locked(func(w *world) uint32 { s := w.tree.Tip(); return s.MedianTime() })},
	{reason: "non-BIP68-final", what: "12 blocks after block 2, when the next is 13", make: sequence(12)},
	{reason: "non-BIP68-final", what: "11 times 512 seconds", make: sequence(1<<22 | 11)},
	{reason: "non-BIP68-final", what: "one block after a parent that is in none", edit: freely, make: func(w *world) *block.Tx {
		parent := spend(1000, 1, w.reward(1))
		w.add(parent)
		child := spend(1000, 1, out(parent, 0))
		child.Inputs[0].Sequence = 1
		return child
	}},

	{reason: "min relay fee not met", make: func(w *world) *block.Tx { return spend(84, 1, w.reward(1)) }, edit: freely},
	{reason: "min relay fee not met", what: "nothing", make: func(w *world) *block.Tx { return chaingen.Move(w.reward(1), bob) }},
	{reason: "mempool min fee not met", edit: poolOf(200), make: func(w *world) *block.Tx {
		w.add(spend(1000, 1, w.reward(1)), spend(2000, 1, w.reward(2)), spend(3000, 1, w.reward(3))) // three times 85 bytes: the first left
		return spend(1084, 1, w.reward(4))                                                           // it paid 1000, and 85 more are wanted
	}},
	{reason: "mempool full", edit: poolOf(200), signed: true, make: func(w *world) *block.Tx {
		w.add(spend(1000, 1, w.reward(1)), spend(2000, 1, w.reward(2)))
		return spend(999, 1, w.reward(3))
	}},
	{reason: "too-long-mempool-chain", what: "a chain of 26", edit: freely, make: func(w *world) *block.Tx {
		txs := line(w.reward(1), 26, 1000)
		w.add(txs[:25]...)
		return txs[25]
	}},
	{reason: "too-long-mempool-chain", what: "the parent's 26th, itself included", edit: freely, make: func(w *world) *block.Tx {
		parent := spend(10_000, 26, w.reward(1))
		w.add(parent)
		for i := range 24 {
			w.add(spend(1000, 1, out(parent, i)))
		}
		return spend(1000, 1, out(parent, 24))
	}},
	{reason: "too-long-mempool-chain", what: "ancestors of more than 101,000 bytes", edit: freely, make: func(w *world) *block.Tx {
		parent := sized(w, 100_000)
		w.add(parent)
		return spend(100_000, 30, out(parent, 1))
	}},

	{reason: "txn-mempool-conflict", make: func(w *world) *block.Tx {
		w.add(good(w))
		return miner.Pay([]consensus.UTXO{w.reward(2)}, carol.To(40*coin)) // however much it pays
	}},
	{reason: "txn-mempool-conflict", what: "the sequence one over what announces replacement", make: func(w *world) *block.Tx {
		first := good(w)
		first.Inputs[0].Sequence = 0xfffffffe
		w.add(miner.SignAll(first))
		return miner.Pay([]consensus.UTXO{w.reward(2)}, carol.To(40*coin))
	}},
	{reason: "bad-txns-spends-conflicting-tx", edit: freely, condemned: true, make: func(w *world) *block.Tx {
		first := signal(spend(1000, 1, w.reward(1)))
		w.add(first)
		return spend(9000, 1, w.reward(1), out(first, 0))
	}},
	{reason: "insufficient fee", what: "a lower rate", edit: freely, make: func(w *world) *block.Tx {
		w.add(signal(spend(100_000, 1, w.reward(1))))
		return spend(200_000, 400, w.reward(1))
	}},
	{reason: "insufficient fee", what: "the same rate, for more bytes", edit: freely, make: func(w *world) *block.Tx {
		w.add(signal(spend(8500, 1, w.reward(1)))) // 85 bytes
		return spend(11_900, 2, w.reward(1))       // 119
	}},
	{reason: "insufficient fee", what: "less than what it replaces pays together", edit: freely, make: func(w *world) *block.Tx {
		first := signal(spend(1000, 1, w.reward(1)))
		w.add(first, spend(5000, 1, out(first, 0)))
		return spend(5999, 1, w.reward(1))
	}},
	{reason: "insufficient fee", what: "84 more, for 85 bytes", edit: freely, make: func(w *world) *block.Tx {
		w.add(signal(spend(1000, 1, w.reward(1))))
		return spend(1084, 1, w.reward(1))
	}},
	{reason: "too many potential replacements", what: "101", edit: freely, make: func(w *world) *block.Tx {
		var coins []consensus.UTXO
		for i, n := range []int{25, 25, 25, 25, 1} {
			coins = append(coins, w.reward(i+1))
			txs := line(coins[i], n, 1000)
			signal(txs[0])
			for j := 1; j < n; j++ { // the id has changed
				txs[j].Inputs[0].Prev = out(txs[j-1], 0).Outpoint
			}
			w.add(txs...)
		}
		return spend(coin, 1, coins...)
	}},
	{reason: "replacement-adds-unconfirmed", edit: freely, make: func(w *world) *block.Tx {
		other := spend(1000, 1, w.reward(2))
		w.add(signal(spend(1000, 1, w.reward(1))), other)
		return spend(9000, 1, w.reward(1), out(other, 0))
	}},

	{reason: "non-mandatory-script-verify-flag (Non-canonical signature: S value is unnecessarily high)", make: highS},
	{reason: "non-mandatory-script-verify-flag (Signature hash type missing or not understood)", make: hashType},
	{reason: "non-mandatory-script-verify-flag (Data push larger than necessary)", make: longPush},
	{reason: "non-mandatory-script-verify-flag (Public key is neither compressed or uncompressed)", make: hybrid},
}

// Consensus faults keep the chain's names. A few stand for all: chain tests each.
var broken = []reject{
	{reason: "bad-txns-vin-empty", make: changed(func(tx *block.Tx) { tx.Inputs = nil }), condemned: true},
	{reason: "bad-txns-vout-negative", make: changed(func(tx *block.Tx) { tx.Outputs[0].Value = -1 }), condemned: true},
	{reason: "bad-txns-inputs-duplicate", make: changed(func(tx *block.Tx) { tx.Inputs = append(tx.Inputs, tx.Inputs[0]) }), condemned: true},
	{reason: "bad-txns-in-belowout", make: changed(func(tx *block.Tx) { tx.Outputs[0].Value = 51 * coin }), condemned: true},
	{reason: "bad-txns-inputs-missingorspent", what: "an output that its parent in the pool does not have", condemned: true,
		make: func(w *world) *block.Tx {
			parent := good(w)
			w.add(parent)
			c := out(parent, 0)
			c.Index = 1
			return bob.Pay([]consensus.UTXO{c}, carol.To(coin))
		}},
	{reason: "bad-txns-inputs-missingorspent", what: "its parent's note", condemned: true, make: func(w *world) *block.Tx {
		parent := miner.Pay([]consensus.UTXO{w.reward(2)}, block.Output{Value: coin, Script: []byte{0x6a, 1, 7}}, bob.To(coin))
		w.add(parent)
		return bob.Pay([]consensus.UTXO{out(parent, 0)}, carol.To(coin/2))
	}},
	{reason: "mandatory-script-verify-flag-failed", what: "another's key", condemned: true, signed: true, make: func(w *world) *block.Tx {
		return carol.Pay([]consensus.UTXO{w.reward(2)}, carol.To(49*coin))
	}},
	{reason: "mandatory-script-verify-flag-failed", what: "changed after signing", condemned: true, signed: true,
		make: func(w *world) *block.Tx { tx := good(w); tx.Outputs[0].Value--; return tx }},
	{reason: "bad-txns-premature-spend-of-coinbase", what: "at depth 2, wants 3: perhaps the sender is one block ahead",
		make: func(w *world) *block.Tx { return miner.Pay([]consensus.UTXO{w.reward(11)}, bob.To(49*coin)) }},
}

func TestRejects(t *testing.T) {
	for _, r := range append(append([]reject{}, rejects...), broken...) {
		t.Run(r.reason+"/"+r.what, func(t *testing.T) {
			w := newWorld(t)
			if r.edit != nil {
				w = newWorld(t, r.edit)
			}
			tx := r.make(w)
			before := w.sigs.checks.Load()
			_, err := w.try(tx)
			if got := mempool.Reason(err); got != r.reason {
				t.Fatalf("refused for %q (%v), want %q", got, err, r.reason)
			}
			if got := mempool.Condemns(err); got != r.condemned {
				t.Errorf("condemns: %v, want %v", got, r.condemned)
			}
			if looked := w.sigs.checks.Load() > before; looked != r.signed {
				t.Errorf("looked at signatures: %v, want %v", looked, r.signed)
			}
			if w.pool.Orphans() > 0 {
				t.Error("it is kept among the orphans")
			}
		})
	}
}

// Every reason has its row.
func TestRejectsAreComplete(t *testing.T) {
	rows := make(map[string]bool)
	for _, r := range rejects {
		rows[r.reason] = true
	}
	for _, r := range mempool.Rejects {
		if !rows[string(r)] {
			t.Errorf("no payment is refused for %q", r)
		}
		delete(rows, string(r))
	}
	for reason := range rows {
		t.Errorf("%q is not in mempool.Rejects", reason)
	}
}

// accepted are the payments one step inside what rejects has one step outside.
var accepted = []reject{
	{what: "nothing special", make: good},
	{what: "version 1", make: changed(func(tx *block.Tx) { tx.Version = 1 })},
	{what: "version 3", make: changed(func(tx *block.Tx) { tx.Version = 3 })},
	{what: "100,000 bytes", make: func(w *world) *block.Tx { return sized(w, 100_000) }, edit: freely},
	{what: "65 bytes", make: func(w *world) *block.Tx { return sized(w, 65) }, edit: freely},
	{what: "input script of 1,650 bytes", make: inputScript(pushes(1650)), edit: freely},
	{what: "every kind of push", make: inputScript([]byte{0, 1, 9, 0x4c, 1, 9, 0x4d, 1, 0, 9, 0x4e, 1, 0, 0, 0, 9, 0x4f, 0x51, 0x60}), edit: freely},
	{what: "a note of 80 bytes", make: outputScript(append([]byte{0x6a, 0x4c, 80}, make([]byte, 80)...))},
	{what: "546, which is not dust", make: changed(func(tx *block.Tx) { tx.Outputs[0].Value = 546 })},
	{what: "4,000 signature operations", make: func(w *world) *block.Tx { w.sigs.sigops = 3999; return good(w) }},
	{what: "locked until the tip's height", make: locked(func(w *world) uint32 { return 12 })},
	{what: "locked until before the median time", make: locked(func(w *world) uint32 { s := w.tree.Tip(); return s.MedianTime() - 1 })},
	{what: "a lock time that no input asks for", make: changed(func(tx *block.Tx) { tx.LockTime = 99 })},
	{what: "11 blocks after block 2, when the next is 13", make: sequence(11)},
	{what: "5 times 512 seconds", make: sequence(1<<22 | 5)},
	{what: "85 for 85 bytes", make: func(w *world) *block.Tx { return spend(85, 1, w.reward(1)) }, edit: freely},
	{what: "just what a full pool wants", edit: poolOf(200), make: func(w *world) *block.Tx {
		w.add(spend(1000, 1, w.reward(1)), spend(2000, 1, w.reward(2)), spend(3000, 1, w.reward(3)))
		return spend(2500, 1, w.reward(4))
	}},
	{what: "a chain of 25", edit: freely, make: func(w *world) *block.Tx {
		txs := line(w.reward(1), 25, 1000)
		w.add(txs[:24]...)
		return txs[24]
	}},
	{what: "ancestors of 101,000 bytes, and a parent with as much to carry", edit: freely, make: func(w *world) *block.Tx {
		parent := sized(w, 100_000)
		w.add(parent)
		child := spend(1000, 27, out(parent, 1))
		child.Outputs = append(child.Outputs, block.Output{})
		child.Outputs[27].Script, _ = block.DataScript(make([]byte, 1000-child.Size()-2))
		if child.Size() != 1000 {
			w.Fatalf("the child has %d bytes", child.Size())
		}
		return child
	}},
	{what: "uncompressed key", make: func(w *world) *block.Tx {
		return withKey(w, miner.Private.PubKey().SerializeUncompressed())
	}},
	{what: "hash type NONE|ANYONECANPAY", make: func(w *world) *block.Tx { return signedAs(w, 0x82) }},
	{what: "a reward at depth 3", make: func(w *world) *block.Tx { return miner.Pay([]consensus.UTXO{w.reward(10)}, bob.To(49*coin)) }},
}

func TestAccepted(t *testing.T) {
	for _, r := range accepted {
		t.Run(r.what, func(t *testing.T) {
			w := newWorld(t)
			if r.edit != nil {
				w = newWorld(t, r.edit)
			}
			tx := r.make(w)
			before := w.sigs.checks.Load()
			added, err := w.try(tx)
			if err != nil {
				t.Fatal(err)
			}
			if len(added.Accepted) != 1 || added.Accepted[0].ID != tx.ID() || !w.pool.Has(tx.ID()) {
				t.Error("it is not in the pool")
			}
			if n := int(w.sigs.checks.Load() - before); n != 2*len(tx.Inputs) {
				t.Errorf("%d signatures verified for %d inputs by Test and Add", n, len(tx.Inputs))
			}
		})
	}
}

// With a Verifier that remembers, a signature is verified once: by the first that asks.
func TestSignaturesOnce(t *testing.T) {
	count := &spending{Spending: consensus.P2PKH{}}
	params := chaingen.Network()
	tree, err := chain.NewTree(params, chain.NewVerifier(count), chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	tip := chaingen.Genesis(params).MineEmpty("", 5)
	for _, b := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, noon); err != nil {
			t.Fatal(err)
		}
	}
	pool := mempool.New(mempool.DefaultPolicy())
	tx := miner.Pay([]consensus.UTXO{tip.Chain()[1].Reward(), tip.Chain()[2].Reward()}, bob.To(99*coin))
	if _, err := pool.Test(tree, tx, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Add(tree, tx, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.AddBlock(tip.Mine("with it", tx).Block, noon); err != nil {
		t.Fatal(err)
	}
	if n := count.checks.Load(); n != 2 {
		t.Errorf("two inputs, %d verifications", n)
	}
}

// Trouble with the disk is neither a reject nor a rule, and changes nothing.
func TestTrouble(t *testing.T) {
	w := newWorld(t)
	fire := errors.New("fire")
	for _, tx := range []*block.Tx{good(w), miner.Pay([]consensus.UTXO{out(good(w), 0)}, bob.To(coin))} {
		_, err := w.pool.Add(burning{w.tree, fire}, tx, w.now)
		if !errors.Is(err, fire) || mempool.Reason(err) != "" || mempool.Condemns(err) {
			t.Errorf("%v: reason %q, condemns %v", err, mempool.Reason(err), mempool.Condemns(err))
		}
		if w.pool.Len()+w.pool.Orphans() > 0 {
			t.Error("it is kept all the same")
		}
	}
	if mempool.Reason(nil) != "" || mempool.Condemns(nil) {
		t.Error("no error has a reason")
	}
}

// burning is a view whose disk has gone.
type burning struct {
	*chain.Tree
	err error
}

func (b burning) Coins([]block.Outpoint) (consensus.Coins, error) { return nil, b.err }

// What policy refuses for its form the chain takes all the same: the two must not
// be mixed up, or a miner elsewhere could split the network.
func TestPolicyIsNoRule(t *testing.T) {
	for name, make := range map[string]func(*world) *block.Tx{
		"high S": highS, "hash type 4": hashType, "long push": longPush, "hybrid key": hybrid,
		"dust": changed(func(tx *block.Tx) { tx.Outputs[0].Value = 1 }), "no fee": func(w *world) *block.Tx { return chaingen.Move(w.reward(2), bob) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tx := make(w)
			if _, err := w.try(tx); err == nil {
				t.Fatal("the pool takes it")
			}
			w.connect(w.tip.Mine("with it", tx))
		})
	}
}

// A signature that is cut off anywhere, with a hash type after it, is refused by the rules.
func TestTornSignatures(t *testing.T) {
	w := newWorld(t)
	sig, key, _, err := block.ParsePubKeyHashInput(good(w).Inputs[0].Script)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < len(sig)-1; n++ { // one byte alone would not be the shortest push
		tx := good(w)
		tx.Inputs[0].Script = block.PubKeyHashInput(append(slices.Clone(sig[:n]), byte(block.SigAll)), key)
		if _, err := w.try(tx); !mempool.Condemns(err) {
			t.Errorf("%d of %d bytes: %v", n, len(sig), err)
		}
	}
}
