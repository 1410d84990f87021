package lab

import "math"

// The theory of the difficulty, of which the lies about the time have no closed form: there the
// distribution of the difficulty is computed from window to window, where a run draws it.

// collapses is how long the windows last when the hash power falls to a tenth, in nominal windows:
// the target grows by four at most.
var collapses = []float64{10, 2.5, 1}

// warpWindows is for how many windows the majority's lies are followed.
const warpWindows = 12

// lambertW returns w with w·eʷ = x, for x > −1/e, by Newton's method.
func lambertW(x float64) float64 {
	w := math.Log1p(max(x, -.3))
	for range 100 {
		e := math.Exp(w)
		step := (w*e - x) / (e * (w + 1))
		w -= step
		if math.Abs(step) < 1e-14 {
			break
		}
	}
	return w
}

// theory returns the mean interval in seconds, and its ratio to the wanted one for long windows.
//
// At constant hash power blocks come every T·N/(N−2): a window of N blocks has N−1 intervals, and
// the mean of one over a sum of N−1 exponential times is 1/(N−2). That factor is also in what
// follows. If the hash power grows by G in each nominal window, a window lasts W(ln G)/ln G of
// one: the r with r·Gʳ = 1, in long ones. If the share p leaves every other window, each window has the
// difficulty of the other (Meshkov and others 2017): T·(1/(1−p) + (1−p))/2.
func (c *DifficultyConfig) theory(rule bool) (interval, ratio float64) {
	n, t := float64(c.Window), c.Spacing.Seconds()
	short := n / (n - 2)
	switch c.What {
	case Growth:
		g := math.Log(c.Growth)
		return c.grown(), lambertW(g) / g
	case Hop:
		return c.hopped(), (1/(1-c.Hop) + 1 - c.Hop) / 2
	case Collapse:
		for _, w := range append(collapses, 1) {
			ratio += w / 4
		}
	case Timestamps, Timewarp:
		if c.What == Timewarp {
			interval = c.warped(rule)
		} else {
			interval = c.lied(rule)
		}
		return interval, interval / t
	default:
		ratio = 1
	}
	return t * ratio * short, ratio
}

// gamma returns nodes of a sum of n exponential times of mean 1, and their weights.
func gamma(n, nodes int) (at, weight []float64) {
	mean, deviation := float64(n), math.Sqrt(float64(n))
	norm, _ := math.Lgamma(mean)
	from, to := max(mean-6*deviation, mean/1e3), mean+7*deviation
	sum := 0.0
	for _, g := range steps(from, to, nodes) {
		v := math.Exp((mean-1)*math.Log(g) - g - norm)
		at, weight = append(at, g), append(weight, v)
		sum += v
	}
	for i := range weight {
		weight[i] /= sum
	}
	return at, weight
}

// spread is a distribution of the difficulty, as the mean interval that it gives, in cells of equal
// width of its logarithm; and of a second value that the next window needs.
type spread struct {
	low, width float64 // of the logarithm
	second     []float64
	mass       [][]float64 // by second value and cell
}

func newSpread(around, reach float64, cells int, second []float64) *spread {
	s := &spread{low: math.Log(around) - reach, width: 2 * reach / float64(cells), second: second}
	for range second {
		s.mass = append(s.mass, make([]float64, cells+2))
	}
	return s
}

// put adds mass at an interval, shared between the two cells beside it.
func (s *spread) put(second int, interval, mass float64) {
	at := (math.Log(interval) - s.low) / s.width
	cell := min(max(int(math.Floor(at)), 0), len(s.mass[second])-2)
	part := min(max(at-float64(cell), 0), 1)
	s.mass[second][cell] += mass * (1 - part)
	s.mass[second][cell+1] += mass * part
}

// step returns the distribution of the next window: next is called with each cell that has mass,
// and puts it where it goes.
func (s *spread) step(next func(interval float64, second int, mass float64, to *spread)) *spread {
	to := &spread{low: s.low, width: s.width, second: s.second}
	for k := range s.mass {
		to.mass = append(to.mass, make([]float64, len(s.mass[k])))
	}
	for k, row := range s.mass {
		for cell, mass := range row {
			if mass > 1e-12 {
				next(math.Exp(s.low+s.width*float64(cell)), k, mass, to)
			}
		}
	}
	return to
}

// mean returns the mean interval.
func (s *spread) mean() float64 {
	sum, all := 0.0, 0.0
	for _, row := range s.mass {
		for cell, mass := range row {
			sum += mass * math.Exp(s.low+s.width*float64(cell))
			all += mass
		}
	}
	return sum / all
}

// retarget returns the mean interval after a window that seemed to last so long.
func (c *DifficultyConfig) retarget(interval, actual float64) float64 {
	return interval * c.nominal() / min(max(actual, c.nominal()/4), 4*c.nominal())
}

