package interop

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/payer"
)

// theirProof is btcd's merkleblock of b for a filter that holds the ids, and how
// many transactions of b passed the filter.
func theirProof(t *testing.T, b *block.Block, ids []block.Hash) ([]byte, int) {
	t.Helper()
	filter := bloom.NewFilter(uint32(len(ids)+1), 7, 0.000001, wire.BloomUpdateNone)
	for _, id := range ids {
		filter.AddHash((*chainhash.Hash)(&id))
	}
	proof, found := bloom.NewMerkleBlock(wireBlock(t, b), filter)
	var raw bytes.Buffer
	if err := proof.BtcEncode(&raw, wire.BIP0037Version, wire.BaseEncoding); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes(), len(found)
}

// Our merkle proofs are btcd's, byte for byte: for blocks of 1 to 40 transactions and
// random choices among them. btcd reads ours, and we read btcd's.
func TestMerkleProofs(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	for size := 1; size <= 40; size++ {
		b := &block.Block{Header: block.Header{Bits: 0x207fffff}}
		for i := range size {
			b.Txs = append(b.Txs, &block.Tx{Version: 1, LockTime: uint32(i), Outputs: []block.Output{{Value: block.Amount(size), Script: []byte{0x51}}},
				Inputs: []block.Input{{Prev: block.Outpoint{TxID: block.Hash{byte(i), 1}, Index: dice.Uint32()}}}})
		}
		chaingen.Seal(b)
		for range 8 {
			want := make(map[block.Hash]bool)
			var ids []block.Hash
			for _, id := range b.TxIDs() {
				if dice.IntN(size) < 3 {
					want[id] = true
					ids = append(ids, id)
				}
			}
			ours := block.Prove(b, func(id block.Hash) bool { return want[id] }).Bytes()
			theirs, found := theirProof(t, b, ids)
			if found != len(ids) {
				continue // btcd's filter let others through
			}
			if !bytes.Equal(ours, theirs) {
				t.Fatalf("%d of %d transactions: our proof is %x, btcd's %x", len(ids), size, ours, theirs)
			}
			readProof(t, b, theirs, ids)
		}
	}
}

// readProof reads a proof with our code and with btcd's.
func readProof(t *testing.T, b *block.Block, raw []byte, want []block.Hash) {
	t.Helper()
	proof, err := block.ParseMerkleProof(raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		ids, err := proof.Proved()
		if err != nil || len(ids) != len(want) {
			t.Fatalf("we find %v proved (%v), want %v", ids, err, want)
		}
		for i := range ids {
			if ids[i] != want[i] {
				t.Errorf("proved is %s, want %s", ids[i], want[i])
			}
		}
	}
	var m wire.MsgMerkleBlock
	if err := m.BtcDecode(bytes.NewReader(raw), wire.BIP0037Version, wire.BaseEncoding); err != nil {
		t.Fatalf("btcd does not read the proof: %v", err)
	}
	if int(m.Transactions) != len(b.Txs) || m.Header.BlockHash() != chainhash.Hash(b.Hash()) {
		t.Errorf("btcd reads %d transactions of block %s, want %d of %s", m.Transactions, m.Header.BlockHash(), len(b.Txs), b.Hash())
	}
}

// What gettxoutproof returns is btcd's merkleblock, and verifytxoutproof believes it.
func TestProofCalls(t *testing.T) {
	s := serve(t)
	alice := s.owner(ourWords)
	s.mine(101, alice.at(0))
	var ids []block.Hash
	for range 6 {
		ids = append(ids, alice.pay(payer.To(to(chaingen.NewKey("friend")), block.Coin)).TxID)
	}
	hash := s.mine(1, alice.at(0))[0]
	b, err := s.RawBlock(s.ctx, hash)
	if err != nil {
		t.Fatal(err)
	}
	for _, some := range [][]block.Hash{ids[:1], ids[2:3], ids[1:4], ids} {
		theirs, found := theirProof(t, b, some)
		if found != len(some) {
			continue
		}
		var ours string
		if err := s.Call(s.ctx, "gettxoutproof", []any{some}, &ours); err != nil || ours != hex.EncodeToString(theirs) {
			t.Errorf("gettxoutproof: %s (%v), btcd's is %x", ours, err, theirs)
		}
		var proved []block.Hash
		if err := s.Call(s.ctx, "verifytxoutproof", []any{hex.EncodeToString(theirs)}, &proved); err != nil || len(proved) != len(some) {
			t.Errorf("verifytxoutproof of btcd's proof: %v (%v), want %v", proved, err, some)
		}
	}
}
