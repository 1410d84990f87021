package topology

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MaxNodes is the largest number of nodes in one test network: more do not fit a laptop.
const MaxNodes = 50

// Name returns the name of the i-th node, from 0: n1, n2, …
func Name(i int) string { return "n" + strconv.Itoa(i+1) }

// Names returns the names of the first n nodes.
func Names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = Name(i)
	}
	return out
}

// IsName reports whether s is n1, n2, ….
func IsName(s string) bool { return number(s) > 0 }

// namePattern matches the names of nodes, and reserved are those that mean something else.
var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	reserved    = []string{"all", "lock", "wallets"}
)

// CheckName rejects what cannot be the name of a node. A name is safe as that of a directory.
func CheckName(s string) error {
	switch {
	case !namePattern.MatchString(s):
		return fmt.Errorf("%q: want a name of a-z and 0-9, at most 16, that begins with a letter, like carol", s)
	case s[0] == 'n' && strings.Trim(s[1:], "0123456789") == "" && !IsName(s):
		return fmt.Errorf("%q: want n1, n2, …, or another name", s)
	case slices.Contains(reserved, s):
		return fmt.Errorf("%q: this word has another meaning here; choose another name", s)
	}
	return nil
}

// number returns 4 for n4, and 0 for what is not the name of a node.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "n"))
	if err != nil || n < 1 || s != Name(n-1) {
		return 0
	}
	return n
}

// NameError says that words for nodes, links or groups do not fit the nodes that there are.
type NameError struct{ text string }

func (e *NameError) Error() string { return e.text }

func misnamed(format string, args ...any) error { return &NameError{fmt.Sprintf(format, args...)} }

// NoNode returns the NameError for a name that no node has.
func NoNode(name string, names []string) error {
	return misnamed("no node %q; there are %s", name, strings.Join(names, ", "))
}

// Select returns the nodes that words name, each once, in the order of the words: names, names with
// commas between them, or all.
func Select(names []string, words ...string) (out []string, err error) {
	for _, word := range words {
		list := strings.Split(word, ",")
		if word == "all" {
			list = names
		}
		for _, name := range list {
			if !slices.Contains(names, name) {
				return nil, NoNode(name, names)
			}
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// Compare orders names, n2 before n10.
func Compare(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }

// List writes names for people: n1 n2 n3, and more than four consecutive ones as n1…n5.
func List(names []string) string { return ListWith(names, "…") }

// ListWith is List with another sign for what is left out.
func ListWith(names []string, ellipsis string) string { return Join(names, " ", ellipsis, 5) }

// Join joins names of a letter and a number. Of least or more consecutive ones only the first and
// the last are written.
func Join(names []string, sep, ellipsis string, least int) string {
	follows := func(i int) bool {
		before := names[i-1]
		letter := before[:min(1, len(before))]
		n, err := strconv.Atoi(before[len(letter):])
		return err == nil && names[i] == letter+strconv.Itoa(n+1)
	}
	var out []string
	for i := 0; i < len(names); {
		j := i + 1
		for j < len(names) && follows(j) {
			j++
		}
		if j-i >= least {
			out = append(out, names[i]+ellipsis+names[j-1])
		} else {
			out = append(out, names[i:j]...)
		}
		i = j
	}
	return strings.Join(out, sep)
}
