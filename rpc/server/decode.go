package server

import (
	"encoding/hex"
	"encoding/json"
	"math"

	"toychain/block"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/wallet"
)

func decodeMethods() []method {
	return []method{
		{name: "createrawtransaction", call: createRawTransaction,
			example: `'[{"txid":"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09","vout":0}]' '{"mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt":0.01}'`,
			params: []param{need("inputs", kindArray, `what to spend: {"txid", "vout", "sequence"}`),
				need("outputs", kindOther, `whom to pay: {"address": amount, "data": "hex"}, or an array of such`),
				may("locktime", kindNumber, "not before this height or time (default 0)"),
				may("replaceable", kindBool, "announce that it may be replaced, BIP125 (default true)")},
			about: "Makes a transaction without signatures.", returns: "hex"},
		{name: "decoderawtransaction", call: decodeRawTransaction, example: `"hexstring"`,
			params: []param{need("hexstring", kindString, "the transaction"), may("iswitness", kindBool, "ignored: there is no witness")},
			about:  "Takes a transaction apart.", returns: "object"},
		{name: "decodescript", call: decodeScript, example: `"76a914000000000000000000000000000000000000000088ac"`,
			params: []param{need("hexstring", kindString, "the script of an output")},
			about:  "Takes a script apart.", returns: "object"},
	}
}

func decodeRawTransaction(c *call) (any, *rpc.Error) {
	tx, err := decodeTx(c.str(0))
	if err != nil {
		return nil, err
	}
	return c.tx(tx, nil, false), nil
}

func decodeScript(c *call) (any, *rpc.Error) {
	raw, err := parseHex("argument", c.str(0))
	if err != nil {
		return nil, err
	}
	s := c.script(raw)
	return rpc.DecodedScript{Asm: s.Asm, Desc: s.Desc, Address: s.Address, Type: s.Type}, nil
}

func createRawTransaction(c *call) (any, *rpc.Error) {
	lockTime, err := number(c, 2, int64(0))
	if err == nil && (lockTime < 0 || lockTime > math.MaxUint32) {
		err = fail(rpc.CodeInvalidParam, "Invalid parameter, locktime out of range")
	}
	if err != nil {
		return nil, err
	}
	tx := &block.Tx{Version: 2, LockTime: uint32(lockTime)}
	sequence := uint32(block.Final)
	switch {
	case c.flag(3, true):
		sequence = mempool.MaxReplaceable
	case lockTime != 0:
		sequence = block.Final - 1
	}
	if tx.Inputs, err = parseInputs(c.args[0], sequence); err != nil {
		return nil, err
	}
	if tx.Outputs, err = c.parseOutputs(c.args[1]); err != nil {
		return nil, err
	}
	if c.flag(3, false) && len(tx.Inputs) > 0 && !signals(tx) {
		return nil, fail(rpc.CodeInvalidParam, "Invalid parameter combination: Sequence number(s) contradict replaceable option")
	}
	return hex.EncodeToString(tx.Bytes()), nil
}

func signals(tx *block.Tx) bool {
	for i := range tx.Inputs {
		if tx.Inputs[i].Sequence <= mempool.MaxReplaceable {
			return true
		}
	}
	return false
}

// parseInputs reads an array of {"txid", "vout", "sequence"} (Core: AddInputs).
func parseInputs(raw json.RawMessage, sequence uint32) ([]block.Input, *rpc.Error) {
	rows := elements(raw)
	out := make([]block.Input, 0, len(rows))
	for _, row := range rows {
		if kindOf(row) != kindObject {
			return nil, fail(rpc.CodeType, "JSON value of type %s is not of expected type object", kindOf(row))
		}
		m := object(row)
		if k := kindOf(m["txid"]); k != kindString {
			return nil, fail(rpc.CodeType, "JSON value of type %s is not of expected type string", k)
		}
		txid, err := parseHash("txid", text(m["txid"]))
		if err != nil {
			return nil, err
		}
		if kindOf(m["vout"]) != kindNumber {
			return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, missing vout key")
		}
		vout, err := wholeNumber[int64](m["vout"])
		switch {
		case err != nil:
			return nil, err
		case vout < 0:
			return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
		case vout > math.MaxUint32:
			return nil, fail(rpc.CodeMisc, "JSON integer out of range")
		}
		in := block.Input{Prev: block.Outpoint{TxID: txid, Index: uint32(vout)}, Sequence: sequence}
		if kindOf(m["sequence"]) == kindNumber {
			n, err := wholeNumber[int64](m["sequence"])
			if err != nil || n < 0 || n > math.MaxUint32 {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, sequence number is out of range")
			}
			in.Sequence = uint32(n)
		}
		out = append(out, in)
	}
	return out, nil
}

// parseOutputs reads {"address": amount, "data": "hex"}, or an array of such objects
// with one member each (Core: ParseOutputs).
func (c *call) parseOutputs(raw json.RawMessage) ([]block.Output, *rpc.Error) {
	objects := []json.RawMessage{raw}
	switch kindOf(raw) {
	case kindArray:
		objects = elements(raw)
		for _, o := range objects {
			if kindOf(o) != kindObject {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, key-value pair not an object as expected")
			}
			if names, _ := members(o); len(names) != 1 {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, key-value pair must contain exactly one key")
			}
		}
	case kindObject:
	default:
		return nil, fail(rpc.CodeType, "JSON value of type %s is not of expected type array", kindOf(raw))
	}
	out := []block.Output{}
	seen := make(map[string]bool)
	for _, o := range objects {
		names, values := members(o)
		for i, name := range names {
			if name == "data" && seen[name] {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, duplicate key: data")
			}
			if seen[name] {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, duplicated address: %s", clip(name))
			}
			seen[name] = true
			output, err := c.parseOutput(name, values[i])
			if err != nil {
				return nil, err
			}
			out = append(out, output)
		}
	}
	return out, nil
}

func (c *call) parseOutput(name string, value json.RawMessage) (block.Output, *rpc.Error) {
	if name == "data" {
		if kindOf(value) != kindString {
			return block.Output{}, fail(rpc.CodeType, "JSON value of type %s is not of expected type string", kindOf(value))
		}
		data, err := parseHex("Data", text(value))
		if err != nil {
			return block.Output{}, err
		}
		script, e := block.DataScript(data)
		if e != nil {
			return block.Output{}, fail(rpc.CodeInvalidParam, "Data: %v", e)
		}
		return block.Output{Script: script}, nil
	}
	script, err := c.payTo(name, "Invalid Bitcoin address: "+clip(name))
	if err != nil {
		return block.Output{}, err
	}
	amount, err := parseAmount(value)
	return block.Output{Value: amount, Script: script}, err
}

// payTo returns the script that pays an address of this network; message begins the
// error if there is no such address.
func (c *call) payTo(address, message string) ([]byte, *rpc.Error) {
	a, err := wallet.ParseAddress(address, c.node.Params().Prefixes)
	if err != nil {
		return nil, fail(rpc.CodeInvalidAddress, "%s (%v)", message, err)
	}
	return a.Script(), nil
}
