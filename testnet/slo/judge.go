package slo

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Event is an event that takes time.
type Event struct {
	Took time.Duration
	Open bool // it is not over: Took is the time until now
}

// Answers counts the health checks of a node, and its answers.
type Answers struct {
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
}

// Observations is all events.
type Observations struct {
	Timed  map[Kind][]Event   // propagation, agreement, confirmation
	Blocks int                // of the window, genesis not counted
	Stale  int                // of these
	Asked  map[string]Answers // by node
}

// Level is a target and its result.
type Level struct {
	Name       string   `json:"name"`
	Kind       Kind     `json:"kind"`
	Target     string   `json:"target"`         // in words
	Share      float64  `json:"share"`          // of the events that must be good
	WithinMS   *float64 `json:"within_ms"`      // null for ratios
	Events     int      `json:"events"`         // that count; 0: there is no result
	Bad        int      `json:"bad"`            // of these
	MeasuredMS *float64 `json:"measured_ms"`    // the percentile; null for ratios, and if it is among the open events
	Ratio      *float64 `json:"measured_ratio"` // of stale blocks or of answers; null for times
	Met        *bool    `json:"met"`
	Budget     *float64 `json:"budget_left"`            // share of the allowed bad events that is left; below 0: overspent
	Worst      string   `json:"worst_node,omitempty"`   // availability: whose figures these are
	MoreThanMS *float64 `json:"more_than_ms,omitempty"` // the percentile is an open event, of this time
	Note       string   `json:"note,omitempty"`         // why there is no result
}

// Judge compares the observations with each target.
func Judge(targets []Target, o Observations) []Level {
	out := make([]Level, len(targets))
	for i, t := range targets {
		l := Level{Name: t.Name(), Kind: t.Kind, Target: t.String(), Share: t.Share}
		switch t.Kind {
		case Stale:
			l.ratio(o.Blocks, o.Stale, o.Stale)
		case Availability:
			l.worst(o.Asked)
		default:
			l.times(t, o.Timed[t.Kind])
		}
		if l.Events > 0 {
			l.judge()
		} else {
			l.Note = nothing[t.Kind]
		}
		out[i] = l
	}
	return out
}

// nothing is why a level has no events.
var nothing = map[Kind]string{
	Propagation:  "no block went from one node to another",
	Agreement:    "no partition was healed",
	Confirmation: "no payment was confirmed meanwhile",
	Stale:        "no block was mined",
	Availability: "no node was asked",
}

// ratio sets how many of the events were bad, and how many make the ratio.
func (l *Level) ratio(events, bad, shown int) {
	l.Events, l.Bad = events, bad
	if events > 0 {
		l.Ratio = new(float64(shown) / float64(events))
	}
}

// worst takes the node that answered least: the objective holds for each.
func (l *Level) worst(asked map[string]Answers) {
	var worst Answers
	for _, name := range slices.SortedFunc(maps.Keys(asked), func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) { // n2 before n10
		a := asked[name] // compared as fractions are, without dividing by 0
		if a.Asked > 0 && (worst.Asked == 0 || a.Answered*worst.Asked < worst.Answered*a.Asked) {
			worst, l.Worst = a, name
		}
	}
	l.ratio(worst.Asked, worst.Asked-worst.Answered, worst.Answered)
}

// times counts the events that are over, and open ones that have taken too long.
func (l *Level) times(t Target, all []Event) {
	l.WithinMS = new(ms(t.Within))
	var counted []Event
	for _, e := range all {
		if e.Open && e.Took <= t.Within {
			continue
		}
		counted = append(counted, e)
		if e.Took > t.Within {
			l.Bad++
		}
	}
	if l.Events = len(counted); l.Events == 0 {
		return
	}
	if p := percentile(counted, t.Share); p.Open {
		l.MoreThanMS = new(ms(p.Took))
	} else {
		l.MeasuredMS = new(ms(p.Took))
	}
}

// judge sets whether the target was met and how much of the budget is left.
func (l *Level) judge() {
	left := 1 - float64(l.Bad)/((1-l.Share)*float64(l.Events))
	// Not left >= 0: a share is a binary fraction, and 1-0.95 is a little off.
	l.Met = new(left > -1e-9)
	if math.Abs(left) < 1e-9 {
		left = 0
	}
	l.Budget = &left
}

// percentile returns the event that the given share of all, itself included, do not exceed:
// the nearest-rank method, so that the result was observed. Open events come last.
func percentile(all []Event, share float64) Event {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Event) int {
		if a.Open != b.Open { // it ends later than all others
			return map[bool]int{true: 1, false: -1}[a.Open]
		}
		return cmp.Compare(a.Took, b.Took)
	})
	rank := int(math.Ceil(share*float64(len(all)) - 1e-9))
	return all[min(max(rank, 1), len(all))-1]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
