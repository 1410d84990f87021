package cli

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Output is stdout or stderr. It remembers the first write that failed, so that a command
// whose output was lost does not end as if all were well. On a terminal it removes control
// characters: much of what is printed comes from peers and nodes, and a sequence that moves
// the cursor or sets the clipboard is not theirs to send. Colours stay.
type Output struct {
	ASCII bool // write the signs of ours as plain characters

	file   *os.File
	screen bool // it is a terminal

	mu  sync.Mutex
	err error
}

// NewOutput returns the output that writes to a file.
func NewOutput(f *os.File) *Output {
	return &Output{ASCII: !hasUTF8(os.Getenv), file: f, screen: IsTerminal(f)}
}

// hasUTF8 reports whether the locale has UTF-8, which is also taken for granted if none is
// set: many containers and services set none.
func hasUTF8(env func(string) string) bool {
	locale := cmp.Or(env("LC_ALL"), env("LC_CTYPE"), env("LANG"), "UTF-8")
	return strings.Contains(strings.ReplaceAll(strings.ToUpper(locale), "-", ""), "UTF8")
}

// plain replaces the signs that texts of ours contain. Trees are drawn with others at once.
var plain = strings.NewReplacer("→", "->", "↔", "<->", "✗", "x", "…", "..", "“", `"`, "”", `"`, " · ", ", ")

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	if o.ASCII {
		_, err := exact{o}.Write([]byte(plain.Replace(string(p))))
		return len(p), err
	}
	return exact{o}.Write(p)
}

// exact is an Output for programs, where no sign is replaced.
type exact struct{ *Output }

func (o exact) Write(p []byte) (int, error) {
	text := string(p)
	if o.screen {
		text = harmless(text)
	}
	return len(p), o.control(text)
}

// control writes text as it is: for sequences of our own.
func (o *Output) control(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.file.WriteString(text)
	o.err = cmp.Or(o.err, err)
	return err
}

// Clear empties the terminal.
func (o *Output) Clear() error { return o.control("\x1b[H\x1b[2J") }

// Err returns the error of the first write that failed.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Fd returns the file descriptor.
func (o *Output) Fd() uintptr { return o.file.Fd() }

// Discards reports whether what is written goes nowhere: to the null device, which also
// takes the place of a stream that was closed when the program started.
func (o *Output) Discards() bool {
	null, err := os.Stat(os.DevNull)
	out, err2 := o.file.Stat()
	return errors.Join(err, err2) == nil && out.Mode()&fs.ModeCharDevice != 0 && os.SameFile(null, out)
}

// ScreenOutput returns an output that takes a file for a terminal, for tests.
func ScreenOutput(f *os.File) *Output { return &Output{file: f, screen: true} }

// colour matches what we paint with, and no colour that hides a text.
var colour = regexp.MustCompile(`^\x1b\[([0-2]|22|3[1-6]|9[1-3])(;1)?m`)

// harmless removes control characters, and those that reverse the direction of writing, but
// for line breaks, tabs and colours.
func harmless(s string) string {
	bad := func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	}
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	var out strings.Builder
	for i, r := range s {
		if paint := colour.FindString(s[i:]); r == '\x1b' && paint != "" {
			out.WriteByte('\x1b') // the rest of it are plain characters
		} else if !bad(r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}
