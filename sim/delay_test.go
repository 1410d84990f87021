package sim

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestDelays: each distribution is written as it is read, and draws what it says.
func TestDelays(t *testing.T) {
	for text, mean := range map[string]time.Duration{
		"100ms":          100 * time.Millisecond,
		"50ms..150ms":    100 * time.Millisecond,
		"exp 100ms":      100 * time.Millisecond,
		"pareto 50ms 11": 55 * time.Millisecond, // low·a/(a−1)
		"regions":        124 * time.Millisecond,
	} {
		d, err := ParseDelay(text)
		if err != nil || d.String() != text {
			t.Errorf("%q is read as %q: %v", text, d, err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		sum := time.Duration(0)
		const n = 100_000
		for range n {
			x := d.draw(rng, 0, 1)
			if x < d.least() {
				t.Fatalf("%s draws %s, at least is %s", text, x, d.least())
			}
			sum += x
		}
		if got := sum / n; got < mean*97/100 || got > mean*103/100 {
			t.Errorf("%s draws %s on average, want %s", text, got, mean)
		}
	}
	for _, text := range []string{"", "x", "-1s", "2s..1s", "exp", "exp x", "pareto 1s", "pareto 1s 1", "1s 2s", "2h"} {
		if d, err := ParseDelay(text); err == nil {
			t.Errorf("%q is read as %q", text, d)
		}
	}
}

// TestRegions: the table is whole, and a wrong one is refused.
func TestRegions(t *testing.T) {
	sum := 0.0
	for _, r := range regions() {
		sum += r.share
	}
	if len(regions()) != 6 || sum < .999 || sum > 1.001 {
		t.Errorf("%d regions with %v of the nodes", len(regions()), sum)
	}
	for text, want := range map[string]string{
		"a":                "want a name, a share and the delays",
		"a x 1":            "share of a",
		"a 1 x":            "want milliseconds",
		"a 1 0":            "want milliseconds",
		"a .5 1 2\nb .5 1": "1 delays of b for 2 regions",
	} {
		if _, err := parseRegions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, is: %v", text, want, err)
		}
	}
}

func FuzzParseDelay(f *testing.F) {
	f.Add("50ms..150ms")
	f.Add("pareto 50ms 2.5")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDelay(text)
		if err != nil {
			return
		}
		if again, err := ParseDelay(d.String()); err != nil || again != d {
			t.Errorf("%q is written %q, which is read as %q: %v", text, d, again, err)
		}
	})
}
