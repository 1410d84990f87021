package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// page writes text that fits so many columns.
type page struct {
	w     io.Writer
	width int
}

// entry is a name and what it stands for.
type entry struct{ name, about string }

// line writes a line as it is, without the blanks at its end.
func (p *page) line(s string) { fmt.Fprintln(p.w, strings.TrimRight(s, " \n")) }

// prose writes text, and breaks anew those paragraphs that are too wide. Indented
// lines are no prose.
func (p *page) prose(text string) {
	var paragraph []string
	end := func() {
		if tooWide(paragraph, p.width) {
			paragraph = breakLines(strings.Join(paragraph, " "), p.width)
		}
		for _, line := range paragraph {
			p.line(line)
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			paragraph = append(paragraph, line)
			continue
		}
		end()
		p.line(line)
	}
	end()
}

func tooWide(lines []string, width int) bool {
	for _, line := range lines {
		if utf8.RuneCountInString(line) > width {
			return true
		}
	}
	return false
}

// list writes a title and what is under it, in two columns.
func (p *page) list(title string, all []entry) {
	if len(all) == 0 {
		return
	}
	p.line("\n" + title)
	names := 0
	for _, e := range all {
		names = max(names, utf8.RuneCountInString(e.name))
	}
	for _, e := range all {
		name := e.name
		for _, part := range breakLines(e.about, p.width-names-4) {
			p.line(fmt.Sprintf("  %-*s  %s", names, name, part))
			name = ""
		}
	}
}

// breakLines breaks text between words. A word that is too wide has its own line; no
// text is one empty line.
func breakLines(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
