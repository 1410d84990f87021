package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// flip is "flip PATTERN HEX": in the file of this name that holds these bytes, changes
// a bit in the middle of them.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	bytesOf, err := hex.DecodeString(args[1])
	ts.Check(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		ts.Check(err)
		if at := bytes.Index(b, bytesOf); at >= 0 {
			b[at+len(bytesOf)/2] ^= 4
			ts.Check(os.WriteFile(f, b, 0o600))
			return
		}
	}
	ts.Fatalf("those bytes are in none of %q", files)
}

// TestProgress: what people see while something takes long.
func TestProgress(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "terminal")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line := &progress{out: f, began: time.Now().Add(-time.Hour)}
	in := &importing{line: line, added: 7_203_000, known: 100} // a rate of 2,000 for 1.5 s from now
	in.show(portion{read: 250_000, total: 1_000_000})
	line.clear()
	in.show(portion{})
	line.clear()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(bytes.ReplaceAll(text, []byte("\r\x1b[K"), nil)), "\r")
	if want := []string{"", "7,203,100 blocks  2,000/s  25 % of 1.0 MB\x1b[K", "7,203,100 blocks  2,000/s\x1b[K"}; strings.Join(lines, "|") != strings.Join(want, "|") {
		t.Errorf("shown %q, want %q", lines, want)
	}
}
