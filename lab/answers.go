package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Answer is a figure that a student predicted or read, beside that of the student's own run.
type Answer struct {
	Lab    string `json:"lab"`
	Kind   string `json:"kind"` // predicted or read
	Field  string `json:"field"`
	Given  any    `json:"given"`
	Result any    `json:"result"`
	Off    string `json:"off"` // by how much; empty: not at all
	Right  bool   `json:"right"`
}

// The kinds of answers. A reading is right if it is the value as the table prints it, a prediction
// if it comes close.
const (
	Predicted = "predicted"
	Read      = "read"
)

// How far an answer may be off, as a part of the true value.
const (
	readWithin      = .001 // the tables print four digits
	predictedWithin = .25
)

// Fields returns the figures of a result by their names in JSON, with dots where one is part of
// another.
func Fields(r Result) (map[string]any, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	out := map[string]any{}
	flatten("", all, out)
	return out, nil
}

// flatten puts the values of nested tables into out; what is in lists has its place as a name.
func flatten(prefix string, v any, out map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		for name, part := range v {
			flatten(prefix+name+".", part, out)
		}
	case []any:
		for i, part := range v {
			flatten(prefix+strconv.Itoa(i+1)+".", part, out)
		}
	default:
		out[strings.TrimSuffix(prefix, ".")] = v
	}
}

// Compare returns the answers of one kind beside the figures of a result, by name. An answer to
// a figure that the experiment does not have is an error.
func Compare(lab, kind string, given map[string]any, fields map[string]any) ([]Answer, error) {
	flat := map[string]any{}
	flatten("", given, flat)
	var out []Answer
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		result, ok := fields[name]
		if !ok {
			return nil, fmt.Errorf("[%s.%s] %s: the experiment has no such figure: want one of %s", lab, kind, name,
				strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if g, ok := number(flat[name]); ok && (math.IsNaN(g) || math.IsInf(g, 0)) {
			return nil, fmt.Errorf("[%s.%s] %s = %v: want a number", lab, kind, name, g)
		}
		a := Answer{Lab: lab, Kind: kind, Field: name, Given: flat[name], Result: result}
		a.Right, a.Off = compare(a.Given, result, kind)
		out = append(out, a)
	}
	return out, nil
}

// compare reports whether an answer is right, and how far it is off.
func compare(given, result any, kind string) (right bool, off string) {
	within := predictedWithin
	if kind == Read {
		within = readWithin
	}
	g, isNumber := number(given)
	r, wantsNumber := number(result)
	switch {
	case isNumber && wantsNumber && g == r:
		return true, ""
	case isNumber && wantsNumber:
		off = fmt.Sprintf("%.4g too low", r-g)
		if g > r {
			off = fmt.Sprintf("%.4g too high", g-r)
		}
		if r != 0 {
			off += fmt.Sprintf(", %.3g %%", 100*math.Abs((g-r)/r))
		}
		return math.Abs(g-r) <= within*math.Abs(r), off
	case fmt.Sprint(given) == fmt.Sprint(result):
		return true, ""
	}
	return false, fmt.Sprintf("%v instead of %v", given, result)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}
