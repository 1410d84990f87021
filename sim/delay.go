package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Delay is how long messages are under way: a distribution, from which each link draws once.
// In its text form, as [ParseDelay] reads it:
//
//	100ms              constant
//	50ms..150ms        uniform
//	exp 100ms          exponential with this mean
//	pareto 50ms 2.5    Pareto with this least value and this exponent: few links are very slow
//	regions            between and within six regions of the world, see regions.go
type Delay struct {
	kind      delayKind
	low, high time.Duration // high is the mean of an exponential
	exponent  float64
}

type delayKind string

const (
	constant    delayKind = ""
	uniform     delayKind = ".."
	exponential delayKind = "exp"
	pareto      delayKind = "pareto"
	regional    delayKind = "regions"
)

// Constant returns the delay that is always the same.
func Constant(d time.Duration) Delay { return Delay{low: d, high: d} }

// Uniform returns the delay that is anything from low to high.
func Uniform(low, high time.Duration) Delay { return Delay{kind: uniform, low: low, high: high} }

// ParseDelay reads a delay as String writes it.
func ParseDelay(s string) (Delay, error) {
	words := strings.Fields(s)
	wrong := fmt.Errorf("delay %q: want 100ms, 50ms..150ms, exp 100ms, pareto 50ms 2.5 or regions", s)
	var d Delay
	var err error
	switch {
	case len(words) == 1 && words[0] == string(regional):
		return Delay{kind: regional}, nil
	case len(words) == 2 && words[0] == string(exponential):
		d.kind = exponential
		d.high, err = time.ParseDuration(words[1])
	case len(words) == 3 && words[0] == string(pareto):
		d.kind = pareto
		if d.exponent, err = strconv.ParseFloat(words[2], 64); err == nil {
			d.low, err = time.ParseDuration(words[1])
		}
	case len(words) == 1:
		from, to, two := strings.Cut(words[0], "..")
		d.low, err = time.ParseDuration(from)
		if d.high = d.low; err == nil && two {
			d.kind = uniform
			d.high, err = time.ParseDuration(to)
		}
	default:
		return Delay{}, wrong
	}
	if err != nil {
		return Delay{}, wrong
	}
	return d, d.Check()
}

// String writes the delay for ParseDelay.
func (d Delay) String() string {
	switch d.kind {
	case uniform:
		return d.low.String() + ".." + d.high.String()
	case exponential:
		return "exp " + d.high.String()
	case pareto:
		return fmt.Sprintf("pareto %s %g", d.low, d.exponent)
	case regional:
		return "regions"
	}
	return d.low.String()
}

// Check returns what makes no sense.
func (d Delay) Check() error {
	switch {
	case d.kind == regional:
	case d.low < 0 || d.high < 0 || d.kind == uniform && d.high < d.low:
		return fmt.Errorf("a delay of %s: want 0 or more, and the lower one first", d)
	case d.low > maxDelay || d.high > maxDelay:
		return fmt.Errorf("a delay of %s: want %s at most", d, maxDelay)
	case d.kind == pareto && !(d.exponent > 1):
		return fmt.Errorf("a delay of %s: want an exponent above 1, so that there is a mean", d)
	}
	return nil
}

// No message takes less than a millisecond, or more than an hour: what the nodes do within
// the shortest delay is worked out side by side.
const (
	minDelay = time.Millisecond
	maxDelay = time.Hour
)

// least returns the shortest delay that can be drawn.
func (d Delay) least() time.Duration {
	switch d.kind {
	case exponential:
		return minDelay
	case regional:
		return leastRegional()
	}
	return max(minDelay, d.low)
}

// draw draws the delay of a link between two regions.
func (d Delay) draw(rng *rand.Rand, a, b int) time.Duration {
	t := d.low
	switch d.kind {
	case uniform:
		t += time.Duration(rng.Int64N(int64(d.high-d.low) + 1))
	case exponential:
		t = time.Duration(rng.ExpFloat64() * float64(d.high))
	case pareto:
		t = time.Duration(min(float64(maxDelay), float64(d.low)*math.Pow(1-rng.Float64(), -1/d.exponent)))
	case regional:
		t = regionalDelay(a, b)
	}
	return min(max(t, minDelay), maxDelay)
}
