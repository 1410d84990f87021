package lab

import (
	"errors"
	"math"
	"testing"
)

// TestRevenues: the theory gives the published figures, and the runs agree.
func TestRevenues(t *testing.T) {
	for _, c := range []struct {
		attacker, gamma float64
		strategy        Strategy
		want, within    float64
	}{
		{1. / 3, 0, SM1, 1. / 3, .0001},
		{.25, .5, SM1, .25, .0001},
		{.4, .5, SM1, .5256, .0001},
		{.1, 0, SM1, .0356, .0001},
		{.4, .5, LeadStubborn, .5471, .0001},
		{.4, .5, EqualForkStubborn, .5657, .0001},
		{.4, .5, Optimal, .5725, .0001},
		{.35, 0, Optimal, .37077, .00001},
		{.45, 0, Optimal, .6684, .0001}, // published: at least .6667
		{.4, 1, Optimal, .4 / .6, .0001},
	} {
		cfg := SelfishConfig{c.attacker, c.gamma, c.strategy, 500_000, 7}
		r, err := cfg.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v: %+v", cfg, r)
		if math.Abs(r.Theory-c.want) > c.within {
			t.Errorf("%+v: the theory gives %.5f, want %.5f", cfg, r.Theory, c.want)
		}
		if r.Verdict != Agrees || r.High-r.Low > .03 || r.Pays != (c.want > c.attacker+.0002) {
			t.Errorf("%+v: %+v", cfg, *r)
		}
	}
}

// TestNothingIsGainedBeforeTheDifficultyFalls: and the break-even comes where it was computed.
func TestNothingIsGainedBeforeTheDifficultyFalls(t *testing.T) {
	for _, c := range []struct {
		strategy           Strategy
		even, first, share float64
	}{{SM1, 1.75, 1 / .705, .4}, {EqualForkStubborn, 2.276, 1 / .6, .4}} {
		cfg := BreakEvenConfig{SelfishConfig{c.share, .5, c.strategy, 3_000_000, 1}, 2016}
		r, err := cfg.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v %+v %+v %+v %+v", r.BreakEven, r.Judgment, r.Before, r.After, r.FirstFall)
		if math.Abs(r.Theory-c.even) > .01 || math.Abs(r.FirstFall.Theory-c.first) > .002 || r.Verdict != Agrees {
			t.Errorf("%+v", *r)
		}
		if r.Before.High > c.share || r.After.Low < c.share {
			t.Errorf("before %+v, after %+v: want less than the share, then more", r.Before, r.After)
		}
	}
	free, err := BreakEvenConfig{SelfishConfig{.4, 1, SM1, 20_000, 1}, 100}.Run(t.Context(), Watch{})
	if err != nil || free.alone().Verdict != Undecided {
		t.Errorf("an attacker that loses no tie, and so nothing before the difficulty falls: %+v, %v", free, err)
	}
	late, err := SelfishConfig{.499, .5, SM1, 200_000, 1}.Run(t.Context(), Watch{})
	if err != nil || late.Verdict != Undecided {
		t.Errorf("leads as long as the run: %+v, %v", late, err)
	}
	_, err = BreakEvenConfig{SelfishConfig{.2, 0, SM1, 5_000_000, 1}, 2016}.Run(t.Context(), Watch{})
	if _, never := errors.AsType[*NeverPaysError](err); !never {
		t.Errorf("a strategy that never pays: %v", err)
	}
}
