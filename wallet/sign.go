package wallet

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// Sign sets the script of every input of tx, or of none if it returns an error, which
// names the input. spent contains the outputs that the inputs spend, in the same order;
// each must be pay to public key hash, and keys must return its key. Signatures are of
// type ALL with low S (BIP62), deterministic (RFC 6979), and with compressed keys, so that
// signing twice gives the same bytes.
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
			return fmt.Errorf("sign: input %d: no key for public key hash %x: the coin belongs to another wallet", i, hash)
		}
		if got := block.Hash160(key.PubKey().SerializeCompressed()); got != hash {
			return fmt.Errorf("sign: input %d: the given key has public key hash %x, not %x", i, got, hash)
		}
		digest := block.SigHash(tx, i, out.Script, block.SigAll) // which covers no input's script
		sig := append(ecdsa.Sign(key, digest[:]).Serialize(), byte(block.SigAll))
		scripts[i] = block.PubKeyHashInput(sig, key.PubKey().SerializeCompressed())
	}
	for i := range scripts {
		tx.Inputs[i].Script = scripts[i]
	}
	return nil
}
