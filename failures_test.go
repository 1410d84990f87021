package toychain_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// failures lists what goes wrong in distributed systems, in the order of docs/failures.md.
var failures = []string{
	"crash", "crash loop", "data corruption", "server down", "query of death", "broken dependency", "data loss",
	"time travel", "being owned", "natural disaster", "cut cable, parts of the network without each other",
	"firewalls: one way only", "operator error", "runaway automation", "certificates or keys gone",
	"non-linear response, cliffs", "denial of service", "cascading failure", "heisenbug", "memory leak",
	"hash collision", "incorrect algorithm", "customer-reported failure", "infrastructure failure, unpaid bills",
	"police raid", "a very important person", "builds that are not hermetic",
}

var (
	scriptLink = regexp.MustCompile(`\[(\w+\.txt)\]\(\.\./testnet/scenarios/(\w+\.txt)\)`)
	testName   = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz|Benchmark)\\w+)`")
	noteLink   = regexp.MustCompile(`\(\[(\d)\]\)|in \[(\d)\]`)
)

// docs/failures.md has a row for every failure, whose scripts and tests exist, and every script
// is in a row.
func TestEveryFailureHasItsRow(t *testing.T) {
	text, err := os.ReadFile("docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown, names []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if n, err := strconv.Atoi(strings.TrimSpace(cells[0])); err != nil || n != len(names)+1 {
			continue
		}
		if len(cells) != 7 || slices.Contains(cells, "") {
			t.Fatalf("a row of %d cells, want 7 with words in each: %s", len(cells), line)
		}
		names = append(names, cells[1])
		scripts := rowScripts(t, cells[1], cells[2])
		if want := worldsOf(t, scripts); cells[3] != want {
			t.Errorf("%s: its scripts are shown in the world %q, not %q", cells[1], want, cells[3])
		}
		shown = append(shown, scripts...)
		rowTests(t, cells[1], cells[6])
		for _, note := range noteLink.FindAllStringSubmatch(line, -1) {
			if mark := "\n[" + note[1] + note[2] + "]: "; !strings.Contains(string(text), mark) {
				t.Errorf("%s: no source %q", cells[1], mark)
			}
		}
	}
	if !slices.Equal(names, failures) {
		t.Errorf("the rows are %q, want %q", names, failures)
	}
	all, err := filepath.Glob("testnet/scenarios/*.txt")
	if err != nil || len(all) == 0 {
		t.Fatalf("scripts: %v, %v", all, err)
	}
	for _, script := range all {
		if !slices.Contains(shown, filepath.Base(script)) {
			t.Errorf("%s is in no row of docs/failures.md: add it to the failure that it shows", script)
		}
	}
}

// worldsOf returns in which world scripts are shown: "real", "both", which of them in both, or "none".
func worldsOf(t *testing.T, scripts []string) string {
	t.Helper()
	impossible, err := os.ReadFile("testnet/scenario/virtual/testdata/impossible.txt")
	if err != nil {
		t.Fatal(err)
	}
	var both []string
	for _, s := range scripts {
		if !strings.Contains(string(impossible), "\n"+strings.TrimSuffix(s, ".txt")+" ") {
			both = append(both, s)
		}
	}
	switch {
	case len(scripts) == 0:
		return "none"
	case len(both) == len(scripts):
		return "both"
	case len(both) == 0:
		return "real"
	}
	return "real; both: " + strings.Join(both, " ")
}

// rowScripts returns the scripts that a cell names; a cell without any must say why.
func rowScripts(t *testing.T, failure, cell string) (out []string) {
	t.Helper()
	for _, m := range scriptLink.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
		if m[1] != m[2] {
			t.Errorf("%s: %s leads to %s", failure, m[1], m[2])
		}
		if _, err := os.Stat(filepath.Join("testnet/scenarios", m[1])); err != nil {
			t.Errorf("%s: %v", failure, err)
		}
	}
	if why, none := strings.CutPrefix(cell, "none: "); len(out) == 0 && (!none || why == "") {
		t.Errorf("%s: neither a script nor why there is none: %s", failure, cell)
	}
	return out
}

// rowTests checks that the tests which a cell names exist, and that there is one.
func rowTests(t *testing.T, failure, cell string) {
	t.Helper()
	all := testName.FindAllStringSubmatch(cell, -1)
	if len(all) == 0 || strings.Count(cell, "`") != 2*len(all) {
		t.Errorf("%s: want tests like `store.TestReindexAfterDamage`: %s", failure, cell)
	}
	for _, m := range all {
		dir, name := m[1], m[2]
		if dir == "toychain" {
			dir = "."
		}
		if !hasFunc(t, dir, name) {
			t.Errorf("%s: there is no %s in %s", failure, name, path.Clean(dir))
		}
	}
}

// hasFunc reports whether a package's tests have a function of this name.
func hasFunc(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
