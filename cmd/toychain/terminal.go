package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"golang.org/x/term"
)

// colours paints text for one stream, or leaves it alone.
type colours bool

// colours returns the paint for a stream: on a terminal, unless NO_COLOR is set
// (https://no-color.org), or as --color says.
func (a *app) colours(f *os.File) colours {
	switch a.global.colour {
	case "always":
		return true
	case "never":
		return false
	}
	return colours(isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (a *app) checkColour() error {
	switch a.global.colour {
	case "auto", "always", "never":
		return nil
	}
	return usagef("--color %q: want auto, always or never", a.global.colour)
}

func (c colours) paint(code, s string) string {
	if !c || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c colours) bold(s string) string   { return c.paint("1", s) }
func (c colours) faint(s string) string  { return c.paint("2", s) }
func (c colours) red(s string) string    { return c.paint("31", s) }
func (c colours) green(s string) string  { return c.paint("32", s) }
func (c colours) yellow(s string) string { return c.paint("33", s) }

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// width returns how many columns a stream has: if it is no terminal, what COLUMNS says,
// or 80.
func width(f *os.File) int {
	columns, _, err := term.GetSize(int(f.Fd()))
	if err == nil && columns > 0 {
		return columns
	}
	if columns, err = strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns >= 20 && columns <= 10_000 {
		return columns
	}
	return 80
}

// lines returns how many lines a stream has: 0, no end, if it is no terminal.
func lines(f *os.File) int {
	_, n, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// table writes rows of cells, separated by tabs, in columns. Flush it.
func table(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(&trimmer{w: w}, 0, 0, 2, ' ', 0)
}

// trimmer takes the blanks from the ends of lines, which columns leave there.
type trimmer struct {
	w    io.Writer
	line []byte
}

func (t *trimmer) Write(b []byte) (int, error) {
	for part := range bytes.Lines(b) {
		t.line = append(t.line, part...)
		if !bytes.HasSuffix(part, []byte("\n")) {
			break
		}
		_, err := t.w.Write(append(bytes.TrimRight(t.line, " \n"), '\n'))
		if t.line = t.line[:0]; err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// plural writes a count of things: 1 block, 2 blocks.
func plural[T ~int | ~int32](n T, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + one + "s"
}
