package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"toychain/rpc"
)

// kind is what a parameter may be. The first six are JSON's types, by the names
// that Core's messages use.
type kind string

const (
	kindNull   kind = "null"
	kindString kind = "string"
	kindNumber kind = "number"
	kindBool   kind = "bool"
	kindArray  kind = "array"
	kindObject kind = "object"

	// kindAmount is a number or a string of one; kindOther is judged by the method.
	kindAmount kind = "amount"
	kindOther  kind = "any"
)

// kindOf returns the type of a JSON value; nothing at all is null.
func kindOf(raw json.RawMessage) kind {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return kindNull
	}
	switch raw[0] {
	case 'n':
		return kindNull
	case '"':
		return kindString
	case 't', 'f':
		return kindBool
	case '[':
		return kindArray
	case '{':
		return kindObject
	}
	return kindNumber
}

// param is a parameter of a method.
type param struct {
	name     string // and other names of it after a |
	kind     kind
	optional bool
	about    string // one line for the help text, with the default
}

// need and may make parameters for the table.
func need(name string, k kind, about string) param { return param{name, k, false, about} }
func may(name string, k kind, about string) param  { return param{name, k, true, about} }

// arrange brings the parameters of a call into the method's order. Missing ones
// and null are nil. The error is Core's: the help text if the number is wrong.
func (m *method) arrange(params json.RawMessage) ([]json.RawMessage, *rpc.Error) {
	var given []json.RawMessage
	if kindOf(params) == kindObject {
		var err *rpc.Error
		if given, err = m.byName(params); err != nil {
			return nil, err
		}
	} else if params != nil {
		given = elements(params)
	}
	if len(given) > len(m.params) {
		return nil, fail(rpc.CodeMisc, "%s", m.help())
	}
	args := make([]json.RawMessage, len(m.params))
	for i, raw := range given {
		if kindOf(raw) != kindNull {
			args[i] = raw
		}
	}
	for i, p := range m.params {
		// As in Core, a null in a required place is of the wrong type, nothing is a call for help.
		if i >= len(given) && !p.optional {
			return nil, fail(rpc.CodeMisc, "%s", m.help())
		}
	}
	return args, m.checkKinds(args)
}

// byName orders named parameters. The name "args" holds some by position.
func (m *method) byName(params json.RawMessage) ([]json.RawMessage, *rpc.Error) {
	names, values := members(params)
	var given []json.RawMessage
	if i := slices.Index(names, "args"); i >= 0 && !m.hasParam("args") {
		if kindOf(values[i]) != kindArray {
			return nil, fail(rpc.CodeInvalidParam, "Parameter args must be an array of positional parameters")
		}
		given = elements(values[i])
	}
	positional := len(given)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fail(rpc.CodeInvalidParam, "Parameter %s specified multiple times", clip(name))
		}
		at := slices.IndexFunc(m.params, func(p param) bool { return p.is(name) })
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

func (m *method) hasParam(name string) bool {
	return slices.ContainsFunc(m.params, func(p param) bool { return p.is(name) })
}

// is reports whether name is one of p's.
func (p *param) is(name string) bool { return slices.Contains(strings.Split(p.name, "|"), name) }

// checkKinds refuses parameters of the wrong type, all in one message.
func (m *method) checkKinds(args []json.RawMessage) *rpc.Error {
	var wrong []string
	for i, p := range m.params {
		got := kindOf(args[i])
		if got == p.kind || got == kindNull && p.optional || p.kind == kindOther && got != kindNull ||
			p.kind == kindAmount && (got == kindNumber || got == kindString) {
			continue
		}
		want := p.kind
		if want == kindAmount {
			want = kindNumber
		}
		wrong = append(wrong, fmt.Sprintf("    %q: %q", fmt.Sprintf("Position %d (%s)", i+1, p.name),
			fmt.Sprintf("JSON value of type %s is not of expected type %s", got, want)))
	}
	if wrong == nil {
		return nil
	}
	return fail(rpc.CodeType, "Wrong type passed:\n{\n%s\n}", strings.Join(wrong, ",\n"))
}

// wholeNumber reads a JSON number that is whole and fits into T.
func wholeNumber[T int | int32 | int64 | uint32 | uint64](raw json.RawMessage) (T, *rpc.Error) {
	text := string(bytes.TrimSpace(raw))
	var n T
	var out bool
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		n = T(u)
		out = n < 0 || uint64(n) != u
	} else if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		n = T(i)
		out = n > 0 || int64(n) != i
	} else {
		out = true
	}
	if out {
		return 0, fail(rpc.CodeMisc, "JSON integer out of range")
	}
	return n, nil
}

// clip shortens what a stranger sent before it goes into an error text.
func clip(s string) string {
	if len(s) <= 80 {
		return s
	}
	return s[:80] + "…"
}

// parseFloat reads a JSON number.
func parseFloat(raw json.RawMessage) (float64, error) {
	return strconv.ParseFloat(string(bytes.TrimSpace(raw)), 64)
}
