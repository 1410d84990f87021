package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
	"toychain/lab"
	"toychain/lab/plot"
)

// latest is where the last run is kept, below the current directory.
const latest = "labs/latest"

// keepRun writes what a run was to labs/latest: its result, the beginning of its events, its figure
// and a diagram of its first messages.
func (a *app) keepRun(e *labExperiment, result lab.Result, figure *lab.Figure, events *lab.Events) error {
	var lines bytes.Buffer
	for _, event := range events.List {
		text, err := json.Marshal(event)
		if err != nil {
			return err
		}
		lines.Write(append(text, '\n'))
	}
	image, err := plot.Draw(figure, "svg")
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(kept{e.cmd.Name(), e.student, sameRun(e), version, result}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(latest, 0o755); err != nil {
		return fmt.Errorf("the run cannot be kept: %w", err)
	}
	for name, content := range map[string][]byte{"result.json": append(text, '\n'), "events.jsonl": lines.Bytes(), "plot.svg": image,
		"messages.svg": plot.Diagram(events.List)} {
		if err := os.WriteFile(filepath.Join(latest, name), content, 0o644); err != nil {
			return fmt.Errorf("the run cannot be kept: %w", err)
		}
	}
	fmt.Fprintf(a.Stderr, "kept in %s: result.json, events.jsonl, plot.svg, messages.svg\n", latest)
	return nil
}

// sameRun returns the command that gives the same result.
func sameRun(e *labExperiment) string {
	words := []string{"toychain lab", e.cmd.Name()}
	own := e.cmd.LocalNonPersistentFlags()
	e.cmd.Flags().Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) != nil && !slices.Contains([]string{"student", "keep", "plot", "json", "seed", "messages"}, f.Name) {
			words = append(words, "--"+f.Name+"="+f.Value.String())
		}
	})
	return strings.Join(words, " ") + fmt.Sprintf(" --seed %d", *e.seed)
}

// labEntry is an experiment in the list.
type labEntry struct {
	Name     string `json:"name"`
	Question string `json:"question"`
	Page     string `json:"page"`
	Command  string `json:"command"`
}

func (a *app) labListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the experiments, in the order to do them in.",
		Example: "toychain lab list\ntoychain lab list --json",
		Long: `List the experiments, in the order to do them in. Each has a page in docs/labs with the
question, the prediction to write down first, the command, what to observe and why, and an
exercise. With --student NAME an experiment draws its seed from the name; its run is kept in
labs/latest below the current directory, and 'toychain lab check' compares answers with it.`,
		Args: cli.Args(0, 0, ""),
	}
	return show(a, cmd, nothing, func(context.Context, none, []string) ([]labEntry, error) {
		var out []labEntry
		for _, e := range a.experiments() {
			out = append(out, labEntry{e.cmd.Name(), e.cmd.Short, "docs/labs/" + e.cmd.Name() + ".md", "toychain lab " + e.cmd.Name() + " --student NAME"})
		}
		return out, nil
	}, func(w io.Writer, all []labEntry) {
		for _, e := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", e.Name, e.Question, e.Page)
		}
	})
}

// checkedAnswers is a student's answers beside the student's own results.
type checkedAnswers struct {
	File    string       `json:"file"`
	Student string       `json:"student"`
	Seed    uint64       `json:"seed"`
	Answers []lab.Answer `json:"answers"`
}

// wrong is the error of readings that are not those of the student's run.
type wrong int

func (n wrong) Error() string {
	return fmt.Sprintf("off from the student's own run: %s", cli.Plural(int(n), "reading"))
}

const answersExample = `student = "Ada"

[double-spend]
args = ["--attacker", "0.2"]   # as on the command line; may be left out
predicted = { rate = 0.05 }    # written down before the run
read = { rate = 0.02342 }      # from --json, or labs/latest/result.json`

func (a *app) labCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Compare a student's answers with the student's own results.",
		Example: "toychain lab check answers.toml\ntoychain lab check answers.toml --json",
		Long: `Compare a student's predictions and readings with the results of the student's own seed,
and say which are off and by how much. The names of the figures are those of --json; rates
are fractions of one. A reading is right to a thousandth, a prediction to a quarter. Exit
code 5 if a reading is wrong; a prediction may be. FILE is TOML:

` + "  " + strings.ReplaceAll(answersExample, "\n", "\n  "),
		Args: cli.Args(1, 1, "the file with the answers"),
	}
	var answers *checkedAnswers
	show(a, cmd, nothing, func(ctx context.Context, _ none, given []string) (*checkedAnswers, error) {
		var err error
		answers, err = a.checkAnswers(ctx, given[0])
		return answers, err
	}, func(w io.Writer, c *checkedAnswers) {
		fmt.Fprintf(w, "lab\tfigure\t\tgiven\tresult\toff\t\n")
		for _, x := range c.Answers {
			fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%v\t%s\t%s\n", x.Lab, x.Field, x.Kind, x.Given, x.Result, x.Off, mark(x))
		}
		fmt.Fprintf(w, "%s, seed %d\n", c.Student, c.Seed)
	})
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := inner(cmd, given); err != nil {
			return err
		}
		n := 0
		for _, x := range answers.Answers {
			if x.Kind == lab.Read && !x.Right {
				n++
			}
		}
		if n > 0 {
			return wrong(n)
		}
		return nil
	}
	return cmd
}

// mark says in a word what an answer is worth.
func mark(x lab.Answer) string {
	switch {
	case x.Right && x.Kind == lab.Read:
		return "right"
	case x.Right:
		return "close"
	}
	return "off"
}

// answersTo is what a file of answers says about one experiment.
type answersTo struct {
	Args            []string
	Predicted, Read map[string]any
}

