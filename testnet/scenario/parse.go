package scenario

import (
	"fmt"
	"slices"
	"strings"

	"toychain/consensus"
	"toychain/internal/nearest"
)

// Script is a text that was parsed.
type Script struct {
	Name  string // of the file, for errors
	Nodes int    // of its "nodes" step
	Steps []Step

	params *consensus.Params // of its "network" step; nil: toy
	lines  []string
}

// Step is one line of a script.
type Step struct {
	Line   int      // from 1
	Text   string   // of the line, without its comment
	Before []string // the comments and blanks before it, and its own line
	Want   []string // the lines under its ----
	Open   bool     // there is no ----: its output is not compared

	verb *verb
	play action
	end  int // index of the line after its last one
}

// Mistake is why a script cannot be parsed.
type Mistake struct {
	File string
	Line int
	Text string
}

func (m *Mistake) Error() string { return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text) }

// divider begins the expected output of a step; a blank line ends it.
const divider = "----"

// Parse reads a script, whose lines may end like those of Windows. Its error is a *Mistake.
func Parse(name, text string) (*Script, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	s := &Script{Name: name, lines: strings.Split(strings.TrimRight(text, "\n"), "\n")}
	wrong := func(i int, format string, args ...any) error {
		return &Mistake{File: name, Line: i + 1, Text: fmt.Sprintf(format, args...)}
	}
	since := 0
	for i := 0; i < len(s.lines); i++ {
		line := uncomment(s.lines[i])
		if line == "" {
			continue
		}
		if line == divider {
			return nil, wrong(i, "%s is not under a step with output", divider)
		}
		step, err := s.step(line)
		if err != nil {
			return nil, wrong(i, "%s", err)
		}
		step.Line, step.Open, step.end = i+1, true, i+1
		step.Before = s.lines[since : i+1]
		if i+1 < len(s.lines) && strings.TrimSpace(s.lines[i+1]) == divider {
			if !step.verb.shows {
				return nil, wrong(i+1, "%s has no output: remove the lines under %s", step.verb.name, divider)
			}
			step.Open = false
			for i += 2; i < len(s.lines) && strings.TrimSpace(s.lines[i]) != ""; i++ {
				step.Want = append(step.Want, strings.TrimRight(s.lines[i], " \t"))
			}
			step.end = i
		}
		since = step.end
		s.Steps = append(s.Steps, step)
	}
	if s.Nodes == 0 {
		return nil, wrong(0, `there is no step: a script begins with "nodes 4"`)
	}
	return s, nil
}

// uncomment removes a comment: a # that begins a word, and what follows.
func uncomment(line string) string {
	for i, r := range line {
		if r == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line)
}

// step parses one line.
func (s *Script) step(line string) (Step, error) {
	v, rest, err := find(command(strings.Fields(line)))
	if err != nil {
		return Step{}, err
	}
	if v.name == "network" && s.Nodes > 0 {
		return Step{}, fmt.Errorf(`network: comes before "nodes N"`)
	}
	if (v.name == "nodes") != (s.Nodes == 0) && v.name != "network" {
		return Step{}, fmt.Errorf(`%s: "nodes N" comes once, before all other steps`, v.name)
	}
	w := &words{rest: rest, script: s}
	play := v.parse(w)
	if w.err == nil && len(w.rest) > 0 {
		w.fail("%q is too much", strings.Join(w.rest, " "))
	}
	if w.err != nil {
		return Step{}, fmt.Errorf("%s: %w; it is: %s", v.name, w.err, v.usage())
	}
	return Step{Text: line, verb: v, play: play}, nil
}

// command returns the words of a step that is written as on the command line.
func command(words []string) []string {
	for _, first := range []string{"$", "toychain", "testnet"} {
		if len(words) > 1 && words[0] == first {
			words = words[1:]
		}
	}
	if words[0] == "up" {
		words = append([]string{"nodes"}, words[1:]...)
	}
	return words
}

// find returns the verb that these words begin with, and the other words. A verb may have two
// words, as "spend twice" does.
func find(words []string) (*verb, []string, error) {
	all := verbs()
	line := strings.Join(words, " ") + " "
	var first []string // word of each verb
	for i := range all {
		first = append(first, strings.Fields(all[i].name)[0])
		if rest, ok := strings.CutPrefix(line, all[i].name+" "); ok {
			return &all[i], strings.Fields(rest), nil
		}
	}
	near, far := nearest.Of(words[0], first)
	best := all[slices.Index(first, near)]
	if far > 2 {
		return nil, nil, fmt.Errorf("there is no verb %q; all are listed by: toychain testnet run --verbs", words[0])
	}
	said := strings.Join(words[:min(len(words), len(strings.Fields(best.name)))], " ")
	return nil, nil, fmt.Errorf("there is no verb %q; did you mean %s?", said, best.name)
}

// With returns the script's text with this output under its steps; nil for a step without
// output.
func (s *Script) With(shown [][]string) string {
	var out []string
	at := 0
	for i, step := range s.Steps {
		out = append(out, s.lines[at:step.Line]...)
		at = step.end
		if !step.verb.shows || i >= len(shown) {
			out = append(out, s.lines[step.Line:step.end]...)
			continue
		}
		out = append(append(out, divider), shown[i]...)
		if step.Open && at < len(s.lines) && strings.TrimSpace(s.lines[at]) != "" {
			out = append(out, "")
		}
	}
	out = append(out, s.lines[at:]...)
	return strings.Join(out, "\n") + "\n"
}
