package plot

import (
	"bytes"
	"fmt"
	"html"
	"slices"

	"toychain/lab"
)

// maxDrawn is how many events a diagram shows.
const maxDrawn = 60

// The measures of a diagram, in pixels.
const (
	column = 210
	line   = 22
	margin = 60
)

// moment is an end of an event: when it happened, or when its message arrived.
type moment struct {
	at      float64
	event   int
	arrives bool
}

// Diagram returns a message diagram as SVG: each party is a line, time runs downwards, messages are
// arrows, and blocks that were found are dots. It shows the first events; the distances between
// moments are equal, whatever time passed.
func Diagram(events []lab.Event) []byte {
	all := len(events)
	events = events[:min(all, maxDrawn)]
	parties, rows := layout(events)
	wide, high := margin*2+column*max(len(parties), 1), margin*2+line*(len(rows)+1)
	x := func(party string) int { return margin + column/2 + column*slices.Index(parties, party) }
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">
<title>The first %d of %d events</title>
<defs><marker id="arrow" markerWidth="9" markerHeight="7" refX="9" refY="3.5" orient="auto"><path d="M0 0L9 3.5L0 7z" fill="#1b5e9b"/></marker></defs>
<rect width="100%%" height="100%%" fill="white"/>
`, wide, high, len(events), all)
	for _, p := range parties {
		fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="middle" font-weight="bold">%s</text>`+"\n", x(p), margin-20, html.EscapeString(p))
		fmt.Fprintf(&out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#999"/>`+"\n", x(p), margin-12, x(p), high-margin/2)
	}
	for i, e := range events {
		y := rows[moment{e.At, i, false}]
		switch e.Kind {
		case lab.Sent:
			to := rows[moment{e.Until, i, true}]
			fmt.Fprintf(&out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#1b5e9b" marker-end="url(#arrow)"/>`+"\n", x(e.From), y, x(e.To), to)
			fmt.Fprintf(&out, `<text x="%d" y="%d" fill="#1b5e9b" text-anchor="middle">%s</text>`+"\n", (x(e.From)*2+x(e.To))/3, (y*2+to)/3-3, html.EscapeString(e.Block))
		default:
			what := e.Block + " on " + e.Parent
			if e.Kind == lab.Tip {
				what = "ends at " + e.Block
			}
			fmt.Fprintf(&out, `<circle cx="%d" cy="%d" r="4" fill="#d95f02"/><text x="%d" y="%d">%s</text>`+"\n", x(e.From), y, x(e.From)+8, y+4, html.EscapeString(what))
			fmt.Fprintf(&out, `<text x="4" y="%d" fill="#777">%.4g</text>`+"\n", y+4, e.At)
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// layout returns the parties in the order in which they appear, and the height of each moment.
func layout(events []lab.Event) (parties []string, rows map[moment]int) {
	var moments []moment
	for i, e := range events {
		for _, p := range []string{e.From, e.To} {
			if p != "" && !slices.Contains(parties, p) {
				parties = append(parties, p)
			}
		}
		moments = append(moments, moment{e.At, i, false})
		if e.Kind == lab.Sent {
			moments = append(moments, moment{e.Until, i, true})
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return a.event - b.event
	})
	rows = make(map[moment]int, len(moments))
	for k, m := range moments {
		rows[m] = margin + line*k
	}
	return parties, rows
}
