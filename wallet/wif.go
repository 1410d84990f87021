package wallet

import (
	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
)

// EncodeWIF writes a private key in wallet import format: base58check of the network's
// version byte, the 32 bytes of the key and, if the key's address is that of the
// compressed public key, the byte 01.
func EncodeWIF(key *btcec.PrivateKey, compressed bool, p block.Prefixes) string {
	b := key.Serialize()
	if compressed {
		b = append(b, 1)
	}
	return base58.CheckEncode(b, p.WIF)
}
