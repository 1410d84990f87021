package replay

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"toychain/testnet/draw"
)

// Player shows a run event by event.
type Player struct {
	Out    io.Writer
	Pause  func(ctx context.Context, d time.Duration) error // called before each event, d after the last one; nil: no pauses
	Speed  float64                                          // how many times faster than it happened; 0: as it happened
	Clear  func() error                                     // clears the terminal for a picture after each event; nil: write a line for each
	Each   bool                                             // draw after every event, also if the next one follows at once
	Height int                                              // lines of the terminal; 0: unlimited
	Style  draw.Style
}

// Play shows all events. The error is the writer's or Pause's.
func (p *Player) Play(ctx context.Context, r *Run) error {
	s := r.Begin()
	var shown time.Duration // in the run's time
	for i := range r.Events {
		e := &r.Events[i]
		wait := p.scaled(max(e.At()-shown, 0))
		if p.Pause != nil {
			if err := p.Pause(ctx, wait); err != nil {
				return err
			}
		}
		shown = max(shown, e.At())
		s.Next()
		soon := i+1 < len(r.Events) && p.scaled(r.Events[i+1].At()-e.At()) < 50*time.Millisecond
		switch {
		case p.Clear == nil:
			if _, err := fmt.Fprintf(p.Out, "%4d  %s\n", e.N, lineOf(e)); err != nil {
				return err
			}
		case p.Each || !soon:
			if err := p.draw(ctx, s, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Player) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / cmp.Or(p.Speed, 1))
}

// draw replaces the last picture. Of one that is too high the end is shown, where blocks are
// added.
func (p *Player) draw(ctx context.Context, s *Stage, e *Event) error {
	var out bytes.Buffer
	if err := s.Draw(ctx, &out, p.Style); err != nil {
		return err
	}
	lines := bytes.SplitAfter(out.Bytes(), []byte("\n"))
	const caption = 2
	if most := p.Height - 1; p.Height > 0 && len(lines) > most && most > caption {
		lines = append(lines[:caption:caption], lines[len(lines)-most+caption:]...)
	}
	if err := p.Clear(); err != nil {
		return err
	}
	_, err := p.Out.Write(bytes.Join(lines, nil))
	return err
}

// Draw writes the last event, the partition, and the tree after it.
func (s *Stage) Draw(ctx context.Context, w io.Writer, style draw.Style) error {
	caption := "before the first event"
	if s.played > 0 {
		caption = fmt.Sprintf("event %d of %d  %s", s.played, len(s.run.Events), lineOf(&s.run.Events[s.played-1]))
	}
	caption += "\n"
	if len(s.groups) > 0 {
		caption += "cut: " + strings.Join(s.groups, " | ")
	}
	if _, err := fmt.Fprintln(w, caption); err != nil {
		return err
	}
	return draw.Write(ctx, w, s.Tree(), style)
}

// lineOf returns an event as text: seconds, node, event.
func lineOf(e *Event) string {
	return fmt.Sprintf("%+9.3fs  %-3s  %s", e.At().Seconds(), cmp.Or(e.Node, "--"), e)
}

// Until returns how many events happened within this time from the first one.
func (r *Run) Until(d time.Duration) int {
	return sort.Search(len(r.Events), func(i int) bool { return r.Events[i].At() > d })
}
