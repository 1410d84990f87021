package block

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The opcodes that the templates are made of, and those that count as signature
// operations. There is no interpreter: a script is a shape to recognise.
const (
	opPushData1           = 0x4c
	opPushData2           = 0x4d
	opPushData4           = 0x4e
	op1                   = 0x51
	op16                  = 0x60
	opReturn              = 0x6a
	opDup                 = 0x76
	opEqualVerify         = 0x88
	opHash160             = 0xa9
	opCheckSig            = 0xac
	opCheckSigVerify      = 0xad
	opCheckMultiSig       = 0xae
	opCheckMultiSigVerify = 0xaf
)

// Kind is the template that an output's script follows, by Core's name for it.
type Kind string

const (
	KindPubKeyHash  Kind = "pubkeyhash"  // pay to public key hash: needs a signature
	KindData        Kind = "nulldata"    // data carrier: a note, never spendable
	KindNonStandard Kind = "nonstandard" // anything else: legal, and nobody here can spend it
)

// MaxData is the most bytes that a data carrier may hold.
const MaxData = 80

// MaxScript is the longest script that Bitcoin can ever run; a coin with a longer
// one is unspendable and never stored (Core: MAX_SCRIPT_SIZE).
const MaxScript = 10_000

// PubKeyHashScript returns the condition "a key with this hash must sign":
//
//	76 a9 14 <20 bytes> 88 ac
//	DUP HASH160 push    EQUALVERIFY CHECKSIG
func PubKeyHashScript(hash [20]byte) []byte {
	out := append(make([]byte, 0, 25), opDup, opHash160, 20)
	out = append(out, hash[:]...)
	return append(out, opEqualVerify, opCheckSig)
}

// PubKeyHash returns the hash if script follows the template of PubKeyHashScript.
func PubKeyHash(script []byte) (hash [20]byte, ok bool) {
	if len(script) != 25 || script[0] != opDup || script[1] != opHash160 || script[2] != 20 ||
		script[23] != opEqualVerify || script[24] != opCheckSig {
		return hash, false
	}
	copy(hash[:], script[3:23])
	return hash, true
}

// DataScript returns a data carrier, 6a and one push of at most MaxData bytes.
func DataScript(data []byte) ([]byte, error) {
	if len(data) > MaxData {
		return nil, fmt.Errorf("data carrier: %d bytes, at most %d", len(data), MaxData)
	}
	return appendPush([]byte{opReturn}, data), nil
}

// Data returns what a data carrier holds if script follows the template.
func Data(script []byte) (data []byte, ok bool) {
	if len(script) == 0 || script[0] != opReturn {
		return nil, false
	}
	data, rest, _ := cutPush(script[1:])
	return data, data != nil && len(rest) == 0 && len(data) <= MaxData
}

// KindOf returns the template that an output's script follows.
func KindOf(script []byte) Kind {
	if _, ok := PubKeyHash(script); ok {
		return KindPubKeyHash
	}
	if _, ok := Data(script); ok {
		return KindData
	}
	return KindNonStandard
}

// Unspendable reports whether no input can ever spend an output with this script,
// so that it never becomes a coin: it starts with RETURN or is longer than
// MaxScript (Core: CScript::IsUnspendable).
func Unspendable(script []byte) bool {
	return len(script) > 0 && script[0] == opReturn || len(script) > MaxScript
}

// PubKeyHashInput returns the input script that answers PubKeyHashScript: two
// pushes, the signature with its hash type byte and the public key.
func PubKeyHashInput(sig, key []byte) []byte {
	return appendPush(appendPush(make([]byte, 0, 2+len(sig)+len(key)), sig), key)
}

// ParsePubKeyHashInput takes the two pushes apart. Bitcoin's consensus allows
// longer ways to write a push than needed; minimal reports that neither was used.
func ParsePubKeyHashInput(script []byte) (sig, key []byte, minimal bool, err error) {
	sig, rest, m1 := cutPush(script)
	key, rest, m2 := cutPush(rest)
	if sig == nil || key == nil || len(rest) > 0 {
		return nil, nil, false, errors.New("input script is not two pushes, signature and public key")
	}
	return sig, key, m1 && m2, nil
}

