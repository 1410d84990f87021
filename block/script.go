package block

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// In Bitcoin a script is a program for a stack machine: an output's script states the
// condition for spending it, and the input's script meets it. Here is no interpreter;
// four templates are recognised byte by byte, and no other script can be spent:
//
//	output, pay to public key hash    DUP HASH160 <hash of key> EQUALVERIFY CHECKSIG
//	input that spends it              <signature> <public key>
//	output, data carrier              RETURN <data>
//	input of a coinbase               <height> <extra nonce> <message>
//
// <x> is a push: an opcode that says how long x is, and then x.

// The opcodes of the templates, and those that count as signature operations.
const (
	opPushData1           = 0x4c
	opPushData2           = 0x4d
	opPushData4           = 0x4e
	op1                   = 0x51
	opReturn              = 0x6a
	opDup                 = 0x76
	opEqualVerify         = 0x88
	opHash160             = 0xa9
	opCheckSig            = 0xac
	opCheckSigVerify      = 0xad
	opCheckMultiSig       = 0xae
	opCheckMultiSigVerify = 0xaf
)

// Kind is the template that an output's script follows. Its values are the names that
// Core shows as a script's type (Core: GetTxnOutputType).
type Kind string

const (
	KindPubKeyHash  Kind = "pubkeyhash"  // spent by a signature of the key with this hash
	KindData        Kind = "nulldata"    // a data carrier, never spent
	KindNonStandard Kind = "nonstandard" // any other: legal in a block, but not spendable here
)

// MaxData is the largest number of bytes that a data carrier may hold.
const MaxData = 80

// MaxScript is the length in bytes of the longest script that can run. An output with
// a longer one is unspendable and never stored as a coin (Core: MAX_SCRIPT_SIZE).
const MaxScript = 10_000

// PubKeyHashScript returns the output script that demands a public key with this
// Hash160 and a signature by it:
//
//	76   a9       14    <20 bytes>  88           ac
//	DUP  HASH160  push  hash        EQUALVERIFY  CHECKSIG
func PubKeyHashScript(hash [20]byte) []byte {
	out := append(make([]byte, 0, 25), opDup, opHash160, 20)
	out = append(out, hash[:]...)
	return append(out, opEqualVerify, opCheckSig)
}

// PubKeyHash returns the hash in script; ok is false if script is not what
// PubKeyHashScript returns for it.
func PubKeyHash(script []byte) (hash [20]byte, ok bool) {
	if len(script) != 25 || script[0] != opDup || script[1] != opHash160 || script[2] != 20 ||
		script[23] != opEqualVerify || script[24] != opCheckSig {
		return hash, false
	}
	copy(hash[:], script[3:23])
	return hash, true
}

// DataScript returns the output script of a data carrier: 6a, RETURN, and one push. It
// rejects more than MaxData bytes.
func DataScript(data []byte) ([]byte, error) {
	if len(data) > MaxData {
		return nil, fmt.Errorf("data carrier: %d bytes, at most %d", len(data), MaxData)
	}
	return appendPush([]byte{opReturn}, data), nil
}

