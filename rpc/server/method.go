package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"toychain/block"
	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
)

// method is one row of the table from which calls, named parameters, argument
// errors and help are all made.
type method struct {
	name    string
	params  []param
	about   string // what it does, for help; the first sentence stands for it
	returns string // what the result is, for help
	example string // parameters on a command line
	long    bool   // waits or works for long: it takes no worker's place
	call    func(*call) (any, *rpc.Error)
}

// chapter is a group of methods with a heading, for help.
type chapter struct {
	title   string
	methods []method
}

// chapters is the whole table.
func chapters() []chapter {
	return []chapter{
		{"Blockchain", slices.Concat(blockchainMethods(), headerMethods(), statsMethods(), waitMethods())},
		{"Control", controlMethods()},
		{"Mempool", mempoolMethods()},
		{"Mining", slices.Concat(miningMethods(), templateMethods())},
		{"Network", slices.Concat(networkMethods(), banMethods())},
		{"Rawtransactions", slices.Concat(rawTxMethods(), decodeMethods(), proofMethods())},
		{"Toychain", slices.Concat(treeMethods(), txHistoryMethods(), staleMethods(), addressMethods(), faultMethods())},
		{"Util", utilMethods()},
	}
}

// call is one call under way.
type call struct {
	ctx    context.Context
	server *Server
	node   *node.Node
	method *method
	args   []json.RawMessage // in the method's order and of its kinds; nil: not given
	after  func()            // to be done when the answer is written
}

// fail makes an error. Core's messages begin with a capital letter; they are
// compared by programs.
func fail(code rpc.Code, format string, args ...any) *rpc.Error {
	return &rpc.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// trouble makes an error of ours that no caller is to blame for.
func trouble(err error) *rpc.Error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail(rpc.CodeMisc, "the node is stopping, or the caller is gone")
	}
	return fail(rpc.CodeMisc, "%v", err)
}

// has reports whether parameter i was given.
func (c *call) has(i int) bool { return c.args[i] != nil }

// str returns parameter i, a string.
func (c *call) str(i int) string { return text(c.args[i]) }

// flag returns parameter i, a bool.
func (c *call) flag(i int, otherwise bool) bool {
	if !c.has(i) {
		return otherwise
	}
	return string(c.args[i]) == "true"
}

// number returns parameter i, a whole number.
func number[T int | int32 | int64 | uint32 | uint64](c *call, i int, otherwise T) (T, *rpc.Error) {
	if !c.has(i) {
		return otherwise, nil
	}
	return wholeNumber[T](c.args[i])
}

// verbosity returns parameter i, a number or, as in old times, a bool.
func (c *call) verbosity(i, otherwise int) (int, *rpc.Error) {
	switch kindOf(c.args[i]) {
	case kindNull:
		return otherwise, nil
	case kindBool:
		if c.flag(i, false) {
			return 1, nil
		}
		return 0, nil
	case kindNumber:
		return number(c, i, otherwise)
	}
	return 0, fail(rpc.CodeType, "JSON value of type %s is not of expected type number", kindOf(c.args[i]))
}

// hash returns parameter i, a hash.
func (c *call) hash(i int) (block.Hash, *rpc.Error) {
	return parseHash(c.method.params[i].name, c.str(i))
}

// parseHash reads a hash that the caller knows by this name (Core: ParseHashV).
func parseHash(name, s string) (block.Hash, *rpc.Error) {
	if len(s) != 64 {
		return block.Hash{}, fail(rpc.CodeInvalidParam, "%s must be of length 64 (not %d, for '%s')", name, len(s), clip(s))
	}
	h, err := block.ParseHash(s)
	if err != nil {
		return block.Hash{}, fail(rpc.CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return h, nil
}

// hashes returns parameter i, an array of hashes.
func (c *call) hashes(i int) ([]block.Hash, *rpc.Error) {
	texts, err := c.strings(i)
	if err != nil {
		return nil, err
	}
	out := make([]block.Hash, len(texts))
	for j, s := range texts {
		if out[j], err = parseHash("txid", s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// strings returns parameter i, an array of strings.
func (c *call) strings(i int) ([]string, *rpc.Error) {
	var raw []json.RawMessage
	if c.has(i) {
		raw = elements(c.args[i])
	}
	out := make([]string, len(raw))
	for j := range raw {
		if k := kindOf(raw[j]); k != kindString {
			return nil, fail(rpc.CodeType, "JSON value of type %s is not of expected type string", k)
		}
		out[j] = text(raw[j])
	}
	return out, nil
}

// object reads parameter i, an object, into v, and refuses members that v does
// not have.
func (c *call) object(i int, v any) *rpc.Error {
	d := json.NewDecoder(bytes.NewReader(c.args[i]))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fail(rpc.CodeInvalidParam, "%s: %s", c.method.params[i].name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// bytesOf returns parameter i, hex digits (Core: ParseHexV).
func (c *call) bytesOf(i int) ([]byte, *rpc.Error) {
	return parseHex(c.method.params[i].name, c.str(i))
}

func parseHex(name, s string) ([]byte, *rpc.Error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, clip(s))
	}
	return b, nil
}

// parseAmount reads an amount, a number or a string of one (Core: AmountFromValue).
func parseAmount(raw json.RawMessage) (a block.Amount, err *rpc.Error) {
	if k := kindOf(raw); k != kindNumber && k != kindString {
		return 0, fail(rpc.CodeType, "Amount is not a number or string")
	}
	if a.UnmarshalJSON(bytes.TrimSpace(raw)) != nil {
		return 0, fail(rpc.CodeType, "Invalid amount")
	}
	if !a.Valid() {
		return 0, fail(rpc.CodeType, "Amount out of range")
	}
	return a, nil
}

// look reads something on the goroutine that owns the chain. f is quick and copies
// out what is needed.
func look[T any](c *call, f func(*engine.Engine) (T, *rpc.Error)) (out T, err *rpc.Error) {
	if e := c.node.Look(c.ctx, func(e *engine.Engine) { out, err = f(e) }); e != nil {
		return out, trouble(e)
	}
	return out, err
}
