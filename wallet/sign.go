package wallet

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// Sign fills in the script of every input of tx, or of none if it returns an error,
// which names the input. spent holds the outputs that the inputs spend, in the
// same order; each must be pay to public key hash, and keys must know its key.
// Signatures are of type ALL, low S (BIP62), made without randomness (RFC 6979),
// with compressed keys: signing twice gives the same bytes.
func Sign(tx *block.Tx, spent []block.Output, keys func(hash [20]byte) (*btcec.PrivateKey, bool)) error {
	if len(spent) != len(tx.Inputs) {
		return fmt.Errorf("sign: %d inputs, but %d outputs to spend", len(tx.Inputs), len(spent))
	}
	scripts := make([][]byte, len(tx.Inputs))
	for i, out := range spent {
		hash, ok := block.PubKeyHash(out.Script)
		if !ok {
			return fmt.Errorf("sign: input %d: it spends a %s output; only %s can be signed",
				i, block.KindOf(out.Script), block.KindPubKeyHash)
		}
		key, ok := keys(hash)
		if !ok {
			return fmt.Errorf("sign: input %d: no key for public key hash %x; it is another wallet's coin", i, hash)
		}
		if got := block.Hash160(key.PubKey().SerializeCompressed()); got != hash {
			return fmt.Errorf("sign: input %d: the key offered has public key hash %x, not %x", i, got, hash)
		}
		scripts[i] = inputScript(tx, i, out.Script, key, block.SigAll, true)
	}
	for i := range scripts {
		tx.Inputs[i].Script = scripts[i]
	}
	return nil
}

// inputScript returns the two pushes that answer a pay-to-public-key-hash script.
// SigHash takes no notice of the scripts that tx has already.
func inputScript(tx *block.Tx, i int, script []byte, key *btcec.PrivateKey, t block.SigHashType, compressed bool) []byte {
	digest := block.SigHash(tx, i, script, t)
	sig := append(ecdsa.Sign(key, digest[:]).Serialize(), byte(t))
	pub := key.PubKey().SerializeUncompressed()
	if compressed {
		pub = key.PubKey().SerializeCompressed()
	}
	return block.PubKeyHashInput(sig, pub)
}
