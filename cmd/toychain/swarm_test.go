package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"toychain/internal/longtest"
)

// TestSwarmOfABug: a program with a planted bug (on equal work the last seen block wins) is found
// out: the seed is printed, the actions are the fewest, and the recording of them can be replayed by
// the program without the bug, up to the violation.
func TestSwarmOfABug(t *testing.T) {
	longtest.Only(t)
	dir := t.TempDir()
	file, err := filepath.Abs("../../chain/tree.go")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	planted := strings.Replace(string(source), "return n.seq < m.seq", "return n.seq > m.seq", 1)
	if planted == string(source) {
		t.Fatal("the bug needs another edit")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: filepath.Join(dir, "tree.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"tree.go": planted, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bad, trace := filepath.Join(dir, "toychain"), filepath.Join(dir, "trace.jsonl")
	run := func(code int, program string, args ...string) (stdout, stderr string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		var talk strings.Builder
		cmd.Stderr = &talk
		out, err := cmd.Output()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
			t.Fatalf("%s: %v, want code %d\n%s%s", strings.Join(cmd.Args, " "), err, code, out, talk.String())
		}
		return string(out), talk.String()
	}
	run(0, "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bad, ".")
	out, talk := run(5, bad, "sim", "swarm", "--seeds", "20")
	if !regexp.MustCompile(`(?m)^violation +seed \d+: S3 violated at .*by n\d: it left its tip`).MatchString(out) || !strings.Contains(out, "\nshrunk ") {
		t.Errorf("printed\n%s", out)
	}
	again := regexp.MustCompile(`see it: toychain (sim swarm --replay \d+ --shrink)`).FindStringSubmatch(talk)
	if again == nil {
		t.Fatalf("no command to see it: %s", talk)
	}
	recorded, _ := run(5, bad, strings.Fields(again[1])...)
	if err := os.WriteFile(trace, []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	played, _ := run(0, "toychain", "testnet", "replay", "--trace", trace)
	lines := strings.Split(strings.TrimSpace(played), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, " violates S3: it left its tip ") {
		t.Errorf("the replay ends with %q", last)
	}
	run(0, "toychain", "explorer", "--trace", trace, "--export", filepath.Join(dir, "site"))
}
