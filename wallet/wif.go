package wallet

import (
	"errors"
	"fmt"

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

// ParseWIF reads what EncodeWIF writes. Another network's key is an ErrNetwork. The
// error never repeats s.
func ParseWIF(s string, p block.Prefixes) (key *btcec.PrivateKey, compressed bool, err error) {
	raw, err := decodeCheck(s)
	if err != nil {
		return nil, false, fmt.Errorf("private key: %w", err)
	}
	version, b := raw[0], raw[1:]
	compressed = len(b) == 33 && b[32] == 1
	switch {
	case len(b) != 32 && !compressed:
		return nil, false, fmt.Errorf("private key: wrong length: %d bytes after the version byte, want 32, or 33 that end in 01", len(b))
	case version != p.WIF:
		return nil, false, otherNetwork("private key", version, p.WIF)
	case !inCurve(b[:32]):
		return nil, false, errors.New("private key: the number is not between 1 and the order of the curve")
	}
	key, _ = btcec.PrivKeyFromBytes(b[:32])
	return key, compressed, nil
}

// inCurve reports whether 32 bytes, read as a big-endian number, are a private key:
// at least 1 and below the order of the group.
func inCurve(b []byte) bool {
	var k btcec.ModNScalar
	overflow := k.SetByteSlice(b)
	return !overflow && !k.IsZero()
}
