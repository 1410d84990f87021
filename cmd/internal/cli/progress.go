package cli

import (
	"fmt"
	"os"
	"time"
)

// Progress is a line on a terminal that shows how far long work has come. On anything
// else it is silent.
type Progress struct {
	out   *os.File // nil: silent
	began time.Time
	shown time.Time
}

// Frame is how often the line changes: more often it could not be read.
const Frame = 100 * time.Millisecond

// Progress returns a line on stderr. Clear it before anything else is printed.
func (t *Terminal) Progress() *Progress {
	if !IsTerminal(t.Stderr) || os.Getenv("TERM") == "dumb" {
		return &Progress{}
	}
	return NewProgress(t.Stderr, time.Now())
}

// NewProgress returns a line on out for work that began at the given time.
func NewProgress(out *os.File, began time.Time) *Progress { return &Progress{out: out, began: began} }

// Silent reports whether the line is never shown.
func (p *Progress) Silent() bool { return p.out == nil }

// Rate writes how many things a second were done since the work began.
func (p *Progress) Rate(done int) string {
	return Count(int64(float64(done)/max(time.Since(p.began).Seconds(), 1e-3))) + "/s"
}

// Show replaces the line, unless the last one was shown less than a Frame ago.
func (p *Progress) Show(format string, args ...any) {
	if p.Silent() || time.Since(p.shown) < Frame {
		return
	}
	p.shown = time.Now()
	line := []rune(fmt.Sprintf(format, args...))
	if most := Width(p.out) - 1; len(line) > most {
		line = line[:most]
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", string(line))
}

// Clear removes the line.
func (p *Progress) Clear() {
	if !p.Silent() && !p.shown.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = time.Time{}
	}
}
