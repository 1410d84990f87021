package block_test

import (
	"encoding/hex"
	"fmt"

	"toychain/block"
)

// Bitcoin's first header is 80 bytes, and its hash the name of the block. As a
// number the hash is little-endian, so people write it in reverse: the zeros that the
// miner worked for come first.
func ExampleHeader_Hash() {
	h := block.Header{
		Version:    1,
		MerkleRoot: block.MustHash("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
		Time:       1231006505,
		Bits:       0x1d00ffff,
		Nonce:      2083236893,
	}
	hash := h.Hash()
	fmt.Printf("as computed: %x\n", hash[:])
	fmt.Println("as written: ", hash)
	fmt.Println("in pictures:", hash.Short())
	// Output:
	// as computed: 6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000
	// as written:  000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f
	// in pictures: 19d6689c
}

// The root over the transactions of Bitcoin's block 170: a header of 80 bytes commits to
// any number of transactions. A list with its last entry twice can have the same root,
// and is reported as mutated.
func ExampleMerkleRoot() {
	coinbase := block.MustHash("b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082")
	payment := block.MustHash("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
	root, mutated := block.MerkleRoot([]block.Hash{coinbase, payment})
	fmt.Println(root, mutated)

	three, _ := block.MerkleRoot([]block.Hash{coinbase, payment, root})
	four, mutated := block.MerkleRoot([]block.Hash{coinbase, payment, root, root})
	fmt.Println(three == four, mutated)
	// Output:
	// 7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff false
	// true true
}

// An output is locked to the hash of a key. An address is this hash with a prefix and a
// checksum, for people; there are no addresses in a block.
func ExamplePubKeyHashScript() {
	key, _ := hex.DecodeString("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
	script := block.PubKeyHashScript(block.Hash160(key))
	fmt.Printf("%x %s\n", script, block.KindOf(script))
	// Output: 76a914751e76e8199196d454941c45d1b3a323f1433bd688ac pubkeyhash
}

// A transaction's bytes identify it: with any change it is another transaction.
func ExampleTx_ID() {
	tx := block.Tx{
		Version: 1,
		Inputs: []block.Input{{
			Prev:     block.Outpoint{Index: block.NullIndex},
			Script:   block.CoinbaseScript(1, 0, "hello"),
			Sequence: block.SequenceFinal,
		}},
		Outputs: []block.Output{{Value: 50 * block.Coin, Script: block.PubKeyHashScript([20]byte{})}},
	}
	fmt.Println(tx.Size(), "bytes, coinbase:", tx.IsCoinbase())
	fmt.Println(tx.ID())
	tx.Outputs[0].Value++
	fmt.Println(tx.ID())
	// Output:
	// 101 bytes, coinbase: true
	// 6d436578d66d51867ad14869aeaff71a488224d010cb405635f2caadd3a54be9
	// 5b855ed5b896988405e6b97ca939fb27c6056f5cc80892e9d8e954758c69d8e7
}

// Amounts are whole numbers of the smallest unit and never pass through a float.
func ExampleAmount() {
	a, err := block.ParseAmount("0.1")
	fmt.Println(int64(a), a, a.Short(), err)
	_, err = block.ParseAmount("0.000000001")
	fmt.Println(err)
	// Output:
	// 10000000 0.10000000 0.1 <nil>
	// amount "0.000000001": at most eight decimals
}

// What a signature signs depends on its type: ALL signs the outputs, while NONE leaves
// them open, and the next holder of the transaction can replace them.
func ExampleSigHash() {
	tx := &block.Tx{Version: 1, Inputs: make([]block.Input, 1), Outputs: []block.Output{{Value: 10}}}
	all, none := block.SigHash(tx, 0, nil, block.SigAll), block.SigHash(tx, 0, nil, block.SigNone)
	tx.Outputs[0].Value = 9
	fmt.Println("ALL notices: ", block.SigHash(tx, 0, nil, block.SigAll) != all)
	fmt.Println("NONE notices:", block.SigHash(tx, 0, nil, block.SigNone) != none)
	// Output:
	// ALL notices:  true
	// NONE notices: false
}
