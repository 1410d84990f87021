package testnet

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// LogLine is a line of a node's output.
type LogLine struct {
	Node string    `json:"node"`
	Time time.Time `json:"time"` // of the line, or of the last one before it that has a time, or else of the first after it
	Text string    `json:"text"`
}

// Logs reads the output of several nodes.
type Logs struct {
	net   *Testnet
	names []string
	read  map[string]int64 // offset, by name
	last  map[string]time.Time
}

// Logs returns what reads the output of these nodes from the start; nil: of all, also of those that
// are added later.
func (t *Testnet) Logs(names []string) (*Logs, error) {
	return &Logs{net: t, names: names, read: map[string]int64{}, last: map[string]time.Time{}}, t.theirs("logs", "")
}

// Next returns the whole lines since the last call, in the order of time.
func (l *Logs) Next() (out []LogLine, err error) {
	for _, n := range l.net.state.Nodes {
		if l.names != nil && !slices.Contains(l.names, n.Name) {
			continue
		}
		text, err := l.more(n)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) { // what comes before the first time goes with it
			at, ok := timeOf(string(line))
			if ok && l.last[n.Name].IsZero() {
				l.last[n.Name] = at
			}
		}
		for line := range bytes.Lines(text) {
			text := strings.TrimRight(string(line), "\r\n")
			if at, ok := timeOf(text); ok {
				l.last[n.Name] = at
			}
			out = append(out, LogLine{n.Name, l.last[n.Name], text})
		}
	}
	slices.SortStableFunc(out, func(a, b LogLine) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// more returns the whole lines of a node's log that have not been read. A log that became shorter is
// another one, and read from its start.
func (l *Logs) more(n Node) ([]byte, error) {
	f, err := os.Open(n.Log)
	if errors.Is(err, fs.ErrNotExist) {
		l.read[n.Name] = 0
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < l.read[n.Name] {
		l.read[n.Name] = 0
	}
	if _, err := f.Seek(l.read[n.Name], io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	l.read[n.Name] += int64(len(text))
	return text, err
}

// timeOf returns the time of a line, if it begins with one as package log/slog writes it.
func timeOf(line string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(line, "time=")
	if !ok {
		return time.Time{}, false
	}
	word, _, _ := strings.Cut(rest, " ")
	at, err := time.Parse(time.RFC3339Nano, word)
	return at, err == nil
}
