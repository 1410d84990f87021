//go:build libsecp256k1

package curve

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/ethereum/go-ethereum/crypto/secp256k1"

	"toychain/block"
	"toychain/consensus"
)

// Name says who checks signatures in this build.
const Name = "libsecp256k1"

// P2PKH returns the rule for spending, with the signature check of this build.
func P2PKH() consensus.P2PKH { return consensus.P2PKH{Signature: libsecp256k1Check} }

// libsecp256k1Check asks Core's library. It accepts the lower of s and n-s only, while
// Bitcoin's consensus accepts both, so a high S is negated first, as Core does
// (CPubKey::Verify). It reads the public key by itself, in all four forms.
func libsecp256k1Check(key []byte, sig *ecdsa.Signature, digest block.Hash) error {
	r, s := sig.R(), sig.S()
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	var compact [64]byte
	r.PutBytesUnchecked(compact[:32])
	s.PutBytesUnchecked(compact[32:])
	if secp256k1.VerifySignature(key, digest[:], compact[:]) {
		return nil
	}
	if _, err := btcec.ParsePubKey(key); err != nil {
		return fmt.Errorf("public key is not a point of the curve: %w", err)
	}
	return errors.New("the signature does not fit the transaction")
}
