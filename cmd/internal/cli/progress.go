package cli

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Progress is a line on a terminal that shows how far long work has come. On anything
// else it is silent.
type Progress struct {
	out   *Output // nil: silent
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
func NewProgress(out *Output, began time.Time) *Progress { return &Progress{out: out, began: began} }

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
	p.out.control("\r" + harmless(string(line)) + "\x1b[K")
}

// Clear removes the line.
func (p *Progress) Clear() {
	if !p.Silent() && !p.shown.IsZero() {
		p.out.control("\r\x1b[K")
		p.shown = time.Time{}
	}
}

// During runs work, and calls show again and again until it has ended. If ctx ends first,
// it returns in the middle of the work.
func During(ctx context.Context, show func(), work func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- work() }()
	tick := time.NewTicker(Frame)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			show()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Until calls look every so often until it returns true or an error, or ctx ends.
func Until(ctx context.Context, every time.Duration, look func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if seen, err := look(); seen || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
