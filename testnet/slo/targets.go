package slo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Kind is the kind of a target.
type Kind string

// The kinds, in the order of the report.
const (
	Propagation  Kind = "propagation"
	Agreement    Kind = "agreement"
	Confirmation Kind = "confirmation"
	Stale        Kind = "stale"
	Availability Kind = "availability"
)

var kinds = []Kind{Propagation, Agreement, Confirmation, Stale, Availability}

// timed are the kinds whose events take time.
var timed = []Kind{Propagation, Agreement, Confirmation}

// Target is one objective: this share of the events is good.
type Target struct {
	Kind   Kind
	Share  float64       // more than 0, less than 1
	Within time.Duration // an event is good if it takes no longer; 0 for stale and availability
	Key    string        // its key in the file: p95, ratio
}

// Name returns a name like "propagation p95" or "stale".
func (t Target) Name() string {
	if t.Within == 0 {
		return string(t.Kind)
	}
	return string(t.Kind) + " " + t.Key
}

// String returns the objective in words.
func (t Target) String() string {
	switch {
	case t.Kind == Stale:
		return percent(1-t.Share) + " at most"
	case t.Within == 0:
		return percent(t.Share) + " at least"
	}
	return t.Within.String() + " at most"
}

// percent writes a share with up to two decimals, never rounded up to all of it.
func percent(share float64) string {
	return strconv.FormatFloat(min(math.Round(1e4*share)/100, 99.99), 'f', -1, 64) + "%"
}

// Parse reads a file of targets:
//
//	[propagation]
//	p95 = "250ms"     # 95 of 100 within that time
//	[stale]
//	ratio = 0.05      # at most; for availability at least
//
// The targets are in the order of the kinds, and by share. A kind without a table has none. The
// error names the table and the key.
func Parse(text string) ([]Target, error) {
	tables := map[string]map[string]any{}
	if _, err := toml.Decode(text, &tables); err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	var out []Target
	for name, table := range tables {
		if !slices.Contains(kinds, Kind(name)) {
			return nil, fmt.Errorf("targets: no level %q; there are %v", name, kinds)
		}
		for key, value := range table {
			t, err := parse(Kind(name), key, value)
			if err == nil && !(t.Share > 0 && t.Share < 1) { // after rounding
				err = errors.New("want a share that is neither nothing nor everything")
			}
			if err != nil {
				return nil, fmt.Errorf("targets: [%s] %s = %v: %w", name, key, value, err)
			}
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("targets: none; write one like [propagation] p95 = \"250ms\"")
	}
	slices.SortFunc(out, func(a, b Target) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), cmp.Compare(a.Share, b.Share))
	})
	return out, nil
}

// parse reads one line of a table.
func parse(kind Kind, key string, value any) (Target, error) {
	t := Target{Kind: kind, Key: key}
	if !slices.Contains(timed, kind) {
		ratio, ok := value.(float64)
		switch {
		case key != "ratio" && kind == Stale:
			return t, errors.New("want ratio = 0.1 or the like")
		case key != "ratio":
			return t, errors.New("want ratio = 0.99 or the like")
		case !ok || !(ratio > 0 && ratio < 1):
			return t, errors.New("want a number between 0 and 1, and neither: a promise of everything leaves no budget")
		}
		if t.Share = ratio; kind == Stale {
			t.Share = 1 - ratio
		}
		return t, nil
	}
	digits, ok := strings.CutPrefix(key, "p")
	p, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(p > 0 && p < 100) {
		return t, errors.New(`want a percentile such as p50, p95 or "p99.9", this one in quotes`)
	}
	text, ok := value.(string)
	if _, dotted := value.(map[string]any); dotted {
		return t, errors.New(`a percentile with a dot wants quotes: "p99.9"`)
	}
	if !ok {
		return t, errors.New(`want a time such as "250ms" or "1m30s", in quotes`)
	}
	t.Share = p / 100
	t.Within, err = time.ParseDuration(text)
	if err == nil && t.Within <= 0 {
		err = errors.New("want a time above zero")
	}
	return t, err
}
