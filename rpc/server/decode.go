package server

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"

	"toychain/block"
	"toychain/mempool"
	"toychain/rpc"
)

func decodeRawTransaction(c *call, a rpc.DecodeRawTransactionArgs) (rpc.Tx, error) {
	tx, err := decodeTx(a.Tx)
	if err != nil {
		return rpc.Tx{}, err
	}
	return c.tx(tx, nil, false), nil
}

func decodeScript(c *call, a rpc.DecodeScriptArgs) (rpc.DecodedScript, error) {
	raw, err := parseHex("argument", a.Script)
	if err != nil {
		return rpc.DecodedScript{}, err
	}
	if len(raw) > mempool.MaxTxSize {
		return rpc.DecodedScript{}, fail(rpc.CodeInvalidParam, "a script of %d bytes, no transaction that is relayed has more than %d", len(raw), mempool.MaxTxSize)
	}
	s := c.script(raw)
	return rpc.DecodedScript{Asm: s.Asm, Desc: s.Desc, Address: s.Address, Type: s.Type}, nil
}

func createRawTransaction(c *call, a rpc.CreateRawTransactionArgs) (string, error) {
	if a.LockTime < 0 || a.LockTime > math.MaxUint32 {
		return "", fail(rpc.CodeInvalidParam, "Invalid parameter, locktime out of range")
	}
	tx := &block.Tx{Version: 2, LockTime: uint32(a.LockTime)}
	sequence := uint32(block.SequenceFinal)
	switch {
	case or(a.Replaceable, true):
		sequence = mempool.MaxReplaceable
	case a.LockTime != 0:
		sequence = block.SequenceFinal - 1
	}
	var err error
	if tx.Inputs, err = parseInputs(json.RawMessage(a.Inputs), sequence); err != nil {
		return "", err
	}
	if tx.Outputs, err = c.parseOutputs(a.Outputs); err != nil {
		return "", err
	}
	signals := func(in block.Input) bool { return in.Sequence <= mempool.MaxReplaceable }
	if or(a.Replaceable, false) && len(tx.Inputs) > 0 && !slices.ContainsFunc(tx.Inputs, signals) {
		return "", fail(rpc.CodeInvalidParam, "Invalid parameter combination: Sequence number(s) contradict replaceable option")
	}
	return hex.EncodeToString(tx.Bytes()), nil
}

// parseInputs reads an array of {"txid", "vout", "sequence"} (Core: AddInputs).
func parseInputs(raw json.RawMessage, sequence uint32) ([]block.Input, error) {
	rows := elements(raw)
	out := make([]block.Input, 0, len(rows))
	for _, row := range rows {
		if kindOf(row) != rpc.KindObject {
			return nil, wrongType(kindOf(row), rpc.KindObject)
		}
		m := object(row)
		if k := kindOf(m["txid"]); k != rpc.KindString {
			return nil, wrongType(k, rpc.KindString)
		}
		txid, err := parseHash("txid", text(m["txid"]))
		if err != nil {
			return nil, err
		}
		if kindOf(m["vout"]) != rpc.KindNumber {
			return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, missing vout key")
		}
		vout, err := parseInt(m["vout"])
		switch {
		case err != nil:
			return nil, err
		case vout < 0:
			return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
		case vout > math.MaxUint32:
			return nil, fail(rpc.CodeMisc, "JSON integer out of range")
		}
		in := block.Input{Prev: block.Outpoint{TxID: txid, Index: uint32(vout)}, Sequence: sequence}
		if kindOf(m["sequence"]) == rpc.KindNumber {
			n, err := parseInt(m["sequence"])
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
func (c *call) parseOutputs(raw json.RawMessage) ([]block.Output, error) {
	objects := []json.RawMessage{raw}
	switch kindOf(raw) {
	case rpc.KindArray:
		objects = elements(raw)
		for _, o := range objects {
			if kindOf(o) != rpc.KindObject {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, key-value pair not an object as expected")
			}
			if names, _ := members(o); len(names) != 1 {
				return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, key-value pair must contain exactly one key")
			}
		}
	case rpc.KindObject:
	default:
		return nil, wrongType(kindOf(raw), rpc.KindArray)
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

func (c *call) parseOutput(name string, value json.RawMessage) (block.Output, error) {
	if name == "data" {
		if kindOf(value) != rpc.KindString {
			return block.Output{}, wrongType(kindOf(value), rpc.KindString)
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
