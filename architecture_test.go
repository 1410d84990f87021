package toychain_test

import (
	"go/ast"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// architecture returns the first drawing after a heading of docs/architecture.md, line by line.
func architecture(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+heading)
	_, section, opened := strings.Cut(section, "\n```\n")
	drawing, _, closed := strings.Cut(section, "\n```\n")
	if !found || !opened || !closed {
		t.Fatalf("docs/architecture.md has no drawing under %q", heading)
	}
	return strings.Split(drawing, "\n")
}

var drawnPackage = regexp.MustCompile(`\[([a-z0-9/]+)\]`)

// Every package is in the drawing once, the drawing has no other, and each import of one
// package by another points to a lower line.
func TestArchitectureHasEveryPackage(t *testing.T) {
	line := make(map[string]int)
	for i, text := range architecture(t, "The packages") {
		for _, m := range drawnPackage.FindAllStringSubmatch(text, -1) {
			if line[m[1]] != 0 {
				t.Errorf("%s is in the drawing twice", m[1])
			}
			line[m[1]] = i + 1
		}
	}
	packages := importsOf(t)
	for pkg, imports := range packages {
		if line[pkg] == 0 {
			t.Errorf("docs/architecture.md: the drawing lacks [%s]", pkg)
			continue
		}
		for _, to := range imports {
			if line[to] <= line[pkg] {
				t.Errorf("docs/architecture.md: [%s] imports [%s], which must be drawn below it", pkg, to)
			}
		}
	}
	for pkg := range line {
		if _, ok := packages[pkg]; !ok {
			t.Errorf("docs/architecture.md: there is no package [%s]", pkg)
		}
	}
}

// importsOf returns the packages of this module, by their path below its top, and which of
// them each imports.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	list, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	out := make(map[string][]string)
	for text := range strings.Lines(string(list)) {
		words := strings.Fields(text)
		pkg, ok := strings.CutPrefix(words[0], "toychain/")
		if !ok {
			continue // the top
		}
		out[pkg] = nil
		for _, to := range words[1:] {
			if to, ok := strings.CutPrefix(to, "toychain/"); ok {
				out[pkg] = append(out[pkg], to)
			}
		}
	}
	return out
}

var declared = regexp.MustCompile(`\b((?:[a-z0-9]+/)*[a-z0-9]+)\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)?)`)

// Every function, method and type that the page names exists.
func TestArchitectureNamesWhatExists(t *testing.T) {
	packages := importsOf(t)
	exists := make(map[string]bool)
	eachFile(t, func(file string, f *ast.File) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				exists[path.Dir(file)+"."+nameOf(d)] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						exists[path.Dir(file)+"."+s.Name.Name] = true
					}
				}
			}
		}
	})
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
		if _, ours := packages[m[1]]; !ours {
			continue
		}
		seen++
		if !exists[m[0]] {
			t.Errorf("docs/architecture.md names %s, which does not exist", m[0])
		}
	}
	if seen < 30 {
		t.Errorf("found %d names only", seen)
	}
}

var namedPath = regexp.MustCompile("`([a-z]+/[a-zA-Z0-9_*/.]+\\.[a-z0-9]+)`")

// CONTRIBUTING.md names tests and files that exist.
func TestContributingNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, files := testName.FindAllStringSubmatch(string(text), -1), namedPath.FindAllStringSubmatch(string(text), -1)
	if len(tests) < 10 || len(files) < 10 {
		t.Errorf("found %d tests and %d files only", len(tests), len(files))
	}
	for _, m := range tests {
		dir := m[1]
		if dir == "toychain" {
			dir = "."
		}
		if !hasFunc(t, dir, m[2]) {
			t.Errorf("there is no %s in %s", m[2], dir)
		}
	}
	for _, m := range files {
		if found, err := filepath.Glob(m[1]); err != nil || len(found) == 0 {
			t.Errorf("there is no %s: %v", m[1], err)
		}
	}
}
