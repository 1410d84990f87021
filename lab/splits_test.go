package lab

import (
	"context"
	"math"
	"testing"
	"time"
)

// TestSplitsMeetTheory: partitions, waits, eclipses, feather forks and soft forks, at the figures that
// were published or derived.
func TestSplitsMeetTheory(t *testing.T) {
	minutes := 10 * time.Minute
	for _, c := range []struct {
		name   string
		run    func(ctx context.Context, w Watch) (Result, error)
		theory float64
		within float64
	}{
		{"partition, .4 of 20", of(PartitionConfig{Share: .4, Blocks: 20, Races: 100_000, Seed: 1}.Run), .156, .0005},
		{"partition, .3 of 6", of(PartitionConfig{Share: .3, Blocks: 6, Races: 100_000, Seed: 2}.Run), .111, .0005},
		{"partition, halves", of(PartitionConfig{Share: .5, Blocks: 9, Races: 100_000, Seed: 3}.Run), (1 - .13) / 2, .01},
		{"work", of(PartitionConfig{Share: .45, Blocks: 300, Window: 30, Races: 2000, Seed: 1}.Work), .45, 0},
		{"confirmations", of(ConfirmationsConfig{.1, 6, minutes, 100_000, 1}.Run), 3600, 0},
		{"eclipse", of(EclipseConfig{.3, 6, 8, .5, minutes, 100_000, 1}.Run), .88215, .0001},
		{"feather", of(FeatherConfig{.2, 2, 100_000, 1}.Run), .04 / .84, 1e-9},
		{"feather, patient", of(FeatherConfig{.3, 6, 100_000, 1}.Run), .1815, .0001},
		{"soft fork of August 2026", of(SoftforkConfig{.00245, 3265, minutes, 5000, 1}.Run), .999994, .00001},
		{"soft fork with .4", of(SoftforkConfig{.4, 2000, minutes, 20_000, 1}.Run), 1 - 4./9, .0001},
		{"soft fork with .6", of(SoftforkConfig{.6, 2000, minutes, 20_000, 1}.Run), 0, .0001},
	} {
		r, err := c.run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", c.name, r)
		if j := r.Judged(); math.Abs(j.Theory-c.theory) > c.within || j.Verdict != Agrees {
			t.Errorf("%s: %+v, want a theory of %v", c.name, j, c.theory)
		}
	}
}

// of returns a run of any experiment.
func of[R Result](run func(ctx context.Context, w Watch) (R, error)) func(ctx context.Context, w Watch) (Result, error) {
	return func(ctx context.Context, w Watch) (Result, error) { return run(ctx, w) }
}

// TestShorterChainWins: with a change of the difficulty on both sides of a partition, a chain with
// fewer blocks and more work wins, and the events of that partition say so.
func TestShorterChainWins(t *testing.T) {
	events := NewEvents(1)
	r, err := PartitionConfig{Share: .45, Blocks: 300, Window: 30, Races: 100, Seed: 1}.Work(t.Context(), Watch{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Shorter
	if s == nil || s.Blocks >= s.LoserBlocks || s.Work <= s.LoserWork {
		t.Fatalf("%+v", s)
	}
	found, tip := map[string]int{}, ""
	for _, e := range events.List {
		switch e.Kind {
		case Found:
			found[e.Block[:1]]++
		case Tip:
			tip = e.Block[:1]
		}
	}
	if found[tip] != s.Blocks || found["w"]+found["s"] != s.Blocks+s.LoserBlocks {
		t.Errorf("%v blocks, ends at %s: want %+v", found, tip, s)
	}
	if r, err = (PartitionConfig{Share: .3, Blocks: 20, Window: 30, Races: 10, Seed: 1}).Work(t.Context(), Watch{}); err != nil || r.Shorter != nil {
		t.Errorf("without a change of the difficulty: %+v, %v", r.Shorter, err)
	}
}

// TestStudent: the quantiles for few values are those of Student's distribution, from tables.
func TestStudent(t *testing.T) {
	for n, want := range map[int]float64{6: 6.869, 11: 4.587, 31: 3.646, 121: 3.373, 1_000_001: 3.2905} {
		if got := student(n); math.Abs(got/want-1) > .03 {
			t.Errorf("%d values: %.4f, want %.4f", n, got, want)
		}
	}
}
