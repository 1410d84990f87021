package lab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Result is what a run came to. Each experiment's own type has its figures, with the names that
// --json prints.
type Result interface {
	Judged() Judgment
	Rows() [][]string // a table for people: the first row names the columns
	Figure() *Figure  // the curve or distribution that the experiment is about
}

// Judgment is the value of the theory, the interval that holds the true one in 999 of 1,000 runs,
// and whether the first lies in the second.
type Judgment struct {
	Theory  float64 `json:"theory"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Verdict Verdict `json:"verdict"`
}

// Judged returns the judgment; results embed it.
func (j Judgment) Judged() Judgment { return j }

// Watch follows a run. The zero value is a run that is not watched.
type Watch struct {
	Progress func(done, of int) // called now and then; may be nil
	Events   *Events            // takes down what happens first; may be nil
}

// each calls f for every i below n, and sees now and then whether ctx has ended.
func (w Watch) each(ctx context.Context, n int, f func(i int)) error {
	every := max(1, min(n/200, 4096))
	for i := range n {
		if i%every == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if w.Progress != nil {
				w.Progress(i, n)
			}
		}
		f(i)
	}
	return nil
}

// source returns the random numbers of a run.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// Figure is what --plot draws: curves of the theory, and points that were measured.
type Figure struct {
	Title, X, Y string
	LogX, LogY  bool
	Series      []Series
}

// Series is a curve, or points with their intervals. A measured one is drawn as points.
type Series struct {
	Name      string
	Measured  bool
	X, Y      []float64
	Low, High []float64 // of each Y; may be nil
}

// add appends a value to the series.
func (s *Series) add(x, y float64) {
	s.X, s.Y = append(s.X, x), append(s.Y, y)
}

// curve returns f over the values of x.
func curve(name string, xs []float64, f func(x float64) float64) Series {
	s := Series{Name: name}
	for _, x := range xs {
		s.add(x, f(x))
	}
	return s
}

// point returns a measured value.
func point(x float64, e Estimate) Series {
	return Series{Name: "measured", Measured: true, X: []float64{x}, Y: []float64{e.Rate}, Low: []float64{e.Low}, High: []float64{e.High}}
}

// steps returns n values from low to high, both included.
func steps(low, high float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = low + (high-low)*float64(i)/float64(n-1)
	}
	return out
}

// percent writes a rate with four digits that say something.
func percent(rate float64) string { return fmt.Sprintf("%.4g %%", 100*rate) }

// seconds writes a time.
func seconds(s float64) string { return fmt.Sprintf("%.4g s", s) }

// row returns a row of a table: a measured value beside the theory.
func row(name string, measured float64, j Judgment, write func(float64) string) []string {
	between := write(j.Low) + " to " + write(j.High)
	if (Estimate{Low: j.Low, High: j.High}) == open(0) {
		between = "unknown"
	}
	return []string{name, write(measured), between, write(j.Theory), string(j.Verdict)}
}

// heading names the columns of row.
var heading = []string{"", "measured", "99.9 %", "theory", ""}

// StudentSeed returns the seed that belongs to a name: the same for any spelling in capitals and
// any spaces, below 2⁴⁸, so that programs that read JSON keep all of its digits.
func StudentSeed(name string) uint64 {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(strings.Fields(name), " "))))
	return binary.BigEndian.Uint64(sum[:]) >> 16
}
