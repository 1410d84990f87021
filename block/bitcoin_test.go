package block_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"toychain/block"
)

// Blocks of Bitcoin's main chain, byte for byte. Their hashes are published, so a codec
// that is wrong in a single bit fails here.
const (
	genesisHeader = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e" +
		"67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
	genesisTx = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d01" +
		"04455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f662073" +
		"65636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe55482719" +
		"67f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a" +
		"4c702b6bf11d5fac00000000"

	block1Header = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e" +
		"1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299"
	block1Tx = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d01" +
		"04ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c" +
		"52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000"

	// Block 170 has the first payment from one person to another: Satoshi
	// Nakamoto pays Hal Finney 10 coins out of the 50 of block 9.
	block170Header = "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3" +
		"ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70"
	block170Coinbase = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d01" +
		"02ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052d64a" +
		"c625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac00000000"
	block170Payment = "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e" +
		"45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd1290" +
		"9d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b" +
		"99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6c" +
		"d84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0" +
		"eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000"
)

var bitcoinBlocks = []struct {
	what  string
	bytes string
	hash  string
	txids []string
}{
	{"genesis", genesisHeader + "01" + genesisTx,
		"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
		[]string{"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}},
	{"block 1", block1Header + "01" + block1Tx,
		"00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048",
		[]string{"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"}},
	{"block 170", block170Header + "02" + block170Coinbase + block170Payment,
		"00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee",
		[]string{"b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082",
			"f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"}},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, s string) *block.Block {
	t.Helper()
	b, err := block.Parse(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parseTx(t testing.TB, s string) *block.Tx {
	t.Helper()
	tx, err := block.ParseTx(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestBitcoinsBlocks(t *testing.T) {
	var prev block.Hash
	for _, row := range bitcoinBlocks {
		b := parse(t, row.bytes)
		if b.Hash().String() != row.hash {
			t.Errorf("%s: hash %s, want %s", row.what, b.Hash(), row.hash)
		}
		if !bytes.Equal(b.Bytes(), unhex(t, row.bytes)) {
			t.Errorf("%s: encoded again it is %x", row.what, b.Bytes())
		}
		if b.Size() != len(row.bytes)/2 {
			t.Errorf("%s: size %d, want %d", row.what, b.Size(), len(row.bytes)/2)
		}
		for i, id := range b.TxIDs() {
			if id.String() != row.txids[i] {
				t.Errorf("%s: tx %d is %s, want %s", row.what, i, id, row.txids[i])
			}
			if coinbase := b.Txs[i].IsCoinbase(); coinbase != (i == 0) {
				t.Errorf("%s: tx %d: coinbase %v", row.what, i, coinbase)
			}
		}
		if root, mutated := block.MerkleRoot(b.TxIDs()); root != b.Header.MerkleRoot || mutated {
			t.Errorf("%s: merkle root %s (mutated %v), header has %s", row.what, root, mutated, b.Header.MerkleRoot)
		}
		if row.what != "block 170" && b.Header.Prev != prev {
			t.Errorf("%s: parent %s, want %s", row.what, b.Header.Prev, prev)
		}
		prev = b.Hash()
	}
}

// Every field of genesis, so that none is read from the place of another.
func TestGenesisFieldByField(t *testing.T) {
	b := parse(t, bitcoinBlocks[0].bytes)
	want := block.Header{
		Version:    1,
		MerkleRoot: block.MustHash("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"),
		Time:       1231006505, // 3 January 2009, 18:15:05
		Bits:       0x1d00ffff,
		Nonce:      2083236893,
	}
	if b.Header != want {
		t.Errorf("header %+v, want %+v", b.Header, want)
	}
	tx := b.Txs[0]
	if tx.Version != 1 || tx.LockTime != 0 || len(tx.Inputs) != 1 || len(tx.Outputs) != 1 {
		t.Fatalf("coinbase %+v", tx)
	}
	in, out := tx.Inputs[0], tx.Outputs[0]
	if !in.Prev.IsNull() || in.Prev.Index != block.NullIndex || in.Sequence != block.SequenceFinal {
		t.Errorf("input spends %s, sequence %x", in.Prev, in.Sequence)
	}
	headline := "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
	if !bytes.HasSuffix(in.Script, []byte(headline)) {
		t.Errorf("input script %q", in.Script)
	}
	if out.Value != 50*block.Coin || len(out.Script) != 67 || block.KindOf(out.Script) != block.KindNonStandard {
		t.Errorf("output of %s with a %s script of %d bytes", out.Value, block.KindOf(out.Script), len(out.Script))
	}
}

func TestFirstPayment(t *testing.T) {
	tx := parseTx(t, block170Payment)
	const coin = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9:0"
	if got := tx.Inputs[0].Prev.String(); got != coin {
		t.Errorf("spends %s, want %s", got, coin)
	}
	if hal, change := tx.Outputs[0].Value, tx.Outputs[1].Value; hal != 10*block.Coin || change != 40*block.Coin {
		t.Errorf("pays %s and %s, want 10 and 40", hal, change)
	}
	if tx.IsCoinbase() {
		t.Error("IsCoinbase of a transaction that spends a coin")
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	for _, raw := range []string{genesisHeader, block1Header, block170Header} {
		h, err := block.ParseHeader(unhex(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		if b := h.Bytes(); hex.EncodeToString(b[:]) != raw {
			t.Errorf("got %x, want %s", b, raw)
		}
	}
}

// Changes to a clone, its scripts included, leave the original as it is.
func TestCloneSharesNothing(t *testing.T) {
	tx := parseTx(t, block170Payment)
	c := tx.Clone()
	c.Version, c.LockTime = 7, 7
	c.Inputs[0].Sequence, c.Outputs[0].Value = 7, 7
	c.Inputs[0].Script[0] ^= 1
	c.Outputs[1].Script[0] ^= 1
	if got := hex.EncodeToString(tx.Bytes()); got != block170Payment {
		t.Errorf("the original became %s", got)
	}
	if c.ID() == tx.ID() {
		t.Error("a changed transaction has the same txid")
	}
}
