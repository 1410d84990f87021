package consensus

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// Spending decides who may spend an output. P2PKH is toychain's; a test may plug
// in a full script engine. Both methods are pure and may be called from several
// goroutines at once.
type Spending interface {
	// Check decides whether input i of tx may spend the output; nil if it may.
	Check(tx *block.Tx, i int, output block.Output) error
	// SigOps counts signature operations against the block's limit. spent are the
	// outputs in the order of the inputs, nil for a coinbase.
	SigOps(tx *block.Tx, spent []block.Output) int
}

// P2PKH allows what Bitcoin's consensus allows in spending a pay to public key
// hash output: a strict DER signature (BIP66) of any hash type, low or high S, and
// a key in any form whose hash is the output's. No other output can be spent.
//
// NewP2PKH returns one for a node; the zero value judges the same and remembers nothing.
type P2PKH struct {
	keys *recent[compressed, *btcec.PublicKey] // nil: none
}

// compressed is a public key as it mostly comes: one coordinate of the point, the other
// to be worked out, which takes a tenth of the time of a signature's check.
type compressed [btcec.PubKeyBytesLenCompressed]byte

// keysSize is how many keys each of two generations holds: together about 3 MB.
const keysSize = 10_000

// NewP2PKH returns a P2PKH that remembers the points of public keys: whoever pays often
// from one address shows the same key each time.
func NewP2PKH() P2PKH { return P2PKH{newRecent[compressed, *btcec.PublicKey](keysSize)} }

// parseKey reads a public key in any form.
func (p P2PKH) parseKey(raw []byte) (*btcec.PublicKey, error) {
	if p.keys == nil || len(raw) != len(compressed{}) {
		return btcec.ParsePubKey(raw)
	}
	name := compressed(raw)
	if known, ok := p.keys.get(name); ok {
		return known, nil
	}
	key, err := btcec.ParsePubKey(raw)
	if err == nil {
		p.keys.put(name, key)
	}
	return key, err
}

// Check implements Spending.
func (p P2PKH) Check(tx *block.Tx, i int, output block.Output) error {
	hash, ok := block.PubKeyHash(output.Script)
	if !ok {
		return errors.New("the output is non-standard: nobody can spend it here")
	}
	sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[i].Script)
	if err != nil {
		return err
	}
	if block.Hash160(key) != hash {
		return errors.New("the public key is not the one that the output names")
	}
	if len(sig) == 0 {
		return errors.New("the signature is empty")
	}
	der, hashType := sig[:len(sig)-1], block.SigHashType(sig[len(sig)-1])
	signature, err := ecdsa.ParseDERSignature(der)
	if err == nil && len(der) != 2+int(der[1]) {
		err = errors.New("bytes after its end") // btcec lets them pass; BIP66 does not
	}
	if err != nil {
		return fmt.Errorf("signature is not strict DER: %w", err)
	}
	pub, err := p.parseKey(key)
	if err != nil {
		return fmt.Errorf("public key is not a point of the curve: %w", err)
	}
	digest := block.SigHash(tx, i, output.Script, hashType)
	if !signature.Verify(digest[:], pub) {
		return errors.New("the signature does not fit the transaction")
	}
	return nil
}

// SigOps implements Spending.
func (P2PKH) SigOps(tx *block.Tx, _ []block.Output) int { return SigOps(tx) }

// Memo is a Spending that remembers which transactions had every input checked,
// so that a payment accepted by the pool is not checked again in its block. A
// transaction's id covers its input scripts and, by the outpoints, the outputs
// they answer: the same id always gets the same answer, and the memory changes
// the cost, never the verdict. Safe for use by several goroutines.
type Memo struct {
	Spending
	ids *recent[block.Hash, struct{}]
}

// memoSize is how many ids each of a Memo's two generations holds: together about
// 5 MB, twenty full blocks of small payments.
const memoSize = 40_000

// NewMemo returns a Memo of s that has seen nothing.
func NewMemo(s Spending) *Memo {
	return &Memo{s, newRecent[block.Hash, struct{}](memoSize)}
}

func (m *Memo) knows(id block.Hash) bool {
	_, known := m.ids.get(id)
	return known
}

func (m *Memo) learn(checks []check) {
	for i := range checks {
		m.ids.put(checks[i].id, struct{}{})
	}
}

// SigOps counts the signature operations of tx, which spends these coins, against
// the block's limit; spent is nil for a coinbase.
func (p *Params) SigOps(tx *block.Tx, spent []Coin) int {
	return p.spending().SigOps(tx, outputs(spent))
}

// check is one transaction whose inputs are to be held against what they spend.
type check struct {
	at    int // its place in the block
	id    block.Hash
	tx    *block.Tx
	spent []Coin // in the order of the inputs
}

// checkInputs decides whether every input proves its right, on all cores. The
// answer does not depend on their number: of several faults the first is named.
func checkInputs(s Spending, checks []check) error {
	memo, _ := s.(*Memo)
	type input struct{ c, i int }
	var todo []input
	var fresh []check
	for _, c := range checks {
		if memo != nil && memo.knows(c.id) {
			continue
		}
		fresh = append(fresh, c)
		for i := range c.tx.Inputs {
			todo = append(todo, input{len(fresh) - 1, i})
		}
	}
	faults := make([]error, len(todo))
	eachOnAllCores(len(todo), func(n int) bool {
		c, i := &fresh[todo[n].c], todo[n].i
		faults[n] = s.Check(c.tx, i, c.spent[i].Output)
		return faults[n] == nil
	})
	for n, err := range faults {
		if err != nil {
			return fmt.Errorf("tx %d: input %d: %w (%w)", fresh[todo[n].c].at, todo[n].i, BadScript, err)
		}
	}
	if memo != nil {
		memo.learn(fresh)
	}
	return nil
}

// eachOnAllCores calls f for 0 to n-1 and returns when all calls have returned.
// Once a call returns false, no later number is started; every earlier one is.
func eachOnAllCores(n int, f func(int) bool) {
	workers := min(runtime.GOMAXPROCS(0), (n+3)/4) // fewer than four each are not worth a goroutine
	if workers <= 1 {
		for i := 0; i < n && f(i); i++ {
		}
		return
	}
	var next atomic.Int64
	var stop atomic.Bool
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if !f(i) {
					stop.Store(true)
				}
			}
		})
	}
	group.Wait()
}
