package server

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/rpc/answer"
)

// TestDisassemble: what Bitcoin Core prints.
func TestDisassemble(t *testing.T) {
	const sig = "304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d09"
	for _, row := range []struct {
		script string
		input  bool
		want   string
	}{
		{"", false, ""},
		{"00", false, "0"},
		{"51", false, "1"},
		{"60", false, "16"},
		{"4f", false, "-1"},
		{"0181", false, "-1"},
		{"0400000080", false, "0"}, // minus zero
		{"04ffffffff", false, "-2147483647"},
		{"04ffff001d0104", false, "486604799 4"}, // the beginning of genesis
		{"050000000000", false, "0000000000"},
		{"4c020102", false, "513"},
		{"4d0200", false, "[error]"},
		{"05aa", false, "[error]"},
		{"ac05aa", false, "OP_CHECKSIG [error]"},
		{"4e", false, "[error]"},
		{"61b1b2ba", false, "OP_NOP OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY OP_CHECKSIGADD"},
		{"50bbfeff", false, "OP_RESERVED OP_UNKNOWN OP_UNKNOWN OP_INVALIDOPCODE"},
		{"6a0568656c6c6f", false, "OP_RETURN 68656c6c6f"},
		{"47" + sig + "01", false, sig + "01"},
		// Block 170, the first payment: Satoshi to Hal Finney.
		{"47" + sig + "01", true, sig + "[ALL]"},
		{"47" + sig + "83", true, sig + "[SINGLE|ANYONECANPAY]"},
		{"47" + sig + "04", true, sig + "04"}, // no such type
		{"47" + strings.Replace(sig, "0220", "0221", 1) + "01", true, strings.Replace(sig, "0220", "0221", 1) + "01"},
	} {
		raw, err := hex.DecodeString(row.script)
		if err != nil {
			t.Fatal(err)
		}
		if got := disassemble(raw, row.input); got != row.want {
			t.Errorf("%s: %q, want %q", row.script, got, row.want)
		}
	}
}

// TestOpNames: the list has no gap.
func TestOpNames(t *testing.T) {
	for op, want := range map[byte]string{0x61: "OP_NOP", 0x6a: "OP_RETURN", 0x76: "OP_DUP", 0x87: "OP_EQUAL", 0x88: "OP_EQUALVERIFY", 0x93: "OP_ADD",
		0xa9: "OP_HASH160", 0xac: "OP_CHECKSIG", 0xae: "OP_CHECKMULTISIG", 0xb0: "OP_NOP1", 0xb9: "OP_NOP10", 0xba: "OP_CHECKSIGADD", 0xbb: "OP_UNKNOWN"} {
		if got := opName(op); got != want {
			t.Errorf("%02x: %s, want %s", op, got, want)
		}
	}
}

// TestDescriptorChecksum: vectors of Bitcoin Core's (descriptor_tests.cpp) and BIP380.
func TestDescriptorChecksum(t *testing.T) {
	for desc, want := range map[string]string{
		"raw(deadbeef)": "89f8spxm",
		"addr(mkmZxiEcEd8ZqjQWVZuC6so5dFMKEFpN2j)": "02wpgw69",
		"raw()": "58lrscpx",
	} {
		if got := descriptorChecksum(desc); got != want {
			t.Errorf("%s: %s, want %s", desc, got, want)
		}
	}
}

func FuzzDisassemble(f *testing.F) {
	f.Add([]byte{0x4d, 0xff, 0xff, 0x00}, true)
	f.Fuzz(func(_ *testing.T, script []byte, input bool) { disassemble(script, input) })
}

// TestExplain: the reason first, as Core has it, and then what we found.
func TestExplain(t *testing.T) {
	for _, row := range []struct {
		err         error
		exact, more string
	}{
		{mempool.RejectCoinbase, "coinbase", ""},
		{fmt.Errorf("%w: 1 < 2", mempool.RejectMinRelay), "min relay fee not met", "1 < 2"},
		{fmt.Errorf("input 3: %w: it is spent", mempool.RejectConflict), "txn-mempool-conflict", "input 3: it is spent"},
		{fmt.Errorf("%w(0x00000001): at height 7", consensus.BadVersion), "bad-version(0x00000001)", "at height 7"},
		{fmt.Errorf("tx 0: input 1: %w (%w)", consensus.BadScript, errors.New("why (so)")), "mandatory-script-verify-flag-failed (why (so))", "tx 0: input 1"},
		{fmt.Errorf("%w (input 1: late)", mempool.RejectNonBIP68Final), "non-BIP68-final", "(input 1: late)"},
		{fmt.Errorf("input 0: %w", mempool.RejectHighS), string(mempool.RejectHighS), "input 0"},
	} {
		exact, more := answer.SplitReason(row.err, mempool.Reason(row.err))
		if exact != row.exact || more != row.more {
			t.Errorf("%v: %q and %q, want %q and %q", row.err, exact, more, row.exact, row.more)
		}
	}
}

// TestCoinbaseMessage: what stands after height and extra nonce, if it is text.
func TestCoinbaseMessage(t *testing.T) {
	for message, want := range map[string]string{"": "", "n1": "n1", "grüße": "grüße", "a\x00b": "", "\xff\xff\xff\xff\xff": ""} {
		tx := &block.Tx{Inputs: []block.Input{{Script: block.CoinbaseScript(300, 5, message)}}}
		if got := answer.Message(tx); got != want {
			t.Errorf("%q is read as %q", message, got)
		}
	}
	for _, script := range []string{"", "51", "05aa", "5102aabb", "515152ac"} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Message(&block.Tx{Inputs: []block.Input{{Script: raw}}}); got != "" {
			t.Errorf("%s has the message %q", script, got)
		}
	}
}

// TestSpentBy takes a block's undo data apart.
func TestSpentBy(t *testing.T) {
	tx := func(inputs int) *block.Tx { return &block.Tx{Inputs: make([]block.Input, inputs)} }
	b := &block.Block{Txs: []*block.Tx{tx(1), tx(2), tx(1), tx(3)}}
	undo := make([]consensus.Coin, 6)
	for i := range undo {
		undo[i].Value = block.Amount(i)
	}
	if got := spentBy(b, undo, 3); len(got) != 3 || got[0].Value != 3 {
		t.Errorf("the last one spends %v", got)
	}
	if got := spentBy(b, undo[:4], 3); got != nil {
		t.Errorf("with too little undo data: %v", got)
	}
	if spentBy(b, undo, 0) != nil || spentBy(b, nil, 2) != nil {
		t.Error("a coinbase spends a coin, or an unknown coin is returned")
	}
}
