package curve

import (
	"github.com/btcsuite/btcd/btcec/v2"
	lru "github.com/hashicorp/golang-lru/v2"

	"toychain/consensus"
)

// keysSize is how many decompressed public keys are remembered: about 3 MB.
const keysSize = 15_000

// btcecCheck returns btcec's check with a cache of decompressed public keys: a payer who
// pays often from one address shows the same key each time.
func btcecCheck() consensus.SignatureCheck {
	keys, err := lru.New[[btcec.PubKeyBytesLenCompressed]byte, *btcec.PublicKey](keysSize)
	if err != nil {
		panic(err) // a size that is not positive
	}
	return consensus.Btcec(func(raw []byte) (*btcec.PublicKey, error) {
		if len(raw) != btcec.PubKeyBytesLenCompressed {
			return btcec.ParsePubKey(raw)
		}
		compressed := [btcec.PubKeyBytesLenCompressed]byte(raw)
		if key, known := keys.Get(compressed); known {
			return key, nil
		}
		key, err := btcec.ParsePubKey(raw)
		if err == nil {
			keys.Add(compressed, key)
		}
		return key, err
	})
}
