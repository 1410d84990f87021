package cli

import (
	"encoding/json"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"golang.org/x/term"
)

// Terminal is the streams of one run of the program.
type Terminal struct {
	Stdin          *os.File
	Stdout, Stderr *Output

	Colour string  // --color: auto, always or never
	Topics []Topic // of help
}

// Colours paints text for one stream, or leaves it alone.
type Colours bool

// Colours returns the paint for a stream: on a terminal, unless NO_COLOR is set
// (https://no-color.org), or as --color says.
func (t *Terminal) Colours(f stream) Colours {
	switch t.Colour {
	case "always":
		return true
	case "never":
		return false
	}
	return Colours(IsTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// CheckColour rejects a --color that is not defined.
func (t *Terminal) CheckColour() error {
	switch t.Colour {
	case "auto", "always", "never":
		return nil
	}
	return Usagef("--color %q: want auto, always or never", t.Colour)
}

func (c Colours) paint(code, s string) string {
	if !c || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c Colours) Bold(s string) string   { return c.paint("1", s) }
func (c Colours) Faint(s string) string  { return c.paint("2", s) }
func (c Colours) Red(s string) string    { return c.paint("31", s) }
func (c Colours) Green(s string) string  { return c.paint("32", s) }
func (c Colours) Yellow(s string) string { return c.paint("33", s) }

// stream is an open file: an *os.File or an *Output.
type stream interface{ Fd() uintptr }

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(f stream) bool { return term.IsTerminal(int(f.Fd())) }

// Width returns how many columns a stream has. If it is not a terminal, that is what
// COLUMNS says, or 80.
func Width(f stream) int {
	if columns, _, _ := term.GetSize(int(f.Fd())); columns > 0 {
		return columns
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns >= 20 && columns <= 10_000 {
		return columns
	}
	return 80
}

// Lines returns how many lines a stream has: 0, without end, if it is not a terminal.
func Lines(f stream) int {
	_, n, _ := term.GetSize(int(f.Fd())) // 0 with an error
	return n
}

// PrintJSON prints v as the command's result.
func (t *Terminal) PrintJSON(v any) error { return t.encode(v, "  ") }

// PrintJSONLine prints v as one line of the command's result.
func (t *Terminal) PrintJSONLine(v any) error { return t.encode(v, "") }

func (t *Terminal) encode(v any, indent string) error {
	enc := json.NewEncoder(exact{t.Stdout})
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// Table writes rows of cells, separated by tabs, in columns. Flush it.
func Table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }
