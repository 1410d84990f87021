package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/rpc"
)

// readArgs reads arguments, which are in the parameters' order and of their kinds,
// into the fields of a struct. What the caller left out stays as it is.
func readArgs(params []rpc.Param, raw []json.RawMessage, into any) error {
	v := reflect.ValueOf(into).Elem()
	for i := range raw {
		if raw[i] == nil {
			continue
		}
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			f.Set(reflect.New(f.Type().Elem()))
			f = f.Elem()
		}
		if err := readArg(params[i].Name, raw[i], f); err != nil {
			return err
		}
	}
	return nil
}

// readArg reads one argument; name is what its errors call it.
func readArg(name string, raw json.RawMessage, into reflect.Value) (err error) {
	switch p := into.Addr().Interface().(type) {
	case *bool:
		*p = string(raw) == "true"
	case *string:
		*p = text(raw)
	case *float64:
		*p, _ = strconv.ParseFloat(string(raw), 64) // infinite if it is too large
	case *rpc.Verbosity:
		*p, err = parseVerbosity(raw)
	case *rpc.Addresses:
		if kindOf(raw) != rpc.KindArray {
			*p = make(rpc.Addresses, 1)
			return readElement(name, raw, into.Index(0))
		}
		return parseArray(name, raw, into)
	case *block.Hash:
		*p, err = parseHash(name, text(raw))
	case *block.Amount:
		*p, err = parseAmount(raw)
	case *json.RawMessage, *rpc.Array, *rpc.Object:
		into.SetBytes(raw)
	default:
		switch into.Kind() {
		case reflect.Struct:
			return parseObject(raw, into)
		case reflect.Slice:
			return parseArray(strings.TrimSuffix(name, "s"), raw, into)
		}
		err = readInt(raw, into)
	}
	return err
}

func readInt(raw json.RawMessage, into reflect.Value) error {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && into.CanInt() && !into.OverflowInt(n) {
		into.SetInt(n)
		return nil
	}
	if n, err := strconv.ParseUint(string(raw), 10, 64); err == nil && into.CanUint() && !into.OverflowUint(n) {
		into.SetUint(n)
		return nil
	}
	return fail(rpc.CodeMisc, "JSON integer out of range")
}

// or returns an argument or, if the caller left it out, its default.
func or[T any](arg *T, otherwise T) T {
	if arg == nil {
		return otherwise
	}
	return *arg
}

// parseInt reads a JSON number that is an integer.
func parseInt(raw json.RawMessage) (n int64, err error) {
	err = readInt(raw, reflect.ValueOf(&n).Elem())
	return n, err
}

// parseVerbosity reads a number or, as older versions of Core took it, a bool.
func parseVerbosity(raw json.RawMessage) (rpc.Verbosity, error) {
	switch k := kindOf(raw); k {
	case rpc.KindBool:
		if string(raw) == "true" {
			return 1, nil
		}
		return 0, nil
	case rpc.KindNumber:
		n, err := parseInt(raw)
		return rpc.Verbosity(n), err
	default:
		return 0, wrongType(k, rpc.KindNumber)
	}
}

