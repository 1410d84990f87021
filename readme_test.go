package toychain_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The README's reading list names every package, with the minutes that a careful reader
// needs for its code and comments without the tests: 120 words a minute, rounded to five
// minutes. A row may be a tenth off, so that not every change has to touch it.
func TestReadingList(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d+) \| (\[.*?\)) \| `)
	link := regexp.MustCompile(`\[[^]]+\]\(([^)]+)/\)`)
	listed := make(map[string]bool)
	for _, r := range row.FindAllStringSubmatch(string(readme), -1) {
		words := 0
		for _, l := range link.FindAllStringSubmatch(r[2], -1) {
			listed[l[1]] = true
			words += wordsOf(t, l[1])
		}
		stated, _ := strconv.Atoi(r[1])
		minutes := float64(words) / 120
		if math.Abs(minutes-float64(stated)) > max(5, minutes/10) {
			t.Errorf("README: %s takes %.0f minutes, not %d", r[2], 5*math.Round(minutes/5), stated)
		}
	}
	for dir := range edges {
		if dir != "bench" && dir != "bench/growth" && !listed[dir] {
			t.Errorf("README: the reading list lacks [%s](%s/)", dir, dir)
		}
	}
}

// wordsOf counts the words in the files of a package, without its tests.
func wordsOf(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("README: no package in %s, %v", dir, err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n += len(strings.Fields(string(text)))
	}
	return n
}
