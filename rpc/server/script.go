package server

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
	"toychain/rpc"
	"toychain/rpc/answer"
)

// script returns the script of an output as it is shown.
func (c *call) script(script []byte) rpc.Script {
	return rpc.Script{Asm: disassemble(script, false), Desc: c.descriptor(script), Hex: hex.EncodeToString(script),
		Address: c.addressOf(script), Type: block.KindOf(script)}
}

// addressOf returns the address that a script pays, "" if it has none.
func (c *call) addressOf(script []byte) string { return answer.Address(c.node.Params(), script) }

// disassemble returns a script in readable form (Core: ScriptToAsmStr): pushes of up to
// four bytes as numbers, longer ones in hex, everything else by name. In an input the
// hash type of what looks like a signature is written as a word.
func disassemble(script []byte, input bool) string {
	var out strings.Builder
	sigs := input && !block.Unspendable(script)
	for len(script) > 0 {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		op := script[0]
		if op > opPushData4 {
			out.WriteString(opName(op))
			script = script[1:]
			continue
		}
		data, rest, _, ok := block.CutPush(script)
		if !ok {
			out.WriteString("[error]")
			break
		}
		script = rest
		hashType, isSig := "", false
		if sigs {
			hashType, isSig = signatureType(data)
		}
		switch {
		case len(data) <= 4:
			out.WriteString(strconv.FormatInt(scriptNumber(data), 10))
		case isSig:
			out.WriteString(hex.EncodeToString(data[:len(data)-1]) + "[" + hashType + "]")
		default:
			out.WriteString(hex.EncodeToString(data))
		}
	}
	return out.String()
}

const opPushData4 = 0x4e

// scriptNumber returns a number in a script: little-endian, the top bit is the sign.
func scriptNumber(b []byte) int64 {
	var n int64
	for i, v := range b {
		n |= int64(v) << (8 * i)
	}
	if len(b) > 0 {
		if sign := int64(0x80) << (8 * (len(b) - 1)); n&sign != 0 {
			return -(n &^ sign)
		}
	}
	return n
}

// signatureType returns the name of a signature's hash type, if the bytes are a
// strict DER signature with a defined one (Core: CheckSignatureEncoding).
func signatureType(b []byte) (name string, ok bool) {
	if len(b) == 0 {
		return "", false
	}
	t := block.SigHashType(b[len(b)-1])
	if _, err := ecdsa.ParseDERSignature(b[:len(b)-1]); err != nil || !t.Defined() {
		return "", false
	}
	name = map[block.SigHashType]string{block.SigAll: "ALL", block.SigNone: "NONE", block.SigSingle: "SINGLE"}[t&^block.SigAnyoneCanPay]
	if t&block.SigAnyoneCanPay != 0 {
		name += "|ANYONECANPAY"
	}
	return name, true
}

// opName returns the name of an opcode (Core: GetOpName).
func opName(op byte) string {
	switch {
	case op == 0x4f:
		return "-1"
	case op >= 0x51 && op <= 0x60:
		return strconv.Itoa(int(op - 0x50))
	case op == 0x50:
		return "OP_RESERVED"
	case op == 0xff:
		return "OP_INVALIDOPCODE"
	case op > 0x60 && int(op-0x61) < len(opNames):
		return "OP_" + opNames[op-0x61]
	}
	return "OP_UNKNOWN"
}

// opNames are the names from 61 to ba.
var opNames = strings.Fields(`NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK
	2DROP 2DUP 3DUP 2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE
	INVERT AND OR XOR EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV
	MOD LSHIFT RSHIFT BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL
	GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY
	CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10
	CHECKSIGADD`)

// descriptor returns an output descriptor of a script with its checksum: the
// address if it pays one, else the script itself (BIP380, BIP385).
func (c *call) descriptor(script []byte) string {
	desc := "raw(" + hex.EncodeToString(script) + ")"
	if a := c.addressOf(script); a != "" {
		desc = "addr(" + a + ")"
	}
	return desc + "#" + descriptorChecksum(desc)
}

// descriptorChecksum returns BIP380's eight characters: a BCH code over the places
// of the text's characters in a table of 96, whose low five bits go in one by one
// and whose upper two in groups of three.
func descriptorChecksum(desc string) string {
	const input = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	const output = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	generator := [5]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd}
	sum := uint64(1)
	feed := func(v uint64) {
		top := sum >> 35
		sum = (sum&0x7ffffffff)<<5 ^ v
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	group, count := uint64(0), 0
	for _, ch := range desc {
		at := uint64(strings.IndexRune(input, ch))
		feed(at & 31)
		group = group*3 + at>>5
		if count++; count == 3 {
			feed(group)
			group, count = 0, 0
		}
	}
	if count > 0 {
		feed(group)
	}
	for range 8 {
		feed(0)
	}
	sum ^= 1
	var out [8]byte
	for i := range out {
		out[i] = output[sum>>(5*(7-i))&31]
	}
	return string(out[:])
}
