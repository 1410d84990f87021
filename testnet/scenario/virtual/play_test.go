package virtual_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"toychain/testnet/scenario"
	"toychain/testnet/scenario/virtual"
)

// impossible lists the scripts that cannot be played in virtual time, each with the step that it ends
// at.
var impossible = map[string]string{
	"bulk":         "expect rogues",
	"corruption":   "corrupt",
	"flood":        "flood half-open",
	"hearsay":      "lie addresses",
	"keys":         "lose peers",
	"queryofdeath": "flood calls",
	"raid":         "seize",
	"slots":        "crowd",
}

// scripts returns the scripts by name.
func scripts(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	out := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".txt")] = string(text)
	}
	return out
}

// play plays a script, whose expected output is that of real processes.
func play(t testing.TB, name, text string, seed uint64) error {
	t.Helper()
	s, err := scenario.Parse(name+".txt", text)
	if err != nil {
		t.Fatal(err)
	}
	_, err = scenario.Play(t.Context(), s, virtual.New(seed), scenario.Options{})
	return err
}

// TestScenarios plays every script with several seeds. Each gives the transcript that real processes
// give (real.TestScenarios), or is in the list of those that cannot be played.
func TestScenarios(t *testing.T) {
	all := scripts(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				err := play(t, name, all[name], seed)
				step := impossible[name]
				if no, is := errors.AsType[virtual.Impossible](err); is && no.What == step {
					t.Logf("%s: %s", no.What, no.Why)
					return
				}
				if err != nil || step != "" {
					t.Fatalf("seed %d: %v, want impossible: %q", seed, err, step)
				}
			}
		})
	}
	for name := range impossible {
		if all[name] == "" {
			t.Errorf("there is no script %s", name)
		}
	}
}

// BenchmarkScenarios plays each script that can be played.
func BenchmarkScenarios(b *testing.B) {
	all := scripts(b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if impossible[name] != "" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				if err := play(b, fmt.Sprint(name), all[name], uint64(i)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
