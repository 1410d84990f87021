package votes

import (
	"fmt"

	"toychain/lab"
)

// Rows returns the table: the figures of each question together, and below it what else was seen.
func (r *Result) Rows() [][]string {
	out := [][]string{{"", "", "nodes", "measured", "99.9 %", "theory", ""}}
	question := ""
	for _, c := range r.Cells {
		name, interval := c.Question, ""
		if name == question {
			name = ""
		}
		question = c.Question
		if c.Low < c.High {
			interval = fmt.Sprintf("%.3g to %.3g", c.Low, c.High)
		}
		out = append(out, []string{name, c.Engine, fmt.Sprint(c.Nodes), fmt.Sprintf("%.4g", c.Measured), interval, fmt.Sprintf("%.4g", c.Theory), string(c.Verdict)})
	}
	out = append(out, []string{fmt.Sprintf("%g of %g figures agree; %d runs, seed %d, log %.16s", r.Low, r.Theory, r.Runs, r.Seed, r.LogHash)}, []string{""})
	for _, c := range r.Cells {
		if c.Note == "" {
			continue
		}
		if c.Question != question {
			out = append(out, []string{c.Question})
		}
		question = c.Question
		out = append(out, []string{fmt.Sprintf("  %s, %d nodes: %s", c.Engine, c.Nodes, c.Note)})
	}
	if r.messages {
		out = append(out, []string{""}, []string{"nodes 1 and 2 of Raft do not reach each other; node 3 lies to both:"})
		for _, line := range r.Shown {
			out = append(out, []string{line})
		}
	}
	return out
}

// Figure returns what was measured over what the theory says: a point on the line agrees.
func (r *Result) Figure() *lab.Figure {
	line := lab.Series{Name: "they agree"}
	f := &lab.Figure{Title: "Five engines with the same faults", X: "theory", Y: "measured"}
	for _, p := range engines {
		s := lab.Series{Name: p.name, Measured: true}
		for _, c := range r.Cells {
			if c.Engine == p.name {
				s.X, s.Y = append(s.X, c.Theory), append(s.Y, c.Measured)
				s.Low, s.High = append(s.Low, c.Low), append(s.High, c.High)
				line.X, line.Y = append(line.X, c.Theory), append(line.Y, c.Theory)
			}
		}
		if len(s.X) > 0 {
			f.Series = append(f.Series, s)
		}
	}
	f.Series = append([]lab.Series{line}, f.Series...)
	return f
}
