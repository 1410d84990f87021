package curve

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
	"toychain/consensus"
)

// checks are the ways to check a signature that this build has, by name; those of the
// library are added by a file with its tag.
var checks = map[string]consensus.SignatureCheck{
	"btcec":               consensus.Btcec(btcec.ParsePubKey),
	"btcec with a memory": btcecCheck(),
	"this build's":        P2PKH().Signature,
}

// agree returns what all checks say of a signature, and fails the test if they differ in
// the answer or in the words.
func agree(t testing.TB, key []byte, sig *ecdsa.Signature, digest block.Hash) error {
	t.Helper()
	want := checks["btcec"](key, sig, digest)
	for name, check := range checks {
		for range 2 { // a memory answers the second time
			if got := check(key, sig, digest); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("key %x, r and s %x, digest %x: %s says %v, btcec %v", key, sig.Serialize(), digest[:], name, got, want)
			}
		}
	}
	return want
}

// forms are the ways to write a public key; the last two name the wrong point or none.
func forms(pub *btcec.PublicKey) [][]byte {
	long := pub.SerializeUncompressed()
	hybrid, wrong := bytes.Clone(long), bytes.Clone(long)
	hybrid[0] = 6 | long[64]&1
	wrong[0] = 7 ^ long[64]&1
	return [][]byte{pub.SerializeCompressed(), long, hybrid, wrong, long[:64]}
}

// fromSecret returns a key and its signature of a digest, with the high S if that is wanted.
func fromSecret(secret []byte, digest block.Hash, high bool) (*btcec.PublicKey, *ecdsa.Signature) {
	scalar := sha256.Sum256(secret)
	private, public := btcec.PrivKeyFromBytes(scalar[:])
	sig := ecdsa.Sign(private, digest[:])
	r, s := sig.R(), sig.S()
	if high {
		s.Negate()
	}
	return public, ecdsa.NewSignature(&r, &s)
}

// Low and high S, keys in each form: the good ones pass whoever checks, and no other.
func TestEveryFormOfKeyAndSignature(t *testing.T) {
	digest := block.Hash(sha256.Sum256([]byte("digest")))
	for n := range 50 {
		for _, high := range []bool{false, true} {
			pub, sig := fromSecret([]byte{byte(n)}, digest, high)
			for i, key := range forms(pub) {
				if err := agree(t, key, sig, digest); (err == nil) != (i < 3) {
					t.Errorf("key %x, high S %v: %v", key, high, err)
				}
			}
		}
	}
}

// Whoever checks, the answer is the same: for a signature that is good, for the same with
// one bit of the key, of r and s or of the digest changed, and for any bytes.
func FuzzChecksAgree(f *testing.F) {
	for i := range 130 {
		f.Add([]byte{byte(i)}, []byte{byte(i), 1}, byte(i), uint16(i*7), []byte{2}, []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	}
	n, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	f.Add([]byte{}, n, byte(0), uint16(0), append([]byte{3}, n...), append([]byte{0x30, 6, 2, 1, 1, 2, 1}, n[0]))
	f.Fuzz(func(t *testing.T, secret, message []byte, form byte, bit uint16, key, der []byte) {
		digest := block.Hash(sha256.Sum256(message))
		if len(message) == 32 {
			digest = block.Hash(message) // also digests beyond the curve's order
		}
		pub, sig := fromSecret(secret, digest, form&8 != 0)
		written := forms(pub)[form%5]
		if err := agree(t, written, sig, digest); (err == nil) != (form%5 < 3) {
			t.Fatalf("key %x, digest %x: %v", written, digest[:], err)
		}

		r, s := sig.R(), sig.S()
		rb, sb := r.Bytes(), s.Bytes()
		whole := bytes.Join([][]byte{rb[:], sb[:], digest[:], written}, nil)
		at := int(bit) / 8 % len(whole)
		whole[at] ^= 1 << (bit % 8)
		if !r.SetByteSlice(whole[:32]) && !s.SetByteSlice(whole[32:64]) && !r.IsZero() && !s.IsZero() {
			if agree(t, whole[96:], ecdsa.NewSignature(&r, &s), block.Hash(whole[64:96])) == nil && at != 96 { // a key may be written with another first byte
				t.Fatalf("bit %d changed: the signature still fits", bit)
			}
		}

		if other, err := consensus.StrictDER(der); err == nil {
			agree(t, key, other, digest)
			agree(t, written, other, digest)
		}
		agree(t, key, sig, digest)
	})
}

// What a check costs, for keys that come again and (20,000, more than are remembered) that
// do not.
func BenchmarkCheck(b *testing.B) {
	digest := block.Hash(sha256.Sum256([]byte("digest")))
	type spend struct {
		key []byte
		sig *ecdsa.Signature
	}
	for _, keys := range []int{1, 100, 20_000} {
		var all []spend
		for i := range keys {
			pub, sig := fromSecret(fmt.Append(nil, i), digest, false)
			all = append(all, spend{pub.SerializeCompressed(), sig})
		}
		for _, name := range []string{"btcec", "btcec with a memory", "libsecp256k1"} {
			check, ok := checks[name]
			if !ok {
				continue
			}
			b.Run(fmt.Sprintf("keys=%d/%s", keys, name), func(b *testing.B) {
				i := 0
				for b.Loop() {
					if err := check(all[i%keys].key, all[i%keys].sig, digest); err != nil {
						b.Fatal(err)
					}
					i++
				}
			})
		}
	}
}
