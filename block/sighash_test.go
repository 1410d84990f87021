package block_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
)

// Transactions whose signatures Bitcoin accepted, one for each hash type. They prove the
// digest better than any list of digests: if a bit is wrong anywhere, no signature is
// valid. spent has the scripts of spent outputs, where they are not the usual one for the
// key in the input.
var signedTxs = []struct {
	what  string
	txid  string
	bytes string
	types []block.SigHashType // of each input; 0xff: input has no signature
	spent map[int]string
}{
	{"ALL, pay to public key: block 170", "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16",
		block170Payment, []block.SigHashType{block.SigAll},
		map[int]string{0: "410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e16" +
			"0bfa9b8b64f9d4c03f999b8643f656b412a3ac"}},
	{"ALL, two inputs", "f7fdd091fa6d8f5e7a8c2458f5c38faffff2d3f1406b6e4fe2c99dcc0d2d1cbb",
		"01000000023d6cf972d4dff9c519eff407ea800361dd0a121de1da8b6f4138a2f25de864b4000000008a4730440220ff" +
			"da47bfc776bcd269da4832626ac332adfca6dd835e8ecd83cd1ebe7d709b0e022049cffa1cdc102a0b56e0e04913606c" +
			"70af702a1149dc3b305ab9439288fee090014104266abb36d66eb4218a6dd31f09bb92cf3cfa803c7ea72c1fc80a50f9" +
			"19273e613f895b855fb7465ccbc8919ad1bd4a306c783f22cd3227327694c4fa4c1c439affffffff21ebc9ba20594737" +
			"864352e95b727f1a565756f9d365083eb1a8596ec98c97b7010000008a4730440220503ff10e9f1e0de731407a4a2455" +
			"31c9ff17676eda461f8ceeb8c06049fa2c810220c008ac34694510298fa60b3f000df01caa244f165b727d4896eb84f8" +
			"1e46bcc4014104266abb36d66eb4218a6dd31f09bb92cf3cfa803c7ea72c1fc80a50f919273e613f895b855fb7465ccb" +
			"c8919ad1bd4a306c783f22cd3227327694c4fa4c1c439affffffff01f0da5200000000001976a914857ccd42dded6df3" +
			"2949d4646dfa10a92458cfaa88ac00000000",
		[]block.SigHashType{block.SigAll, block.SigAll}, nil},
	{"type 0, which has no name and acts as ALL: block 110,300",
		"c99c49da4c38af669dea436d3e73780dfdb6c1ecf9958baa52960e8baee30e73",
		"01000000010276b76b07f4935c70acf54fbf1f438a4c397a9fb7e633873c4dd3bc062b6b40000000008c" +
			p2pkhInput + "00000000" +
			"0100093d00000000001976a9149a7b0f3b80c6baaeedce0a0842553800f832ba1f88ac00000000",
		[]block.SigHashType{0}, map[int]string{0: p2pkhOutput}},
	{"NONE: block 178,581", "599e47a8114fe098103663029548811d2651991b62397e057f0c863c2bc9f9ea",
		"01000000015f386c8a3842c9a9dcfa9b78be785a40a7bda08b64646be3654301eaccfc8d5e010000008a4730440220bb" +
			"4fbc495aa23babb2c2be4e3fb4a5dffefe20c8eff5940f135649c3ea96444a022004afcda966c807bb97622d3eefea82" +
			"8f623af306ef2b756782ee6f8a22a959a2024104f1939ae6b01e849bf05d0ed51fd5b92b79a0e313e3f389c726f11fa3" +
			"e144d9227b07e8a87c0ee36372e967e090d11b777707aa73efacabffffa285c00b3622d6ffffffff0240420f00000000" +
			"001976a914660d4ef3a743e3e696ad990364e555c271ad504b88ac2072c801000000001976a91421c43ce400901312a6" +
			"03e4207aadfd742be8e7da88ac00000000",
		[]block.SigHashType{block.SigNone}, nil},
	{"SINGLE, three inputs: block 238,797", "afd9c17f8913577ec3509520bd6e5d63e9c0fd2a5f70c787993b097ba6ca9fae",
		"010000000370ac0a1ae588aaf284c308d67ca92c69a39e2db81337e563bf40c59da0a5cf63000000006a473044022036" +
			"0d20baff382059040ba9be98947fd678fb08aab2bb0c172efa996fd8ece9b702201b4fb0de67f015c90e7ac8a193aeab" +
			"486a1f587e0f54d0fb9552ef7f5ce6caec032103579ca2e6d107522f012cd00b52b9a65fb46f0c57b9b8b6e377c48f52" +
			"6a44741affffffff7d815b6447e35fbea097e00e028fb7dfbad4f3f0987b4734676c84f3fcd0e804010000006b483045" +
			"022100c714310be1e3a9ff1c5f7cacc65c2d8e781fc3a88ceb063c6153bf950650802102200b2d0979c76e12bb480da6" +
			"35f192cc8dc6f905380dd4ac1ff35a4f68f462fffd032103579ca2e6d107522f012cd00b52b9a65fb46f0c57b9b8b6e3" +
			"77c48f526a44741affffffff3f1f097333e4d46d51f5e77b53264db8f7f5d2e18217e1099957d0f5af7713ee01000000" +
			"6c493046022100b663499ef73273a3788dea342717c2640ac43c5a1cf862c9e09b206fcb3f6bb8022100b09972e75972" +
			"d9148f2bdd462e5cb69b57c1214b88fc55ca638676c07cfc10d8032103579ca2e6d107522f012cd00b52b9a65fb46f0c" +
			"57b9b8b6e377c48f526a44741affffffff0380841e00000000001976a914bfb282c70c4191f45b5a6665cad1682f2c9c" +
			"fdfb88ac80841e00000000001976a9149857cc07bed33a5cf12b9c5e0500b675d500c81188ace0fd1c00000000001976" +
			"a91443c52850606c872403c0601e69fa34b26f62db4a88ac00000000",
		[]block.SigHashType{block.SigSingle, block.SigSingle, block.SigSingle}, nil},
	{"ALL|ANYONECANPAY, two inputs: block 207,733", "51bf528ecf3c161e7c021224197dbe84f9a8564212f6207baa014c01a1668e1e",
		"0100000002f6044c0ad485f633b41f97d0d793eb2837ae40f738ff6d5f50fdfd10528c1d76010000006b483045022058" +
			"53c7f1395785bfabb03c57e962eb076ff24d8e4e573b04db13b45ed3ed6ee20221009dc82ae43be9d4b1fe2847754e1d" +
			"36dad48ba801817d485dc529afc516c2ddb481210305584980367b321fad7f1c1f4d5d723d0ac80c1d80c8ba12343965" +
			"b48364537affffffff9c6af0df6669bcded19e317e25bebc8c78e48df8ae1fe02a7f030818e71ecd40010000006c4930" +
			"460221008269c9d7ba0a7e730dd16f4082d29e3684fb7463ba064fd093afc170ad6e0388022100bc6d76373916a3ff6e" +
			"e41b2c752001fda3c9e048bcff0d81d05b39ff0f4217b2812103aae303d825421545c5bc7ccd5ac87dd5add3bcc3a432" +
			"ba7aa2f2661699f9f659ffffffff01e0930400000000001976a9145c11f917883b927eef77dc57707aeb853f6d389488" +
			"ac00000000",
		[]block.SigHashType{block.SigAll | block.SigAnyoneCanPay, block.SigAll | block.SigAnyoneCanPay}, nil},
	{"SINGLE without an output at the index: Core's tx_valid.json", "",
		"01000000020002000000000000000000000000000000000000000000000000000000000000000000000151ffffffff00" +
			"01000000000000000000000000000000000000000000000000000000000000000000006b483045022100c9cdd08798a2" +
			"8af9d1baf44a6c77bcc7e279f47dc487c8c899911bc48feaffcc0220503c5c50ae3998a733263c5c0f7061b483e2b56c" +
			"4c41b456e7d2f5a78a74c077032102d5c25adb51b61339d2b05315791e21bbe80ea470a49db0135720983c905aace0ff" +
			"ffffff010000000000000000015100000000",
		[]block.SigHashType{0xff, block.SigSingle}, nil},
}

