package interop

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/wallet"
)

// moduleFile reads a file of another module's, as it lies in the module cache.
func moduleFile(t *testing.T, module, name string) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rowsOf reads Core's test data: an array of arrays, those of one element being
// comments.
func rowsOf(t *testing.T, name string) (out [][]json.RawMessage) {
	t.Helper()
	var rows [][]json.RawMessage
	if err := json.Unmarshal(moduleFile(t, "github.com/btcsuite/btcd/txscript/v2", "data/"+name), &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if len(row) > 1 {
			out = append(out, row)
		}
	}
	return out
}

func read[T any](t *testing.T, raw json.RawMessage) (v T) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Trezor's 24 English vectors of BIP39, as go-bip39's own tests have them: those of 12
// and 24 words make our words, and all of them, with BIP44's path from the vector's seed
// by btcd's hdkeychain, our account.
func TestMnemonicVectors(t *testing.T) {
	src := moduleFile(t, "github.com/tyler-smith/go-bip39", "bip39_test.go")
	file, err := parser.ParseFile(token.NewFileSet(), "", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	prefixes := consensus.Main().Prefixes
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v := fieldsOf(n)
		if v["entropy"] == "" || v["mnemonic"] == "" || v["seed"] == "" {
			return true
		}
		seen++
		entropy, words := unhex(t, v["entropy"]), v["mnemonic"]
		if len(entropy) != 24 { // 18 words are restored and not made
			made, err := wallet.NewMnemonic(len(strings.Fields(words)), bytes.NewReader(entropy))
			if err != nil || made != words {
				t.Errorf("entropy %x: %q, %v, want %q", entropy, made, err, words)
			}
		}
		keys, err := wallet.NewKeychain(words, "TREZOR", prefixes)
		if err != nil {
			t.Fatal(err)
		}
		if want := accountOf(t, unhex(t, v["seed"])); keys.Account().String() != want {
			t.Errorf("%q: account %s, want %s", words, keys.Account(), want)
		}
		return true
	})
	if seen != 24 {
		t.Errorf("%d vectors, want 24", seen)
	}
}

// fieldsOf returns the string fields of a composite literal.
func fieldsOf(n ast.Node) map[string]string {
	lit, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	out := make(map[string]string)
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		name, _ := kv.Key.(*ast.Ident)
		value, _ := kv.Value.(*ast.BasicLit)
		if name != nil && value != nil && value.Kind == token.STRING {
			out[name.Name], _ = strconv.Unquote(value.Value)
		}
	}
	return out
}

// accountOf derives m/44'/0'/0' from a seed and returns its public key.
func accountOf(t *testing.T, seed []byte) string {
	t.Helper()
	key, err := hdkeychain.NewMaster(seed, &chaincfg.MainNetParams)
	for _, i := range []uint32{44, 0, 0} {
		if err == nil {
			key, err = key.Derive(hdkeychain.HardenedKeyStart + i)
		}
	}
	if err == nil {
		key, err = key.Neuter()
	}
	if err != nil {
		t.Fatal(err)
	}
	return key.String()
}

// Bitcoin Core's 500 random transactions and scripts. Their hash types have four
// bytes, which no signature has; so txscript must first find Core's digest, and
// then ours must be txscript's for the type's last byte. A code separator in the
// script is taken out before, as Core does: no script of ours has one.
func TestCoreSigHashes(t *testing.T) {
	rows := rowsOf(t, "sighash.json")
	for i, row := range rows {
		tx, err := block.ParseTx(unhex(t, read[string](t, row[0])))
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		script, at := unhex(t, read[string](t, row[1])), read[int](t, row[2])
		kind := txscript.SigHashType(uint32(read[int64](t, row[3])))
		digest, err := txscript.CalcSignatureHash(script, kind, wireTx(tx), at)
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		if got, want := block.Hash(digest).String(), read[string](t, row[4]); got != want {
			t.Fatalf("row %d: txscript's digest is %s, Core's %s", i, got, want)
		}
		for _, kind := range []byte{byte(kind), 1, 2, 3, 0x81, 0x82, 0x83} {
			want, err := txscript.CalcSignatureHash(script, txscript.SigHashType(kind), wireTx(tx), at)
			if err != nil {
				t.Fatalf("row %d: %v", i, err)
			}
			if got := block.SigHash(tx, at, withoutSeparators(script), block.SigHashType(kind)); got != block.Hash(want) {
				t.Errorf("row %d: type %02x: digest %x, want %x", i, kind, got[:], want)
			}
		}
	}
	if len(rows) < 500 {
		t.Errorf("%d rows, want 500", len(rows))
	}
}

func withoutSeparators(script []byte) (out []byte) {
	start := int32(0)
	for next := txscript.MakeScriptTokenizer(0, script); next.Next(); start = next.ByteIndex() {
		if next.Opcode() != txscript.OP_CODESEPARATOR {
			out = append(out, script[start:next.ByteIndex()]...)
		}
	}
	return append(out, script[min(int(start), len(script)):]...)
}

