package lab

import (
	"math"
	"slices"
)

// Verdict says whether a measured rate agrees with the theory.
type Verdict string

// The verdicts.
const (
	Agrees    Verdict = "agrees"    // the theory's value is in the interval
	Disagrees Verdict = "disagrees" // it is not
	Undecided Verdict = "undecided" // the interval is so wide that it says little: run longer
)

// Estimate is a measured rate, and the interval in which the true one lies in 999 of 1,000 runs.
type Estimate struct {
	Rate float64
	Low  float64
	High float64
}

// z is the quantile of the normal distribution for an interval of 99.9 %: fixed seeds must not
// disagree by chance.
const z = 3.2905267

// Quantile is z, for experiments of other packages.
const Quantile = z

// few is how many hits or misses are too few for a normal distribution.
const few = 30

// Proportion returns the estimate of a rate from independent trials: Wilson's interval (E. B. Wilson,
// Probable Inference, JASA 1927), and where hits or misses are few the exact one (C. Clopper, E.
// Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934).
func Proportion(hits, trials int) Estimate {
	n := float64(trials)
	switch {
	case trials == 0:
		return Estimate{0, 0, 1}
	case hits <= few:
		return rare(hits, trials)
	case trials-hits <= few:
		e := rare(trials-hits, trials)
		return Estimate{1 - e.Rate, 1 - e.High, 1 - e.Low}
	}
	p := float64(hits) / n
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Estimate{p, middle - half, middle + half}
}

// rare returns the exact interval of a rate with few hits: outside of it so few or so many have a
// chance of less than 1 in 2,000.
func rare(hits, trials int) Estimate {
	const tail = .0005
	atMost := func(k int, p float64) (sum float64) {
		for i := range k + 1 {
			sum += binomial(trials, i, p)
		}
		return sum
	}
	solve := func(k int, want float64) float64 { // the p with that chance of at most k hits
		low, high := 0.0, 1.0
		for range 60 {
			if p := (low + high) / 2; atMost(k, p) > want {
				low = p
			} else {
				high = p
			}
		}
		return low
	}
	e := Estimate{Rate: float64(hits) / float64(trials), High: 1}
	if hits > 0 {
		e.Low = solve(hits-1, 1-tail)
	}
	if hits < trials {
		e.High = solve(hits, tail)
	}
	return e
}

// Against compares the estimate with a value of the theory.
func (e Estimate) Against(theory float64) Verdict {
	switch {
	case theory < e.Low || theory > e.High:
		return Disagrees
	case theory == 0 && e.Rate == 0:
		return Agrees
	case e.High-e.Low > theory:
		return Undecided
	}
	return Agrees
}

// judge returns the judgment of an estimate.
func (e Estimate) judge(theory float64) Judgment {
	return Judgment{theory, e.Low, e.High, e.Against(theory)}
}

// worst returns the verdict of an experiment that has several.
func worst(verdicts ...Verdict) Verdict {
	switch {
	case slices.Contains(verdicts, Disagrees):
		return Disagrees
	case slices.Contains(verdicts, Undecided):
		return Undecided
	}
	return Agrees
}

// batches is into how many parts a long run is divided: the parts are nearly independent of each
// other, its blocks are not.
const batches = 200

// student returns the quantile for a mean of n values whose deviation is estimated from them: of
// Student's distribution, in powers of one over its degrees of freedom (Abramowitz, Stegun 26.7.5).
func student(n int) float64 {
	v := float64(max(n-1, 1))
	z2 := z * z
	return z * (1 + (z2+1)/(4*v) + ((5*z2+16)*z2+3)/(96*v*v) + (((3*z2+19)*z2+17)*z2-15)/(384*v*v*v))
}

// open returns the estimate of a value of which nothing is known but what was seen once: any theory
// is in its interval, and none agrees.
func open(rate float64) Estimate { return Estimate{rate, -math.MaxFloat64, math.MaxFloat64} }

// Average returns the estimate of a mean from values that are nearly independent. A single one says
// nothing about how far it is off.
func Average(values []float64) Estimate {
	if len(values) < 2 {
		return open(mean(values))
	}
	m := mean(values)
	half := student(len(values)) * deviation(values) / math.Sqrt(float64(len(values)))
	return Estimate{m, m - half, m + half}
}

// ratio returns the estimate of the sum of parts over the sum of wholes, which are of pieces of a
// run that are nearly independent of each other.
func ratio(parts, wholes []float64) Estimate {
	whole := mean(wholes)
	if whole == 0 {
		return open(0)
	}
	r := mean(parts) / whole
	if len(parts) < 2 {
		return open(r)
	}
	rest := make([]float64, len(parts))
	for i := range parts {
		rest[i] = parts[i] - r*wholes[i]
	}
	half := student(len(rest)) * deviation(rest) / math.Sqrt(float64(len(rest))) / whole
	return Estimate{r, r - half, r + half}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// deviation returns the standard deviation.
func deviation(values []float64) float64 {
	m, sum := mean(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}