// checkAnswers runs the experiments that a file names, with the student's seed.
func (a *app) checkAnswers(ctx context.Context, file string) (*checkedAnswers, error) {
	student, labs, err := readAnswers(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	out := &checkedAnswers{File: file, Student: student, Seed: lab.StudentSeed(student), Answers: []lab.Answer{}}
	experiments := a.experiments()
	for name := range labs {
		if !slices.ContainsFunc(experiments, func(e *labExperiment) bool { return e.cmd.Name() == name }) {
			return nil, fmt.Errorf("%s: [%s] is no experiment: see 'toychain lab list'", file, name)
		}
	}
	line := a.Progress()
	defer line.Clear()
	for _, e := range experiments {
		asked, ok := labs[e.cmd.Name()]
		if !ok {
			continue
		}
		answers, err := e.answer(ctx, asked, out.Seed, func(done, of int) { line.Show("%s %s", e.cmd.Name(), bar(done, of)) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out.Answers = append(out.Answers, answers...)
	}
	return out, nil
}

// answer runs an experiment with the flags of a student's answers, and compares.
func (e *labExperiment) answer(ctx context.Context, asked answersTo, seed uint64, progress func(done, of int)) ([]lab.Answer, error) {
	name := e.cmd.Name()
	e.cmd.InheritedFlags() // which also makes those of the command complete
	if err := e.cmd.Flags().Parse(asked.Args); err != nil {
		return nil, fmt.Errorf("[%s] args: %w", name, err)
	}
	for _, flag := range []string{"seed", "student", "plot", "keep", "json"} {
		if e.cmd.Flags().Changed(flag) {
			return nil, fmt.Errorf("[%s] args: leave --%s out: the seed is the student's", name, flag)
		}
	}
	if rest := e.cmd.Flags().Args(); len(rest) > 0 {
		return nil, fmt.Errorf("[%s] args: %q is no flag", name, rest[0])
	}
	*e.seed = seed
	result, err := e.run(ctx, lab.Watch{Progress: progress})
	if err != nil {
		return nil, fmt.Errorf("[%s]: %w", name, err)
	}
	fields, err := lab.Fields(result)
	if err != nil {
		return nil, err
	}
	predicted, err := lab.Compare(name, lab.Predicted, asked.Predicted, fields)
	if err != nil {
		return nil, err
	}
	read, err := lab.Compare(name, lab.Read, asked.Read, fields)
	return append(predicted, read...), err
}

// maxAnswers is how large a file of answers may be.
const maxAnswers = 1 << 20

// readAnswers reads a file of answers.
func readAnswers(file string) (student string, labs map[string]answersTo, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil, errors.Unwrap(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAnswers+1))
	if err != nil {
		return "", nil, err
	}
	if len(text) > maxAnswers {
		return "", nil, fmt.Errorf("larger than %s: want a student's answers", cli.Bytes(maxAnswers))
	}
	return parseAnswers(string(text))
}

// parseAnswers parses the text of a file of answers.
func parseAnswers(text string) (student string, labs map[string]answersTo, err error) {
	var raw map[string]toml.Primitive
	meta, err := toml.Decode(text, &raw)
	if err != nil {
		return "", nil, err
	}
	labs = map[string]answersTo{}
	for name, part := range raw {
		if name == "student" {
			if err := meta.PrimitiveDecode(part, &student); err != nil {
				return "", nil, errors.New("student: want a text: the name that the runs were given")
			}
			continue
		}
		var to answersTo
		if err := meta.PrimitiveDecode(part, &to); err != nil {
			return "", nil, fmt.Errorf("[%s]: want args, predicted and read: %w", name, err)
		}
		labs[name] = to
	}
	if rest := meta.Undecoded(); len(rest) > 0 {
		return "", nil, fmt.Errorf("%s: want args, predicted and read", rest[0])
	}
	if strings.TrimSpace(student) == "" {
		return "", nil, errors.New(`no student: want a line like student = "Ada"`)
	}
	return student, labs, nil
}

func (a *app) labGradeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "grade DIR", Short: "Write a table of all students' answers, as CSV.",
		Example: "toychain lab grade answers > grades.csv",
		Long: `Check every file DIR/*.toml as 'toychain lab check' does, and write one line of CSV for each
answer: file, student, lab, kind, figure, given, result, off, right, error. A file that
cannot be checked has one line, with the error.`,
		Args: cli.Args(1, 1, "the directory with the files of answers"),
		RunE: func(cmd *cobra.Command, given []string) error {
			files, err := filepath.Glob(filepath.Join(given[0], "*.toml"))
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return cli.Usagef("%s: no file ends in .toml: want a directory with students' answers", given[0])
			}
			return a.grade(cmd.Context(), files)
		},
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// grade writes the table. A program that opens it must not take a name for a formula.
func (a *app) grade(ctx context.Context, files []string) error {
	w := csv.NewWriter(a.Stdout)
	write := func(cells ...string) error {
		for i, c := range cells {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) && !isNumber(c) {
				cells[i] = "'" + c
			}
		}
		return w.Write(cells)
	}
	if err := write("file", "student", "lab", "kind", "figure", "given", "result", "off", "right", "error"); err != nil {
		return err
	}
	defer w.Flush()
	for _, file := range files {
		checked, err := a.checkAnswers(ctx, file)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name := filepath.Base(file)
		if err != nil {
			if err := write(name, "", "", "", "", "", "", "", "", err.Error()); err != nil {
				return err
			}
			continue
		}
		for _, x := range checked.Answers {
			if err := write(name, checked.Student, x.Lab, x.Kind, x.Field, fmt.Sprint(x.Given), fmt.Sprint(x.Result), x.Off, fmt.Sprint(x.Right), ""); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}