// parseHash reads a hash that the caller knows by this name (Core: ParseHashV).
func parseHash(name, s string) (block.Hash, error) {
	if len(s) != 64 {
		return block.Hash{}, fail(rpc.CodeInvalidParam, "%s must be of length 64 (not %d, for '%s')", name, len(s), clip(s))
	}
	h, err := block.ParseHash(s)
	if err != nil {
		return block.Hash{}, fail(rpc.CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return h, nil
}

// parseArray reads an array into a slice; name is what errors call an element.
func parseArray(name string, raw json.RawMessage, into reflect.Value) error {
	rows := elements(raw)
	into.Set(reflect.MakeSlice(into.Type(), len(rows), len(rows)))
	for i, row := range rows {
		if err := readElement(name, row, into.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// readElement reads an element of an array.
func readElement(name string, raw json.RawMessage, into reflect.Value) error {
	if got, want := kindOf(raw), rpc.KindOf(into.Type()); got != want {
		return wrongType(got, want)
	}
	return readArg(name, raw, into)
}

// parseObject reads an object into a struct, and refuses members that the struct's tags do
// not name or whose kind is another (Core: RPCTypeCheckObj). One that the tag rpc says is
// required must be there.
func parseObject(raw json.RawMessage, into reflect.Value) error {
	fields, given := reflect.VisibleFields(into.Type()), object(raw)
	for _, f := range fields {
		if name := f.Tag.Get("json"); f.Tag.Get("rpc") == "required" && kindOf(given[name]) == rpc.KindNull {
			return fail(rpc.CodeType, "Missing %s", name)
		}
	}
	for name, value := range each(raw) {
		at := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.Tag.Get("json") == name })
		if at < 0 {
			return fail(rpc.CodeType, "Unexpected key %s", clip(name))
		}
		if got, want := kindOf(value), rpc.KindOf(fields[at].Type); got != want {
			return fail(rpc.CodeType, "JSON value of type %s for field %s is not of expected type %s", got, name, want)
		}
		if err := readArg(name, value, into.Field(at)); err != nil {
			return err
		}
	}
	return nil
}

// decode decodes a block, header or transaction from hex digits; message is the error if
// they are not one.
func decode[T any](s string, parse func([]byte) (T, error), message string) (out T, bad error) {
	raw, err := hex.DecodeString(s)
	if err == nil {
		out, err = parse(raw)
	}
	if err != nil {
		bad = fail(rpc.CodeDeserialization, "%s", message)
	}
	return out, bad
}

func decodeTx(s string) (*block.Tx, error) {
	return decode(s, block.ParseTx, "TX decode failed. Make sure the tx has at least one input.")
}

func decodeBlock(s string) (*block.Block, error) {
	return decode(s, block.Parse, "Block decode failed")
}

// parseHex reads hex digits (Core: ParseHexV).
func parseHex(name, s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, clip(s))
	}
	return b, nil
}

// parseAmount reads an amount, a number or a string of one (Core: AmountFromValue).
func parseAmount(raw json.RawMessage) (a block.Amount, err error) {
	if k := kindOf(raw); k != rpc.KindNumber && k != rpc.KindString {
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

// arrange returns the arguments of a call in the order of the parameters; those that are
// missing or null are nil. The error is Core's: the help text if the number is wrong.
func (m *method) arrange(params json.RawMessage) ([]json.RawMessage, *rpc.Error) {
	var given []json.RawMessage
	switch kindOf(params) {
	case rpc.KindObject:
		var err *rpc.Error
		if given, err = m.byName(params); err != nil {
			return nil, err
		}
	case rpc.KindArray:
		given = elements(params)
	}
	if len(given) > len(m.params) {
		return nil, fail(rpc.CodeMisc, "%s", m.help())
	}
	args := make([]json.RawMessage, len(m.params))
	for i, raw := range given {
		if kindOf(raw) != rpc.KindNull {
			args[i] = raw
		}
	}
	for i, p := range m.params {
		// As in Core, null in a required place is of the wrong type; if it is missing, the answer is the help text.
		if i >= len(given) && !p.Optional {
			return nil, fail(rpc.CodeMisc, "%s", m.help())
		}
	}
	return args, m.checkKinds(args)
}

// byName returns named arguments in the order of the parameters. "args" has some by
// position.
func (m *method) byName(params json.RawMessage) ([]json.RawMessage, *rpc.Error) {
	names, values := members(params)
	var given []json.RawMessage
	if i := slices.Index(names, "args"); i >= 0 {
		if kindOf(values[i]) != rpc.KindArray {
			return nil, fail(rpc.CodeInvalidParam, "Parameter args must be an array of positional parameters")
		}
		given = elements(values[i])
	}
	positional := len(given)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fail(rpc.CodeInvalidParam, "Parameter %s specified multiple times", clip(name))
		}
		at := slices.IndexFunc(m.params, func(p rpc.Param) bool { return p.Is(name) })
		switch {
		case at < 0 && name == "args":
			continue
		case at < 0:
			return nil, fail(rpc.CodeInvalidParam, "Unknown named parameter %s", clip(name))
		case at < positional:
			return nil, fail(rpc.CodeInvalidParam, "Parameter %s specified twice both as positional and named argument", name)
		}
		for len(given) <= at {
			given = append(given, nil)
		}
		given[at] = values[i]
	}
	return given, nil
}

// checkKinds rejects arguments of the wrong type, all in one message.
func (m *method) checkKinds(args []json.RawMessage) *rpc.Error {
	var wrong []string
	for i, p := range m.params {
		got := kindOf(args[i])
		if got == p.Kind || got == rpc.KindNull && p.Optional || p.Kind == rpc.KindAny && got != rpc.KindNull ||
			p.Kind == rpc.KindAmount && (got == rpc.KindNumber || got == rpc.KindString) {
			continue
		}
		want := p.Kind
		if want == rpc.KindAmount {
			want = rpc.KindNumber
		}
		wrong = append(wrong, fmt.Sprintf("    %q: %q", fmt.Sprintf("Position %d (%s)", i+1, p.Name),
			wrongType(got, want).Message))
	}
	if wrong == nil {
		return nil
	}
	return fail(rpc.CodeType, "Wrong type passed:\n{\n%s\n}", strings.Join(wrong, ",\n"))
}

func wrongType(got, want rpc.Kind) *rpc.Error {
	return fail(rpc.CodeType, "JSON value of type %s is not of expected type %s", got, want)
}

// clip shortens what a caller sent, for an error text.
func clip(s string) string {
	if len(s) <= 80 {
		return s
	}
	return s[:80] + "…"
}
