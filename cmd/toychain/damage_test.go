package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"

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
