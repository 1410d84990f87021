package lab

import "math"

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

// Proportion returns the estimate of a rate from independent trials: Wilson's interval, which also
// holds for few hits (E. B. Wilson, Probable Inference, JASA 1927).
func Proportion(hits, trials int) Estimate {
	n := float64(trials)
	if trials == 0 {
		return Estimate{0, 0, 1}
	}
	p := float64(hits) / n
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	e := Estimate{p, max(0, middle-half), min(1, middle+half)}
	if hits == 0 {
		e.Low = 0 // which rounding misses
	}
	return e
}

// Against compares the estimate with a value of the theory.
func (e Estimate) Against(theory float64) Verdict {
	switch {
	case theory < e.Low || theory > e.High:
		return Disagrees
	case e.High-e.Low > theory:
		return Undecided
	}
	return Agrees
}

// batches is into how many parts a long run is divided: the parts are nearly independent of each
// other, its blocks are not.
const batches = 200

// Average returns the estimate of a mean from values that are nearly independent.
func Average(values []float64) Estimate {
	m := mean(values)
	half := z * deviation(values) / math.Sqrt(float64(len(values)))
	return Estimate{m, m - half, m + half}
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