// shortForm reads a script as Core's tests write them: 0x41 is a byte, 7 a pushed
// number, 'x' pushed text, DUP an opcode.
func shortForm(t *testing.T, text string) []byte {
	t.Helper()
	var out []byte
	for _, w := range strings.Fields(text) {
		op, named := txscript.OpcodeByName[w]
		if !named {
			op, named = txscript.OpcodeByName["OP_"+w]
		}
		number, err := strconv.ParseInt(w, 10, 64)
		b := txscript.NewScriptBuilder()
		switch {
		case err == nil:
			b.AddInt64(number)
		case strings.HasPrefix(w, "0x"):
			b.AddOps(unhex(t, w[2:]))
		case strings.HasPrefix(w, "'"):
			b.AddFullData([]byte(strings.Trim(w, "'")))
		case named:
			b.AddOp(op)
		default:
			t.Fatalf("script %q: what is %q?", text, w)
		}
		raw, err := b.Script()
		if err != nil {
			t.Fatalf("script %q: %v", text, err)
		}
		out = append(out, raw...)
	}
	return out
}

// coreTx is a row of tx_valid.json or tx_invalid.json. tx is nil if its bytes are
// not for us, because it has a witness or is malformed.
type coreTx struct {
	tx      *block.Tx
	outputs map[block.Outpoint]block.Output
	flags   string
}

func coreTxs(t *testing.T, name string) (out []coreTx) {
	t.Helper()
	for _, row := range rowsOf(t, name) {
		c := coreTx{outputs: make(map[block.Outpoint]block.Output), flags: read[string](t, row[2])}
		if tx, err := block.ParseTx(unhex(t, read[string](t, row[1]))); err == nil {
			c.tx = tx
		} else if !errors.As(err, new(block.Malformed)) {
			t.Fatal(err)
		}
		for _, in := range read[[][]json.RawMessage](t, row[0]) {
			o := block.Outpoint{TxID: block.MustHash(read[string](t, in[0])), Index: uint32(read[int64](t, in[1]))}
			spent := block.Output{Script: shortForm(t, read[string](t, in[2]))}
			if len(in) > 3 {
				spent.Value = block.Amount(read[int64](t, in[3]))
			}
			c.outputs[o] = spent
		}
		out = append(out, c)
	}
	return out
}

// payments checks the inputs that spend pay to public key hash, and returns how many
// there are, whether these are all, and the first fault.
func (c *coreTx) payments() (n int, all bool, fault error) {
	for i := range c.tx.Inputs {
		spent := c.outputs[c.tx.Inputs[i].Prev]
		if _, ok := block.PubKeyHash(spent.Script); !ok {
			continue
		}
		n++
		if err := (consensus.P2PKH{}).Check(c.tx, i, spent); err != nil && fault == nil {
			fault = err
		}
	}
	return n, n == len(c.tx.Inputs), fault
}

// Core's valid transactions, as far as they have no witness, are in order here, and
// whatever they spend from a public key's hash may be spent, unless the file says
// that it is no strict DER, or that the input is more than two pushes, which none
// of ours is; of its invalid ones,
// those that break a rule of their own are refused, and of those that spend only
// from such hashes an input is.
func TestCoreTransactions(t *testing.T) {
	sound, spends := 0, 0
	for i, c := range coreTxs(t, "tx_valid.json") {
		if c.tx == nil {
			continue
		}
		sound++
		if err := consensus.CheckTx(c.tx); err != nil {
			t.Errorf("tx_valid %d: %v", i, err)
		}
		n, _, fault := c.payments()
		if spends += n; fault != nil && !strings.Contains(c.flags, "DERSIG") && !strings.Contains(c.flags, "CLEANSTACK") {
			t.Errorf("tx_valid %d: %v", i, fault)
		}
	}
	bad, unspent := 0, 0
	for i, c := range coreTxs(t, "tx_invalid.json") {
		if c.flags == "BADTX" {
			bad++
			if c.tx != nil && consensus.CheckTx(c.tx) == nil {
				t.Errorf("tx_invalid %d is in order", i)
			}
			continue
		}
		if c.tx == nil {
			continue
		}
		if _, all, fault := c.payments(); all && !strings.Contains(c.flags, "LOCKTIME") && !strings.Contains(c.flags, "SEQUENCE") {
			unspent++
			if fault == nil {
				t.Errorf("tx_invalid %d: every input may be spent", i)
			}
		}
	}
	t.Logf("%d valid transactions with %d spends, %d that break a rule, %d that spend wrongly", sound, spends, bad, unspent)
	if sound < 60 || spends < 3 || bad < 8 {
		t.Error("Core's files are not all there")
	}
}
