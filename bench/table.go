package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// result is a measured row.
type result struct {
	Name      string    `json:"name"`
	What      string    `json:"what"`
	Unit      string    `json:"unit"`
	Toychain  float64   `json:"toychain"`          // the median
	Rounds    []float64 `json:"toychain_rounds"`   // what it is the median of
	RivalName string    `json:"rival_name"`        // btcd, unless there is no such thing
	Rival     *float64  `json:"rival"`             // null: cannot be measured
	Rivals    []float64 `json:"rival_rounds"`      //
	Ratio     *float64  `json:"ratio"`             // above 1: toychain is better
	Target    string    `json:"target"`            //
	Met       bool      `json:"met"`               //
	Core      string    `json:"core_quoted"`       // not of this run
	Took      float64   `json:"measuring_seconds"` // all rounds together
}

// report is the result of a whole run.
type report struct {
	Time    time.Time `json:"time"`
	Machine string    `json:"machine"`
	Rounds  int       `json:"rounds"`
	Quick   bool      `json:"quick"`
	Quoted  string    `json:"core_quoted_from"`
	Rows    []result  `json:"rows"`
}

// settle computes the medians.
func settle(r *row, ours, rivals []float64, took time.Duration) result {
	out := result{Name: r.name, What: r.what, Unit: r.unit, Toychain: median(ours), Rounds: ours, Rivals: rivals,
		Target: r.target, Core: r.core, Took: took.Seconds()}
	ratio := 0.0
	if len(rivals) > 0 {
		out.RivalName = r.rival.called()
		theirs := median(rivals)
		ratio = out.Toychain / theirs
		if r.less {
			ratio = 1 / ratio
		}
		out.Rival, out.Ratio = &theirs, &ratio
	}
	out.Met = r.met(out.Toychain, ratio)
	return out
}

func (c *contender) called() string {
	if c.name == "" {
		return c.subject.name
	}
	return c.name
}

// median returns the middle one, or the mean of the two in the middle; 0 for none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

var heads = []string{"work", "toychain", "beside it", "", "ratio", "target", "met", "Core*"}

func (r *result) cells() []string {
	rival, ratio, met := "-", "-", "no"
	if r.Rival != nil {
		rival, ratio = figure(*r.Rival, r.Unit), strconv.FormatFloat(*r.Ratio, 'f', 2, 64)+"×"
	}
	if r.Met {
		met = "yes"
	}
	return []string{r.What, figure(r.Toychain, r.Unit), rival, cmp.Or(r.RivalName, "-"), ratio, r.Target, met, cmp.Or(r.Core, "-")}
}

// figure formats a number with three significant digits and commas between thousands.
func figure(v float64, unit string) string {
	decimals := 0
	for limit := 100.0; v < limit && decimals < 2; limit /= 10 {
		decimals++
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, rest, _ := strings.Cut(text, ".")
	if v >= 1000 {
		n := int64(v)
		if v >= 10_000 {
			n = (n + 50) / 100 * 100
		}
		whole = strconv.FormatInt(n, 10)
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole + " " + unit
}

// note describes the table.
func (r *report) note() string {
	text := fmt.Sprintf("%s, %s, median of %d rounds; above 1× toychain is better. *%s.",
		r.Time.Format(time.DateOnly), r.Machine, r.Rounds, r.Quoted)
	if r.Quick {
		text += " Quick: the figures mean nothing."
	}
	return text
}

// text prints the table for a terminal.
func (r *report) text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(heads, "\t"))
	for i := range r.Rows {
		fmt.Fprintln(t, strings.Join(r.Rows[i].cells(), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.note())
	return err
}

// markdown prints the table in the README's form.
func (r *report) markdown(w io.Writer) error {
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
	for i := range r.Rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r.Rows[i].cells(), " | "))
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Replace(r.note(), "*", `\*`, 1))
	return err
}

// json prints everything, rounds included.
func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
