package block_test

import (
	"bytes"
	"strings"
	"testing"

	"toychain/block"
)

// One value has one encoding: the encoder returns exactly the bytes that the decoder
// accepted. Else one transaction could have two txids.

func FuzzParseHeader(f *testing.F) {
	for _, s := range []string{"", genesisHeader, block1Header, genesisHeader + "00"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := block.ParseHeader(raw)
		if (err == nil) != (len(raw) == block.HeaderSize) {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		if err != nil {
			if !malformed(err) {
				t.Fatalf("%v is of no class", err)
			}
			return
		}
		if b := h.Bytes(); !bytes.Equal(b[:], raw) || h.Hash() != block.Sum(raw) {
			t.Fatalf("%x became %x", raw, b)
		}
	})
}

func FuzzParseTx(f *testing.F) {
	for _, row := range signedTxs {
		f.Add(unhex(f, row.bytes))
	}
	f.Add(unhex(f, "010000000000"+"00000000"))
	f.Add(unhex(f, txVersion+"fd0100"+txOutpoint))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		tx, err := block.ParseTx(raw)
		if err != nil {
			if tx != nil || !malformed(err) {
				t.Fatalf("%v, %v", tx, err)
			}
			return
		}
		checkTx(t, tx, before)
		c := tx.Clone()
		checkTx(t, c, before)
		for i := range tx.Inputs {
			for _, typ := range []block.SigHashType{0, block.SigAll, block.SigNone, block.SigSingle, 0x81, 0x82, 0x83, 0xff} {
				block.SigHash(tx, i, nil, typ)
			}
		}
		checkTx(t, tx, before)
	})
}

func checkTx(t *testing.T, tx *block.Tx, raw []byte) {
	t.Helper()
	if got := tx.Bytes(); !bytes.Equal(got, raw) || tx.Size() != len(raw) || tx.ID() != block.Sum(raw) {
		t.Fatalf("%x became %x, size %d", raw, got, tx.Size())
	}
}

func FuzzParse(f *testing.F) {
	for _, row := range bitcoinBlocks {
		f.Add(unhex(f, row.bytes))
	}
	f.Add(unhex(f, genesisHeader+"00"))
	f.Add(unhex(f, genesisHeader+"fdfd00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := block.Parse(raw)
		if err != nil {
			if b != nil || !malformed(err) {
				t.Fatalf("%v, %v", b, err)
			}
			return
		}
		if got := b.Bytes(); !bytes.Equal(got, raw) || b.Size() != len(raw) {
			t.Fatalf("%x became %x, size %d", raw, got, b.Size())
		}
		if ids := b.TxIDs(); len(ids) != len(b.Txs) {
			t.Fatalf("%d txids of %d transactions", len(ids), len(b.Txs))
		}
	})
}

func FuzzScripts(f *testing.F) {
	for _, s := range []string{
		"", p2pkhOutput, p2pkhInput, "6a0548656c6c6f", "6a4c50", "4e00000000", "00ac", "acadaeaf", "51ae",
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		before := bytes.Clone(script)
		hash, isPubKeyHash := block.PubKeyHash(script)
		if isPubKeyHash && !bytes.Equal(block.PubKeyHashScript(hash), script) {
			t.Fatalf("%x is not the script of %x", script, hash)
		}
		data, isData := block.Data(script)
		if isData {
			again, err := block.DataScript(data)
			if got, ok := block.Data(again); err != nil || !ok || !bytes.Equal(got, data) || len(again) > len(script) {
				t.Fatalf("%x carries %x, written again %x, %v", script, data, again, err)
			}
		}
		kind := block.KindOf(script)
		if (kind == block.KindPubKeyHash) != isPubKeyHash || (kind == block.KindData) != isData {
			t.Fatalf("%x is %s, public key hash %v, data %v", script, kind, isPubKeyHash, isData)
		}
		if isData && !block.Unspendable(script) || isPubKeyHash && block.Unspendable(script) {
			t.Fatalf("%x: unspendable %v", script, block.Unspendable(script))
		}
		if n := block.SigOps(script); n < 0 || n > 20*len(script) {
			t.Fatalf("%x has %d signature operations", script, n)
		}
		sig, key, minimal, err := block.ParsePubKeyHashInput(script)
		if err == nil && len(sig) <= 0xffff && len(key) <= 0xffff {
			again := block.PubKeyHashInput(sig, key)
			oneByte := len(sig) == 1 || len(key) == 1 // may have an opcode of its own
			if !oneByte && minimal != bytes.Equal(again, script) {
				t.Fatalf("%x: minimal %v, but the shortest is %x", script, minimal, again)
			}
		}
		if !bytes.Equal(script, before) {
			t.Fatalf("%x was overwritten with %x", before, script)
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
	f.Add("")
	f.Add(strings.Repeat("é", 32))
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := block.ParseHash(s); err == nil && h.String() != strings.ToLower(s) {
			t.Fatalf("%q became %s", s, h)
		}
	})
}
