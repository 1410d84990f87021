package wallet

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// twoInTwoOut spends two coins of keys 1 and 2 and pays two strangers.
func twoInTwoOut() (*block.Tx, []block.Output) {
	tx := &block.Tx{Version: 2,
		Inputs: []block.Input{
			{Prev: block.Outpoint{TxID: block.Hash{1}, Index: 0}, Sequence: block.SequenceFinal},
			{Prev: block.Outpoint{TxID: block.Hash{2}, Index: 7}, Sequence: block.SequenceFinal},
		},
		Outputs: []block.Output{
			{Value: 3 * block.Coin, Script: addressOf(8).Script()},
			{Value: 4 * block.Coin, Script: addressOf(9).Script()},
		}}
	return tx, []block.Output{
		{Value: 5 * block.Coin, Script: addressOf(1).Script()},
		{Value: 2 * block.Coin, Script: addressOf(2).Script()},
	}
}

func keysOf(numbers ...byte) func(hash [20]byte) (*btcec.PrivateKey, bool) {
	return func(hash [20]byte) (*btcec.PrivateKey, bool) {
		for _, n := range numbers {
			if addressOf(n).Hash == hash {
				return keyOf(n), true
			}
		}
		return nil, false
	}
}

// verify judges input i as Bitcoin does, with nothing of this package.
func verify(t *testing.T, tx *block.Tx, i int, script []byte) bool {
	t.Helper()
	sig, key, minimal, err := block.ParsePubKeyHashInput(tx.Inputs[i].Script)
	if err != nil || !minimal {
		t.Fatalf("input %d: minimal %t, %v", i, minimal, err)
	}
	der, hashType := sig[:len(sig)-1], block.SigHashType(sig[len(sig)-1])
	if err := ecdsa.VerifyLowS(der); err != nil {
		t.Errorf("input %d: %v", i, err)
	}
	parsed, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		t.Fatalf("input %d: %v", i, err)
	}
	pub, err := btcec.ParsePubKey(key)
	if err != nil {
		t.Fatalf("input %d: %v", i, err)
	}
	digest := block.SigHash(tx, i, script, hashType)
	return parsed.Verify(digest[:], pub)
}

func TestSign(t *testing.T) {
	tx, spent := twoInTwoOut()
	if err := Sign(tx, spent, keysOf(1, 2)); err != nil {
		t.Fatal(err)
	}
	for i, out := range spent {
		if !verify(t, tx, i, out.Script) {
			t.Errorf("input %d: signature does not verify", i)
		}
		sig, key, _, _ := block.ParsePubKeyHashInput(tx.Inputs[i].Script)
		if hash, _ := block.PubKeyHash(out.Script); block.Hash160(key) != hash || len(key) != 33 {
			t.Errorf("input %d: key %x is not the compressed one of the coin", i, key)
		}
		if sig[len(sig)-1] != 0x01 {
			t.Errorf("input %d: hash type %02x, want ALL", i, sig[len(sig)-1])
		}
		if n := len(tx.Inputs[i].Script); n > 107 {
			t.Errorf("input %d: script of %d bytes, the fee was for 107", i, n)
		}
	}
	again, _ := twoInTwoOut()
	if err := Sign(again, spent, keysOf(1, 2)); err != nil || again.ID() != tx.ID() {
		t.Errorf("signing twice gives two transactions, %v", err)
	}
	tx.Outputs[0].Value++
	if verify(t, tx, 0, spent[0].Script) {
		t.Error("a signature survives a change of what it signed")
	}
}

func TestSignErrors(t *testing.T) {
	for _, v := range []struct {
		name string
		keys func([20]byte) (*btcec.PrivateKey, bool)
		edit func(spent []block.Output) []block.Output
		says []string
	}{
		{"one key missing", keysOf(1), nil, []string{"input 1", "no key"}},
		{"wrong key", func([20]byte) (*btcec.PrivateKey, bool) { return keyOf(1), true }, nil, []string{"input 1", "public key hash"}},
		{"other template", keysOf(1, 2), func(s []block.Output) []block.Output { s[1].Script = []byte{0x51}; return s },
			[]string{"input 1", "nonstandard", "pubkeyhash"}},
		{"too few outputs", keysOf(1, 2), func(s []block.Output) []block.Output { return s[:1] }, []string{"2 inputs", "1 outputs"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			tx, spent := twoInTwoOut()
			if v.edit != nil {
				spent = v.edit(spent)
			}
			wantError(t, Sign(tx, spent, v.keys), v.says...)
			if tx.Inputs[0].Script != nil {
				t.Error("half signed")
			}
		})
	}
}

