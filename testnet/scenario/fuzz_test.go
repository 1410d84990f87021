package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Any text is parsed, or the error names the line at which it is not.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../scenarios/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no scenario to begin with: %v", err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(string(text))
		}
	}
	for _, line := range examples {
		f.Add("nodes 4\n" + line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzzed", text)
		if err != nil {
			var m *Mistake
			if !errors.As(err, &m) || m.Line < 1 || m.Line > len(text)+1 {
				t.Fatalf("an error without a line: %v", err)
			}
			return
		}
		if s.Nodes == 0 || len(s.Steps) == 0 {
			t.Fatalf("%q: %d nodes, %d steps, and no error", text, s.Nodes, len(s.Steps))
		}
	})
}
