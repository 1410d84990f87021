package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"toychain/rpc"
)

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
