package rpc

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"toychain/block"
)

// A Method describes one RPC method: A is a struct with a field for each parameter, R
// is the type of its result. The server answers calls and the client makes them by the
// same description, so that the two cannot drift apart:
//
//	Method ──► Params ──► named parameters, type errors, help   (rpc/server)
//	   │
//	   └─────► Call ────► {"method": ..., "params": [...]}      (Client)
//
// The tag of a field is the parameter's name in the dialect: "name", or "name|alias",
// with a question mark at the end if the caller may leave it out. A field that is left
// out is zero or, where zero is not the default, a nil pointer.
type Method[A, R any] struct{ Info }

// Info is what the help text of a method is made of, beside its parameters.
type Info struct {
	Name     string
	Category Category
	About    string // what the method does
	Returns  string // the form of the result
	Example  string // arguments on a command line
	Long     bool   // the method may wait or work for long
}

// Category is a heading in the list of all methods (Core: category).
type Category string

// Categories are all categories, in the order of the list. Toychain has what Bitcoin
// Core does not have.
var Categories = []Category{"Blockchain", "Control", "Mempool", "Mining", "Network", "Rawtransactions", "Toychain", "Util"}

// Param describes a parameter.
type Param struct {
	Name     string // with its aliases, after a | each
	Kind     Kind
	Optional bool
	About    string // one line for the help text, with the default
}

// Is reports whether name is the parameter's name or an alias.
func (p *Param) Is(name string) bool { return slices.Contains(strings.Split(p.Name, "|"), name) }

// Kind is what a parameter may be. The first six are JSON's types, under the names
// that Core's messages use.
type Kind string

const (
	KindNull   Kind = "null"
	KindString Kind = "string"
	KindNumber Kind = "number"
	KindBool   Kind = "bool"
	KindArray  Kind = "array"
	KindObject Kind = "object"
	KindAmount Kind = "amount" // a number, or a string that holds one
	KindAny    Kind = "any"    // the method decides
)

// Types of parameters and results for which Go's types do not say enough.
type (
	None      struct{}        // no parameters
	Null      *struct{}       // the result of methods that return nothing: null
	Array     json.RawMessage // an array that the method reads itself
	Object    json.RawMessage // likewise an object
	Verbosity int             // a number or, as in older versions of Core, a bool
	Addresses []string        // an array of addresses or, in JSON, one address
)

// Params returns the method's parameters in their order, read from the fields of A.
func (m Method[A, R]) Params() []Param {
	t := reflect.TypeFor[A]()
	out := make([]Param, t.NumField())
	for i := range out {
		f := t.Field(i)
		name, optional := strings.CutSuffix(f.Tag.Get("rpc"), "?")
		out[i] = Param{Name: name, Kind: KindOf(f.Type), Optional: optional, About: f.Tag.Get("help")}
	}
	return out
}

// KindOf returns the kind of a parameter, or of a member of one, whose value is a t.
func KindOf(t reflect.Type) Kind {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[block.Hash]():
		return KindString
	case reflect.TypeFor[block.Amount]():
		return KindAmount
	case reflect.TypeFor[Object]():
		return KindObject
	case reflect.TypeFor[Verbosity](), reflect.TypeFor[Addresses](), reflect.TypeFor[json.RawMessage]():
		return KindAny
	}
	switch t.Kind() {
	case reflect.String:
		return KindString
	case reflect.Bool:
		return KindBool
	case reflect.Slice:
		return KindArray
	case reflect.Struct:
		return KindObject
	}
	return KindNumber
}

// Call calls the method on the node that c talks to. Its errors are those of
// [Client.Call].
func (m Method[A, R]) Call(ctx context.Context, c *Client, args A) (result R, err error) {
	err = c.Call(ctx, m.Name, values(m.Params(), args), &result)
	return result, err
}

// Do is Call without the result.
func (m Method[A, R]) Do(ctx context.Context, c *Client, args A) error {
	return c.Call(ctx, m.Name, values(m.Params(), args), nil)
}

// Ask returns the call as a part of a [Client.Batch].
func (m Method[A, R]) Ask(args A, result *R) Ask {
	return Ask{Method: m.Name, Params: values(m.Params(), args), Result: result}
}

// As returns the method for a caller that knows which of its possible results the
// arguments lead to: getblock returns a string, a Block or a FullBlock.
func As[Known, A, R any](m Method[A, R]) Method[A, Known] { return Method[A, Known](m) }

// values returns arguments by position. Optional ones that are zero are left out, or
// null where others follow.
func values(params []Param, args any) []any {
	v := reflect.ValueOf(args)
	out := make([]any, len(params))
	given := 0
	for i := range params {
		f := v.Field(i)
		if params[i].Optional && f.IsZero() {
			continue
		}
		if f.Kind() == reflect.Slice && f.IsNil() {
			f = reflect.MakeSlice(f.Type(), 0, 0) // [] in JSON, not null
		}
		out[i], given = f.Interface(), i+1
	}
	return out[:given]
}