// Each hash type leaves others free to change what it does not sign, and only that.
func TestSignInputHashTypes(t *testing.T) {
	type change string
	changes := map[change]func(tx *block.Tx){
		"other output":   func(tx *block.Tx) { tx.Outputs[1].Value-- },
		"own output":     func(tx *block.Tx) { tx.Outputs[0].Value-- },
		"other input":    func(tx *block.Tx) { tx.Inputs[1].Prev.Index++ },
		"other sequence": func(tx *block.Tx) { tx.Inputs[1].Sequence-- },
		"own sequence":   func(tx *block.Tx) { tx.Inputs[0].Sequence-- },
		"lock time":      func(tx *block.Tx) { tx.LockTime++ },
	}
	for _, v := range []struct {
		hashType block.SigHashType
		free     []change
	}{
		{0x01, nil},
		{0x02, []change{"own output", "other output", "other sequence"}},
		{0x03, []change{"other output", "other sequence"}},
		{0x81, []change{"other input", "other sequence"}},
		{0x82, []change{"own output", "other output", "other input", "other sequence"}},
		{0x83, []change{"other output", "other input", "other sequence"}},
	} {
		for _, compressed := range []bool{true, false} {
			tx, _ := twoInTwoOut()
			pub := keyOf(1).PubKey().SerializeUncompressed()
			if compressed {
				pub = keyOf(1).PubKey().SerializeCompressed()
			}
			script := KeyAddress(pub).Script()
			tx.Inputs[0].Script = inputScript(tx, 0, script, keyOf(1), v.hashType, compressed)
			if _, key, _, _ := block.ParsePubKeyHashInput(tx.Inputs[0].Script); !bytes.Equal(key, pub) {
				t.Errorf("type %02x: key %x, want %x", v.hashType, key, pub)
			}
			if !verify(t, tx, 0, script) {
				t.Errorf("type %02x: does not verify", v.hashType)
			}
			for name, edit := range changes {
				changed, free := tx.Clone(), false
				for _, f := range v.free {
					free = free || f == name
				}
				edit(changed)
				if verify(t, changed, 0, script) != free {
					t.Errorf("type %02x: %s may change: %t, want %t", v.hashType, name, !free, free)
				}
			}
		}
	}
}

// From Core's test/functional/rpc_signmessagewithprivkey.py.
func TestMessageVector(t *testing.T) {
	const (
		message   = "This is just a test message"
		address   = "mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB"
		signature = "INbVnW4e6PeRmsv2Qgu8NuopvrVjkcxob+sX8OcZG0SALhWybUjzMLPdAsXI46YZGb0KQTRii+wWIQzRpG/U+S0="
	)
	key, _ := btcec.PrivKeyFromBytes(base58.Decode("cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N")[1:33])
	if got := SignMessage(key, message); got != signature {
		t.Errorf("signature %s, want %s", got, signature)
	}
	a, err := ParseAddress(address, testNet)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyMessage(a, signature, message); err != nil {
		t.Error(err)
	}
	for _, v := range []struct {
		a                  Address
		signature, message string
		ours               bool // well made, but does not fit
	}{
		{a, signature, message + ".", true},
		{addressOf(1), signature, message, true},
		{a, base64.StdEncoding.EncodeToString(make([]byte, 65)), message, true},
		{a, "invalid_sig", message, false},
		{a, signature[:84], message, false},
		{a, "", message, false},
	} {
		if err := VerifyMessage(v.a, v.signature, v.message); err == nil || errors.Is(err, ErrMessage) != v.ours {
			t.Errorf("%q by %q: %v", v.message, v.signature, err)
		}
	}
	// The address of the uncompressed key is another one, and can sign as well.
	digest := messageHash(message)
	long := base64.StdEncoding.EncodeToString(ecdsa.SignCompact(key, digest[:], false))
	if err := VerifyMessage(KeyAddress(key.PubKey().SerializeUncompressed()), long, message); err != nil {
		t.Error(err)
	}
	if err := VerifyMessage(a, long, message); !errors.Is(err, ErrMessage) {
		t.Errorf("the uncompressed key signs for the compressed address: %v", err)
	}
}

// inputScript returns the input script that spends a pay-to-public-key-hash script, with
// any hash type and form of key. Sign makes one kind of it only.
func inputScript(tx *block.Tx, i int, script []byte, key *btcec.PrivateKey, t block.SigHashType, compressed bool) []byte {
	digest := block.SigHash(tx, i, script, t)
	sig := append(ecdsa.Sign(key, digest[:]).Serialize(), byte(t))
	pub := key.PubKey().SerializeUncompressed()
	if compressed {
		pub = key.PubKey().SerializeCompressed()
	}
	return block.PubKeyHashInput(sig, pub)
}