func TestSigHashOfRealSignatures(t *testing.T) {
	for _, row := range signedTxs {
		tx := parseTx(t, row.bytes)
		if row.txid != "" && tx.ID().String() != row.txid {
			t.Errorf("%s: txid %s, want %s", row.what, tx.ID(), row.txid)
		}
		for i, want := range row.types {
			if want == 0xff {
				continue
			}
			sig, key, spent := spend(t, tx, i, row.spent[i])
			hashType := block.SigHashType(sig[len(sig)-1])
			if hashType != want {
				t.Errorf("%s: input %d: hash type %02x, want %02x", row.what, i, hashType, want)
			}
			if !verify(t, sig, key, block.SigHash(tx, i, spent, hashType)) {
				t.Errorf("%s: input %d: the signature is not valid for the digest", row.what, i)
			}
			if verify(t, sig, key, block.SigHash(tx, i, spent, hashType^0x40)) && row.txid != "" {
				t.Errorf("%s: input %d: the signature is valid for another hash type", row.what, i)
			}
		}
	}
}

// spend returns the signature and the key in input i, and the script that it spends.
func spend(t *testing.T, tx *block.Tx, i int, script string) (sig, key, spent []byte) {
	t.Helper()
	in := tx.Inputs[i].Script
	if strings.HasSuffix(script, "ac") && len(script) == 2*67 { // pay to public key
		spent = unhex(t, script)
		return in[1:], spent[1:66], spent
	}
	sig, key, _, err := block.ParsePubKeyHashInput(in)
	if err != nil {
		t.Fatal(err)
	}
	spent = block.PubKeyHashScript(block.Hash160(key))
	if script != "" && string(spent) != string(unhex(t, script)) {
		t.Fatalf("input %d spends %x, want %s", i, spent, script)
	}
	return sig, key, spent
}

