package virtual_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"toychain/internal/longtest"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/virtual"
)

// readImpossible returns the scripts that cannot be played in virtual time, each with the step that it
// ends at.
func readImpossible(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/impossible.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, step, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			out[name] = strings.TrimSpace(step)
		}
	}
	return out
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
	_, err := playIn(t, name, text, virtual.New(seed))
	return err
}

func playIn(t testing.TB, name, text string, w *virtual.World) ([][]string, error) {
	t.Helper()
	s, err := scenario.Parse(name+".txt", text)
	if err != nil {
		t.Fatal(err)
	}
	return scenario.Play(t.Context(), s, w, scenario.Options{})
}

// large are floods of more than can be sent in a short test.
var large = regexp.MustCompile(`(?m)^(flood \S+ \S+ \d\d)\d+`)

// TestScenarios plays every script with several seeds. Each gives the transcript that real processes
// give (real.TestScenarios), or is in the list of those that cannot be played, and in the table of the
// document that says why.
func TestScenarios(t *testing.T) {
	all, impossible := scripts(t), readImpossible(t)
	document, err := os.ReadFile("../../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := all[name]
			if longtest.Pick(1, 0) == 1 {
				text = large.ReplaceAllString(text, "$1")
			}
			for seed := range uint64(3) {
				err := play(t, name, text, seed)
				step := impossible[name]
				if no, is := errors.AsType[virtual.Impossible](err); is && no.What == step {
					row := fmt.Sprintf("| [%s.txt](../testnet/scenarios/%s.txt) | `%s` | %s |\n", name, name, no.What, no.Why)
					if !strings.Contains(string(document), row) {
						t.Errorf("docs/scenarios.md lacks the row\n%s", row)
					}
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
	all, impossible := scripts(b), readImpossible(b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if impossible[name] != "" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				if err := play(b, name, all[name], uint64(i)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