// appendPush appends the shortest push of data up to 65,535 bytes.
func appendPush(b, data []byte) []byte {
	switch n := len(data); {
	case n < opPushData1:
		b = append(b, byte(n))
	case n <= 0xff:
		b = append(b, opPushData1, byte(n))
	default:
		b = binary.LittleEndian.AppendUint16(append(b, opPushData2), uint16(n))
	}
	return append(b, data...)
}

// cutPush takes one push of data off the front of script, in any of the forms
// that consensus allows. The data is nil if there is none. Data of one byte that
// has an opcode of its own is not minimal (Core: CheckMinimalPush).
func cutPush(script []byte) (data, rest []byte, minimal bool) {
	if len(script) == 0 {
		return nil, script, false
	}
	op, b := script[0], script[1:]
	var n, least int
	switch {
	case op < opPushData1:
		n = int(op)
	case op == opPushData1 && len(b) >= 1:
		n, least, b = int(b[0]), opPushData1, b[1:]
	case op == opPushData2 && len(b) >= 2:
		n, least, b = int(binary.LittleEndian.Uint16(b)), 1<<8, b[2:]
	case op == opPushData4 && len(b) >= 4 && binary.LittleEndian.Uint32(b) <= MaxMessage:
		n, least, b = int(binary.LittleEndian.Uint32(b)), 1<<16, b[4:]
	default:
		return nil, script, false
	}
	if n > len(b) {
		return nil, script, false
	}
	small := n == 1 && (b[0] >= 1 && b[0] <= 16 || b[0] == 0x81)
	return b[:n:n], b[n:], n >= least && !small
}

// SigOps counts signature operations in any script the way the block limit does:
// one for a CHECKSIG, twenty for a CHECKMULTISIG, executed or not; an unreadable
// push ends the count (Core: CScript::GetSigOpCount with fAccurate false).
func SigOps(script []byte) (n int) {
	for len(script) > 0 {
		switch op := script[0]; {
		case op <= opPushData4:
			data, rest, _ := cutPush(script)
			if data == nil {
				return n
			}
			script = rest
			continue
		case op == opCheckSig || op == opCheckSigVerify:
			n++
		case op == opCheckMultiSig || op == opCheckMultiSigVerify:
			n += 20
		}
		script = script[1:]
	}
	return n
}

// CoinbaseScript returns the input script of a coinbase: the block's height as
// BIP34 writes it, then the extra nonce, which makes room for another 2^32 header
// nonces and every coinbase unique, then an optional message. Bitcoin wants 2 to
// 100 bytes; a message that does not fit is cut.
func CoinbaseScript(h Height, extraNonce uint64, message string) []byte {
	out := HeightPush(h)
	var nonce [8]byte
	binary.LittleEndian.PutUint64(nonce[:], extraNonce)
	out = appendPush(out, nonce[:])
	if room := MaxCoinbase - 2 - len(out); message != "" && room > 0 {
		out = appendPush(out, []byte(message[:min(len(message), room)]))
	}
	return out
}

// The shortest and longest input script of a coinbase.
const (
	MinCoinbase = 2
	MaxCoinbase = 100
)

// HeightPush returns what BIP34 demands as the first bytes of a coinbase's input
// script: 1 to 16 as one opcode, larger heights as a minimal push of a
// little-endian number whose top bit is its sign.
func HeightPush(h Height) []byte {
	if h == 0 {
		return []byte{0}
	}
	if h >= 1 && h <= 16 {
		return []byte{op1 - 1 + byte(h)}
	}
	var num []byte
	for v := uint32(h); v > 0; v >>= 8 {
		num = append(num, byte(v))
	}
	if num[len(num)-1]&0x80 != 0 {
		num = append(num, 0)
	}
	return append([]byte{byte(len(num))}, num...)
}
