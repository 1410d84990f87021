package wallet

import (
	"encoding/base64"
	"errors"
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

// ErrMessage is wrapped by the error for a well-formed signature that is not the
// address's for this message.
var ErrMessage = errors.New("signature does not fit address and message")

// messageMagic is hashed before every message, so that no message can be a transaction
// (Core: MESSAGE_MAGIC).
const messageMagic = "Bitcoin Signed Message:\n"

// messageHash returns the digest that is signed (Core: MessageHash).
func messageHash(message string) block.Hash {
	b := block.AppendCompactSize(nil, uint64(len(messageMagic)))
	b = append(b, messageMagic...)
	b = block.AppendCompactSize(b, uint64(len(message)))
	return block.Sum(append(b, message...))
}

// SignMessage returns the proof that the owner of key's compressed address signed message,
// in the form of Bitcoin Core's signmessage: base64 of 65 bytes, namely a header, r and s.
// The header selects one of four public keys, so the key itself need not be sent.
func SignMessage(key *btcec.PrivateKey, message string) string {
	digest := messageHash(message)
	return base64.StdEncoding.EncodeToString(ecdsa.SignCompact(key, digest[:], true))
}

// VerifyMessage returns nil if the owner of a signed message. The error is ErrMessage if
// another key signed, or another message was signed, which cannot be distinguished.
func VerifyMessage(a Address, signature, message string) error {
	const size = 65
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return errors.New("message signature: not base64")
	}
	if len(sig) != size {
		return fmt.Errorf("message signature: %d bytes, want %d", len(sig), size)
	}
	digest := messageHash(message)
	pub, compressed, err := ecdsa.RecoverCompact(sig, digest[:])
	if err != nil {
		return fmt.Errorf("message: %w", ErrMessage)
	}
	b := pub.SerializeUncompressed()
	if compressed {
		b = pub.SerializeCompressed()
	}
	if KeyAddress(b) != a {
		return fmt.Errorf("message: %w", ErrMessage)
	}
	return nil
}
