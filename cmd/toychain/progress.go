package main

import (
	"fmt"
	"os"
	"time"
)

// progress is a line on a terminal that tells how far long work has come. On
// anything else it is silent.
type progress struct {
	out   *os.File // nil: silent
	began time.Time
	shown time.Time
}

// frame is how often the line changes: more often nobody can read.
const frame = 100 * time.Millisecond

// progress returns a line on stderr. Clear it before anything else is printed.
func (a *app) progress() *progress {
	if !isTerminal(a.stderr) || os.Getenv("TERM") == "dumb" {
		return &progress{}
	}
	return &progress{out: a.stderr, began: time.Now()}
}

// rate writes how many things a second it has been since the line began.
func (p *progress) rate(done int) string {
	return count(int64(float64(done)/max(time.Since(p.began).Seconds(), 1e-3))) + "/s"
}

// show replaces the line, unless the last one is too young.
func (p *progress) show(format string, args ...any) {
	if p.out == nil || time.Since(p.shown) < frame {
		return
	}
	p.shown = time.Now()
	line := []rune(fmt.Sprintf(format, args...))
	if most := width(p.out) - 1; len(line) > most {
		line = line[:most]
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", string(line))
}

// clear takes the line away.
func (p *progress) clear() {
	if p.out != nil && !p.shown.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = time.Time{}
	}
}