// verify reports whether sig, 30 len 02 len r 02 len s type, signs digest. Old signatures
// are not strict DER (r may look negative), so r and s are cut out by hand.
func verify(t *testing.T, sig, key []byte, digest block.Hash) bool {
	t.Helper()
	var r, s btcec.ModNScalar
	rest := sig[2:]
	for _, n := range []*btcec.ModNScalar{&r, &s} {
		size := int(rest[1])
		n.SetByteSlice(trimZeros(rest[2 : 2+size]))
		rest = rest[2+size:]
	}
	pub, err := btcec.ParsePubKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return ecdsa.NewSignature(&r, &s).Verify(digest[:], pub)
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// What a signature protects. Input 1 of three is signed; a row changes one part of the
// transaction, and lists the types whose digest must change with it.
func TestWhatSignaturesProtect(t *testing.T) {
	const (
		all, none, single = block.SigAll, block.SigNone, block.SigSingle
		alone             = block.SigAnyoneCanPay
	)
	types := []block.SigHashType{all, none, single, all | alone, none | alone, single | alone}
	every := types
	others := []block.SigHashType{all, none, single}                     // sign the other inputs
	outputs := []block.SigHashType{all, all | alone}                     // sign all outputs
	own := []block.SigHashType{all, single, all | alone, single | alone} // sign output 1
	spent := unhex(t, p2pkhOutput)

	for _, row := range []struct {
		what    string
		change  func(tx *block.Tx)
		changes []block.SigHashType
	}{
		{"version", func(tx *block.Tx) { tx.Version++ }, every},
		{"lock time", func(tx *block.Tx) { tx.LockTime++ }, every},
		{"outpoint of the input itself", func(tx *block.Tx) { tx.Inputs[1].Prev.Index++ }, every},
		{"sequence of the input itself", func(tx *block.Tx) { tx.Inputs[1].Sequence-- }, every},
		{"script of the input itself", func(tx *block.Tx) { tx.Inputs[1].Script = []byte{1} }, nil},
		{"script of another input", func(tx *block.Tx) { tx.Inputs[0].Script = []byte{1} }, nil},
		{"outpoint of another input", func(tx *block.Tx) { tx.Inputs[2].Prev.Index++ }, others},
		{"sequence of another input", func(tx *block.Tx) { tx.Inputs[2].Sequence-- }, []block.SigHashType{all}},
		{"one more input", func(tx *block.Tx) { tx.Inputs = append(tx.Inputs, block.Input{}) }, others},
		{"value of the output at its index", func(tx *block.Tx) { tx.Outputs[1].Value++ }, own},
		{"script of the output at its index", func(tx *block.Tx) { tx.Outputs[1].Script = nil }, own},
		{"value of the output before it", func(tx *block.Tx) { tx.Outputs[0].Value++ }, outputs},
		{"script of the output after it", func(tx *block.Tx) { tx.Outputs[2].Script = nil }, outputs},
		{"one more output", func(tx *block.Tx) { tx.Outputs = append(tx.Outputs, block.Output{}) }, outputs},
		{"one output fewer", func(tx *block.Tx) { tx.Outputs = tx.Outputs[:2] }, outputs},
	} {
		for _, typ := range types {
			tx := threeByThree()
			before := block.SigHash(tx, 1, spent, typ)
			row.change(tx)
			want := false
			for _, c := range row.changes {
				want = want || c == typ
			}
			if got := block.SigHash(tx, 1, spent, typ) != before; got != want {
				t.Errorf("%s: digest of type %02x changes: %v, want %v", row.what, typ, got, want)
			}
		}
	}
}

// threeByThree returns a transaction of three inputs and three outputs, all different.
func threeByThree() *block.Tx {
	tx := &block.Tx{Version: 2, LockTime: 9}
	for i := range 3 {
		prev := block.Outpoint{TxID: block.Hash{byte(i)}, Index: 5}
		tx.Inputs = append(tx.Inputs, block.Input{Prev: prev, Sequence: 100})
		tx.Outputs = append(tx.Outputs, block.Output{Value: block.Amount(1000 + i), Script: []byte{0x51, byte(i)}})
	}
	return tx
}

// Every input and every hash type has a digest of its own kind: no signature is valid for
// another input or type.
func TestSigHashesDiffer(t *testing.T) {
	tx, spent := threeByThree(), unhex(t, p2pkhOutput)
	raw := string(tx.Bytes())
	seen := map[block.Hash]string{}
	for typ := range 256 {
		for i := range tx.Inputs {
			digest := block.SigHash(tx, i, spent, block.SigHashType(typ))
			here := fmt.Sprintf("input %d with type %02x", i, typ)
			if before, ok := seen[digest]; ok {
				t.Errorf("%s and %s sign the same", before, here)
			}
			seen[digest] = here
		}
	}
	if block.SigHash(tx, 0, spent, block.SigAll) == block.SigHash(tx, 0, spent[1:], block.SigAll) {
		t.Error("the digest does not depend on the script spent")
	}
	if string(tx.Bytes()) != raw {
		t.Error("the transaction was written to")
	}
}

// Without an output at its index SINGLE signs the number 1, whatever the transaction is.
// With such a signature any coin of the key can be spent in the same way.
func TestSingleBug(t *testing.T) {
	one := block.MustHash("0000000000000000000000000000000000000000000000000000000000000001")
	tx := threeByThree()
	tx.Outputs = tx.Outputs[:2]
	for _, typ := range []block.SigHashType{block.SigSingle, block.SigSingle | block.SigAnyoneCanPay, 0x43} {
		if got := block.SigHash(tx, 2, nil, typ); got != one {
			t.Errorf("type %02x: %s, want the number 1", typ, got)
		}
		if got := block.SigHash(tx, 1, nil, typ); got == one {
			t.Errorf("type %02x: SINGLE does not find the last output", typ)
		}
	}
	if got := block.SigHash(tx, 2, nil, block.SigNone); got == one {
		t.Error("NONE has the bug of SINGLE")
	}
}

func TestDefined(t *testing.T) {
	want := map[block.SigHashType]bool{1: true, 2: true, 3: true, 0x81: true, 0x82: true, 0x83: true}
	for typ := range 256 {
		if typ := block.SigHashType(typ); typ.Defined() != want[typ] {
			t.Errorf("type %02x: defined %v", byte(typ), typ.Defined())
		}
	}
}
