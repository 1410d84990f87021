package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"toychain/lab"
)

// smallLabs are flags with which each experiment of a course ends at once.
var smallLabs = map[string][]string{
	"stale":         {"--blocks", "4000"},
	"confirmations": {"--races", "3000", "--confirmations", "2"},
	"double-spend":  {"--races", "3000", "--attacker", "0.3", "--confirmations", "2"},
	"partition":     {"--races", "3000"},
	"difficulty":    {"--blocks", "30000"},
	"selfish":       {"--blocks", "30000"},
	"threshold":     {"--blocks", "5000", "--attacker", "0.3"},
	"eclipse":       {"--races", "3000"},
	"feather":       {"--races", "30000"},
	"softfork":      {"--races", "300", "--share", "0.3", "--blocks", "200"},
	"votes":         {"--only", "duels", "--runs", "20"},
}

// TestEveryLab: each experiment of a course runs at a small size for a student, agrees, keeps its run,
// and the checker finds the readings of that run right, and others wrong.
func TestEveryLab(t *testing.T) {
	for _, e := range (&app{}).experiments() {
		name := e.cmd.Name()
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			small, ok := smallLabs[name]
			if !ok {
				t.Fatal("no small size for it in smallLabs")
			}
			if code, said := inProcess(t, slices.Concat([]string{"lab", name, "--student", "Ada"}, small)...); code != 0 {
				t.Fatalf("code %d: %s", code, said)
			}
			var run struct {
				Student string         `json:"student"`
				Result  map[string]any `json:"result"`
			}
			text, err := os.ReadFile(filepath.Join(latest, "result.json"))
			if err == nil {
				err = json.Unmarshal(text, &run)
			}
			if err != nil || run.Student != "Ada" || run.Result["verdict"] != "agrees" {
				t.Fatalf("%v: %s", err, text)
			}
			checkKept(t)
			for _, field := range []string{"theory", "low", "high"} {
				if _, ok := run.Result[field].(float64); !ok {
					t.Errorf("no %s in %s", field, text)
				}
			}
			answers := func(theory float64) string {
				quoted, _ := json.Marshal(small)
				read, _ := json.Marshal(theory)
				return "student = \"Ada\"\n[" + name + "]\nargs = " + string(quoted) + "\nread = { theory = " + string(read) + ", verdict = \"agrees\" }\n"
			}
			theory := run.Result["theory"].(float64)
			for theory, want := range map[float64]int{theory: 0, theory * 1.01: 5} {
				if err := os.WriteFile("answers.toml", []byte(answers(theory)), 0o600); err != nil {
					t.Fatal(err)
				}
				if code, said := inProcess(t, "lab", "check", "answers.toml"); code != want {
					t.Errorf("a reading of %v: code %d, want %d: %s", theory, code, want, said)
				}
			}
		})
	}
}

// checkKept looks at the files of the last run.
func checkKept(t *testing.T) {
	t.Helper()
	for file, want := range map[string]string{"plot.svg": "<svg", "messages.svg": "<circle", "events.jsonl": `"kind":"found"`} {
		text, err := os.ReadFile(filepath.Join(latest, file))
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s: %v, %d bytes without %s", file, err, len(text), want)
		}
	}
}

// TestLabPages: each experiment has a page with the same sections, commands that it knows, and an
// exercise that names tests that there are.
func TestLabPages(t *testing.T) {
	var tests strings.Builder
	files, err := filepath.Glob("../../lab/*_test.go")
	more, err2 := filepath.Glob("../../lab/votes/*_test.go")
	if err := errors.Join(err, err2); err != nil || len(files) == 0 || len(more) == 0 {
		t.Fatal("no tests of package lab, or of lab/votes: ", err)
	}
	files = append(files, more...)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for _, e := range (&app{}).experiments() {
		name := e.cmd.Name()
		text, err := os.ReadFile("../../docs/labs/" + name + ".md")
		if err != nil {
			t.Error(err)
			continue
		}
		page := string(text)
		var headings []string
		for _, h := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(page, -1) {
			headings = append(headings, h[1])
		}
		if want := []string{"The question", "Write down first", "The command", "What to observe", "Why", "Exercise", "Source"}; !slices.Equal(headings, want) {
			t.Errorf("%s: sections %q, want %q", name, headings, want)
		}
		checkPage(t, name, page, tests.String())
	}
}

// checkPage looks at the commands and at the exercise of a page.
func checkPage(t *testing.T, name, page, tests string) {
	t.Helper()
	commands := regexp.MustCompile(`(?m)^    toychain lab (.*)$`).FindAllStringSubmatch(page, -1)
	for _, c := range commands {
		words := strings.Fields(c[1])
		for _, e := range (&app{}).experiments() {
			if e.cmd.Name() != name {
				continue
			}
			if err := e.cmd.ParseFlags(words[1:]); err != nil || words[0] != name {
				t.Errorf("%s: toychain lab %s: %v", name, c[1], err)
			}
		}
	}
	_, exercise, _ := strings.Cut(page, "## Exercise")
	named := regexp.MustCompile("`lab(?:/votes)?\\.(Test\\w+)`").FindAllStringSubmatch(exercise, -1)
	if len(commands) == 0 || len(named) == 0 {
		t.Errorf("%s: %d commands, %d tests", name, len(commands), len(named))
	}
	for _, n := range named {
		if !strings.Contains(tests, "func "+n[1]+"(") {
			t.Errorf("%s: there is no lab.%s", name, n[1])
		}
	}
}

// FuzzAnswers: a file of answers is parsed or refused, whatever it holds.
func FuzzAnswers(f *testing.F) {
	f.Add(answersExample)
	f.Add("student = \"a\"\n[stale]\nread = { theory = inf }")
	f.Add("student = 1\n[stale]\nread = 3")
	f.Add("student = \"a\"\n[stale]\nread = { a = [1, {b = 2}], c.d = nan }\nother = 1")
	f.Fuzz(func(t *testing.T, text string) {
		student, labs, err := parseAnswers(text)
		if err != nil {
			return
		}
		if strings.TrimSpace(student) == "" {
			t.Error("answers without a student")
		}
		for name, to := range labs { // whatever it compares, an answer that it takes can be printed
			fields := map[string]any{"theory": .5, "verdict": "agrees"}
			answers, err := lab.Compare(name, lab.Read, to.Read, fields)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(answers); err != nil {
				t.Error(err)
			}
		}
	})
}
