package consensus

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// Spending decides who may spend an output. [P2PKH] is toychain's; a test may plug
// in a full script engine. Both methods are functions of their arguments and may be
// called from several goroutines at once.
type Spending interface {
	// Check returns nil if input i of tx may spend the output.
	Check(tx *block.Tx, i int, output block.Output) error
	// SigOps returns how many signature operations of tx count against the block's
	// limit. spent are the outputs in the order of the inputs, nil for a coinbase.
	SigOps(tx *block.Tx, spent []block.Output) int
}

// P2PKH is Bitcoin's consensus rule for spending a pay to public key hash output: a
// strict DER signature (BIP66) of any hash type, low or high S, and a key in any form
// whose hash is the output's. No other output can be spent.
type P2PKH struct {
	// Signature checks the signature of an input; nil is [Btcec] of btcec.ParsePubKey. Any
	// other must give the same answers: it may only be faster.
	Signature SignatureCheck
}

// A SignatureCheck returns nil if sig is the signature of digest by the public key, which
// stands here as in the script: compressed, uncompressed or hybrid. S may be low or high.
// What is strict DER and what a hash type covers is decided before.
type SignatureCheck func(key []byte, sig *ecdsa.Signature, digest block.Hash) error

// Btcec returns the check that btcec makes. parse reads a public key in any form; a caller
// may remember keys, because to decompress one takes a tenth of a signature check.
func Btcec(parse func(raw []byte) (*btcec.PublicKey, error)) SignatureCheck {
	return func(key []byte, sig *ecdsa.Signature, digest block.Hash) error {
		pub, err := parse(key)
		if err != nil {
			return fmt.Errorf("public key is not a point of the curve: %w", err)
		}
		if !sig.Verify(digest[:], pub) {
			return errors.New("the signature does not fit the transaction")
		}
		return nil
	}
}

// Check implements [Spending]: the key must hash to what the output names, and the
// signature must be the key's for the digest that block.SigHash makes of tx.
func (p P2PKH) Check(tx *block.Tx, i int, output block.Output) error {
	hash, ok := block.PubKeyHash(output.Script)
	if !ok {
		return errors.New("the output is non-standard and cannot be spent here")
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
	signature, err := StrictDER(der)
	if err != nil {
		return fmt.Errorf("signature is not strict DER: %w", err)
	}
	check := p.Signature
	if check == nil {
		check = Btcec(btcec.ParsePubKey)
	}
	return check(key, signature, block.SigHash(tx, i, output.Script, hashType))
}

// StrictDER returns the signature in der, which stands without its hash type, or an error
// unless der is its only encoding (BIP66).
func StrictDER(der []byte) (*ecdsa.Signature, error) {
	sig, err := ecdsa.ParseDERSignature(der)
	if err == nil && len(der) != 2+int(der[1]) {
		return nil, errors.New("bytes after its end") // btcec lets them pass; BIP66 does not
	}
	return sig, err
}

// SigOps implements [Spending].
func (P2PKH) SigOps(tx *block.Tx, _ []block.Output) int { return SigOps(tx) }

// Spender is a transaction with the coins that it spends.
type Spender struct {
	Index int // its place in the block
	ID    block.Hash
	Tx    *block.Tx
	Spent []Coin // in the order of the inputs
}

// Verifier applies a [Spending] rule to many transactions. Signatures are nearly all
// of the cost of validation, so how they are checked is an argument of [ApplyBlock]:
// [InOrder] checks one after the other; package chain's Verifier spreads them over the
// cores and remembers what it has checked. The answer must not depend on it.
type Verifier interface {
	// SigOps is that of the Spending rule.
	SigOps(tx *block.Tx, spent []block.Output) int
	// Verify returns nil if every input of every spender may spend its coin. If not,
	// the error wraps BadScript and names the first such input in the order of spenders.
	Verify(spenders []Spender) error
}

// InOrder returns the Verifier that checks one input after the other and remembers
// nothing.
func InOrder(rule Spending) Verifier { return inOrder{rule} }

type inOrder struct{ Spending }

// Verify implements [Verifier].
func (v inOrder) Verify(spenders []Spender) error {
	for _, s := range spenders {
		for i := range s.Spent {
			if err := v.Check(s.Tx, i, s.Spent[i].Output); err != nil {
				return s.Fault(i, err)
			}
		}
	}
	return nil
}

// Fault returns the error of a [Verifier] for input i of s, which err refuses.
func (s *Spender) Fault(i int, err error) error {
	return fmt.Errorf("tx %d: input %d: %w (%w)", s.Index, i, BadScript, err)
}