// Data returns the bytes in a data carrier; ok is false if script is none. The
// push may be in any form, not only the shortest.
func Data(script []byte) (data []byte, ok bool) {
	if len(script) == 0 || script[0] != opReturn {
		return nil, false
	}
	data, rest, _, ok := CutPush(script[1:])
	return data, ok && len(rest) == 0 && len(data) <= MaxData
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

// Unspendable reports whether an output with this script can never be spent: the
// script starts with RETURN, which fails, or is longer than MaxScript. Such an output
// never becomes a coin (Core: CScript::IsUnspendable).
func Unspendable(script []byte) bool {
	return len(script) > 0 && script[0] == opReturn || len(script) > MaxScript
}

// PubKeyHashInput returns the input script that spends a PubKeyHashScript: a push of
// the signature, whose last byte is its SigHashType, and a push of the public key:
//
//	47    <71 bytes>  21    <33 bytes>
//	push  signature   push  compressed public key
func PubKeyHashInput(sig, key []byte) []byte {
	return appendPush(appendPush(make([]byte, 0, 2+len(sig)+len(key)), sig), key)
}

// ParsePubKeyHashInput returns the two pushes of script, and an error if it is not two
// pushes. Consensus allows a push in a longer form than needed; minimal reports
// whether both are in their shortest, as relay policy demands (BIP62, rule 3).
func ParsePubKeyHashInput(script []byte) (sig, key []byte, minimal bool, err error) {
	sig, rest, sigMinimal, sigOK := CutPush(script)
	key, rest, keyMinimal, keyOK := CutPush(rest)
	if !sigOK || !keyOK || len(rest) > 0 {
		return nil, nil, false, errors.New("input script is not two pushes, signature and public key")
	}
	return sig, key, sigMinimal && keyMinimal, nil
}

// appendPush appends the shortest push of data, which has at most 65,535 bytes:
//
//	up to 75 bytes   their number, and the bytes
//	up to 255        4c, their number in one byte, and the bytes
//	up to 65,535     4d, their number in two, and the bytes
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

// CutPush splits script into the data of its first push, in any of the forms that
// consensus allows, and the rest. ok is false if script does not start with a complete
// push. minimal is false if the data has a shorter form: one with a shorter length, or
// one of the opcodes that push 1 to 16 or -1 (Core: CheckMinimalPush).
func CutPush(script []byte) (data, rest []byte, minimal, ok bool) {
	if len(script) == 0 {
		return nil, nil, false, false
	}
	op, b := script[0], script[1:]
	var n, least int // the data's length, and the shortest that needs this form
	switch {
	case op < opPushData1:
		n = int(op)
	case op == opPushData1 && len(b) >= 1:
		n, least, b = int(b[0]), opPushData1, b[1:]
	case op == opPushData2 && len(b) >= 2:
		n, least, b = int(binary.LittleEndian.Uint16(b)), 1<<8, b[2:]
	case op == opPushData4 && len(b) >= 4 && uint64(binary.LittleEndian.Uint32(b)) <= uint64(len(b)):
		n, least, b = int(binary.LittleEndian.Uint32(b)), 1<<16, b[4:]
	default:
		return nil, nil, false, false
	}
	if n > len(b) {
		return nil, nil, false, false
	}
	hasOpcode := n == 1 && (b[0] >= 1 && b[0] <= 16 || b[0] == 0x81)
	return b[:n:n], b[n:], n >= least && !hasOpcode, true
}

// SigOps returns the number of signature operations in script as the block limit
// counts them: 1 for a CHECKSIG, 20 for a CHECKMULTISIG (the most keys it can have),
// whether they would run or not. Bytes inside a push do not count, and an incomplete
// push ends the count (Core: CScript::GetSigOpCount with fAccurate false).
func SigOps(script []byte) (n int) {
	for len(script) > 0 {
		switch op := script[0]; {
		case op <= opPushData4:
			_, rest, _, ok := CutPush(script)
			if !ok {
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

// The shortest and the longest input script of a coinbase, in bytes (Core:
// CheckTransaction, bad-cb-length).
const (
	MinCoinbase = 2
	MaxCoinbase = 100
)

// CoinbaseScript returns the input script of a coinbase. It spends no output, so the
// script proves nothing and its bytes are free but for the height:
//
//	<height, see HeightPush> <extra nonce, 8 bytes> <message, if any>
//
// The extra nonce makes every coinbase unique, and it is what a miner varies when the
// 2^32 nonces of a header are used up: it changes the txid, and so the merkle root. A
// message that would make the script longer than MaxCoinbase is cut.
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

// HeightPush returns the bytes that a coinbase's input script must start with (BIP34):
// the height as scripts write numbers (Core: CScript() << nHeight). 0 to 16 are one
// opcode. Larger ones are a push of the number, little-endian, as short as possible;
// its highest bit is the sign, so 128 needs a second byte:
//
//	16  60        17  01 11        127  01 7f        128  02 80 00
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