// grown returns the mean interval if the hash power grows by a factor in each nominal window.
func (c *DifficultyConfig) grown() float64 {
	sums, weights := gamma(c.Window-1, 61)
	growth := math.Log(c.Growth) / c.nominal()
	s := newSpread(c.Spacing.Seconds(), 6, 1600, []float64{0})
	s.put(0, c.Spacing.Seconds(), 1)
	total := 0.0
	const rounds, before = 60, 30
	firsts := firstIntervals()
	for round := range rounds {
		s = s.step(func(interval float64, _ int, mass float64, to *spread) {
			takes := func(intervals float64) float64 { // of power that dwindles so many may never come
				return math.Log1p(max(growth*interval*intervals, -.999)) / growth
			}
			for _, first := range firsts {
				for k, sum := range sums {
					part := mass * weights[k] / float64(len(firsts))
					lasted := takes(first + sum)
					if round >= before {
						total += part * lasted
					}
					to.put(0, c.retarget(interval, lasted-takes(first))*math.Exp(-growth*lasted), part)
				}
			}
		})
	}
	return total / float64((rounds-before)*c.Window)
}

// firstIntervals returns the time to a window's first block, in mean intervals: the means of the
// eighths of its distribution, so that their own mean is one.
func firstIntervals() (out []float64) {
	const parts = 8
	beyond := func(part int) float64 { // the part of the mean that is above the first parts
		rest := 1 - float64(part)/parts
		if rest == 0 {
			return 0
		}
		return rest * (1 - math.Log(rest))
	}
	for i := range parts {
		out = append(out, parts*(beyond(i)-beyond(i+1)))
	}
	return out
}

// hopped returns the mean interval if a share of the hash power leaves every other window.
func (c *DifficultyConfig) hopped() float64 {
	sums, weights := gamma(c.Window-1, 61)
	slower := []float64{1, 1 / (1 - c.Hop)}
	s := newSpread(c.Spacing.Seconds(), 6, 1600, slower)
	s.put(0, c.Spacing.Seconds(), 1)
	total := 0.0
	const rounds, before = 30, 10 // of two windows
	for window := range 2 * rounds {
		if window >= 2*before {
			total += s.mean() * slower[window%2] / (2 * (rounds - before))
		}
		s = s.step(func(interval float64, out int, mass float64, to *spread) {
			for k, sum := range sums {
				to.put(1-out, c.retarget(interval, interval*slower[out]*sum), mass*weights[k])
			}
		})
	}
	return total
}

// lied returns the mean interval in the long run if a miner lies about last blocks. With BIP54's
// rule it holds for lies below half a window: larger ones are carried on over several.
func (c *DifficultyConfig) lied(rule bool) float64 {
	n, ahead, grace := c.Window, c.Ahead.Seconds(), c.Grace.Seconds()
	lie := []float64{1 - c.Attacker, c.Attacker}
	sums, weights := gamma(n-1, 41)
	firsts, rounds := []float64{0}, 60
	if rule {
		firsts, rounds = firstIntervals(), 20
	}
	s := newSpread(c.Spacing.Seconds(), 8, 1600, lie)
	s.put(0, c.Spacing.Seconds(), 1)
	total := 0.0
	for round := range 2 * rounds {
		s = s.step(func(interval float64, lied int, mass float64, to *spread) {
			for _, x := range firsts {
				begins := 0.0 // how far the first block's time is ahead of the truth
				if rule && lied == 1 {
					begins = max(0, ahead-grace-x*interval)
				}
				for k, sum := range sums {
					for lies, chance := range lie {
						seen := interval*sum + ahead*float64(lies) - begins
						to.put(lies, c.retarget(interval, seen), mass*weights[k]*chance/float64(len(firsts)))
					}
				}
			}
		})
		if round >= rounds {
			total += s.mean() / float64(rounds)
		}
	}
	return total
}

// warped returns the mean interval over the first windows of a majority that gives each window's
// blocks the earliest time, and the last one the true time: each window seems to have lasted since
// the lies began. With BIP54's rule its first block cannot be earlier than the grace before the
// last one of the window before.
func (c *DifficultyConfig) warped(rule bool) float64 {
	n, t := c.Window, c.Spacing.Seconds()
	ages := steps(0, 6*c.nominal(), 301) // since the median time when the lies began
	s := newSpread(t/1e3, 9.2, 1500, ages)
	put := func(to *spread, age, interval, mass float64) {
		at := age / ages[1]
		k := min(int(at), len(ages)-2)
		part := min(at-float64(k), 1)
		to.put(k, interval, mass*(1-part))
		to.put(k+1, interval, mass*part)
	}
	half := medianOf / 2 // the median time is that of the block before so many
	early, chance := gamma(n-1-half, 31)
	late, chance2 := gamma(half, 21)
	for i := range early { // the honest window before
		for j := range late {
			put(s, t*late[j], c.retarget(t, t*(early[i]+late[j])), chance[i]*chance2[j])
		}
	}
	total := 0.0
	sums, weights := gamma(n, 41)
	for window := range warpWindows {
		total += s.mean()
		crept := 1.0 // a second for each block, and for each half of the median's later
		if window > 0 {
			crept = float64(half + n*window/(half+1))
		}
		s = s.step(func(interval float64, age int, mass float64, to *spread) {
			for k, g := range sums {
				since := ages[age] + interval*g
				seen := since - crept
				if rule {
					seen = interval*g + c.Grace.Seconds()
				}
				put(to, since, c.retarget(interval, seen), mass*weights[k])
			}
		})
	}
	return total / warpWindows
}
