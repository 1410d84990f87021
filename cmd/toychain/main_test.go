package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"toychain/testnet"
	"toychain/wallet"
)

// TestMain lets this test binary be the program too: it acts as toychain when it is
// called by that name, as the scripts and the nodes of a testnet call it. Only the
// passphrases of its wallets are quicker to try.
// Scripts wait more than they compute, so more of them than processors run at a time.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "6")
	testscript.Main(m, map[string]func(){"toychain": func() { os.Exit(run(os.Args[1:], wallet.CheapWorkFactor)) }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":    exitsWith,
			"until":   until,
			"file":    fileHas,
			"capture": capture,
			"field":   field,
			"untilis": untilIs,
			"mode":    mode,
			"alone":   alone,
			"write":   write,
			"busy":    busy,
			"flip":    flip,
		},
	})
}

// patience bounds every wait: nothing here takes nearly as long.
const patience = 60 * time.Second

// setUp gives a script a home of its own and, whatever becomes of it, ends the
// testnets that it leaves.
func setUp(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	env.Setenv("HOME", home)
	env.Setenv("TERM", "dumb")
	env.Setenv("LC_ALL", "C.UTF-8")
	work := env.WorkDir
	env.Defer(func() { endTestnets(work) })
	return os.MkdirAll(home, 0o700)
}

// endTestnets ends every testnet below a folder.
func endTestnets(below string) {
	filepath.WalkDir(below, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "state.json" {
			if n, err := testnet.Open(filepath.Dir(path)); err == nil {
				ctx, cancel := contextWithPatience()
				defer cancel()
				n.Down(ctx, false)
			}
		}
		return nil
	})
}

// exitsWith is "code N PROGRAM ARGS...": the program ends with this exit code.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// until is "until PATTERN PROGRAM ARGS...": the program is run again and again until
// its stdout matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM ARGS...")
	}
	pattern := regexp.MustCompile("(?m)" + args[0])
	wait(ts, func() bool {
		return ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout"))
	})
}

// untilIs is "untilis PATH VALUE PROGRAM ARGS...": the program is run again and again
// until the JSON in its stdout has this value there, see field.
func untilIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: untilis PATH VALUE PROGRAM ARGS...")
	}
	wait(ts, func() bool {
		var v any
		return ts.Exec(args[2], args[3:]...) == nil && json.Unmarshal([]byte(ts.ReadFile("stdout")), &v) == nil &&
			fits(fmt.Sprint(at(v, args[0])), args[1])
	})
}

// fileHas is "file NAME [PATTERN]": waits until the file is there and matches.
func fileHas(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: file NAME [PATTERN]")
	}
	pattern := regexp.MustCompile("(?m)" + strings.Join(args[1:], " "))
	wait(ts, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && pattern.Match(text)
	})
}

// wait looks at a condition until it holds.
func wait(ts *testscript.TestScript, holds func() bool) {
	ctx, cancel := contextWithPatience()
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			ts.Fatalf("waited %s in vain; the last output:\n%s%s", patience, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		case <-tick.C:
		}
	}
}

// capture is "capture NAME PATTERN [FILE]": sets a variable to what the pattern's
// first group, or all of it, matches in stdout or a file.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: capture NAME PATTERN [FILE]")
	}
	from := "stdout"
	if len(args) == 3 {
		from = args[2]
	}
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile(from))
	if found == nil {
		ts.Fatalf("%s does not match %q:\n%s", from, args[1], ts.ReadFile(from))
	}
	ts.Setenv(args[0], found[len(found)-1])
}

// field is "field PATH VALUE ...": the JSON in stdout, or in its last line, has these
// values at these paths; parts of a path are separated by dots. The values >1 and <1,
// say, compare numbers.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args)%2 != 0 {
		ts.Fatalf("usage: field PATH VALUE ...")
	}
	text := strings.TrimSpace(ts.ReadFile("stdout"))
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		last := text[strings.LastIndexByte(text, '\n')+1:]
		if err := json.Unmarshal([]byte(last), &v); err != nil {
			ts.Fatalf("no JSON in stdout: %v", err)
		}
	}
	for ; len(args) > 0; args = args[2:] {
		got := fmt.Sprint(at(v, args[0]))
		if !fits(got, args[1]) {
			ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
		}
	}
}

func at(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[part]
		case []any:
			i, err := strconv.Atoi(part)
			switch {
			case part == "len":
				return len(c)
			case err != nil || i >= len(c):
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

func fits(got, want string) bool {
	if want == "" || want[0] != '>' && want[0] != '<' {
		return got == want
	}
	g, err1 := strconv.ParseFloat(got, 64)
	b, err2 := strconv.ParseFloat(want[1:], 64)
	return err1 == nil && err2 == nil && (want[0] == '>' && g > b || want[0] == '<' && g < b)
}

// mode is "mode PERM FILE...": the files have these permissions.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// alone says that no process works on the script's folder, and that nothing is left
// in its folder for temporary files.
func alone(ts *testscript.TestScript, neg bool, args []string) {
	if left := processesAt(ts.MkAbs(".")); len(left) > 0 {
		ts.Fatalf("still running: %s", strings.Join(left, "; "))
	}
	left, err := os.ReadDir(ts.Getenv("TMPDIR"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("%v", err)
	}
	for _, e := range left {
		ts.Fatalf("left behind: %s", e.Name())
	}
}

// processesAt returns the command lines that name a directory, on Linux.
func processesAt(folder string) (out []string) {
	if runtime.GOOS != "linux" {
		return nil
	}
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(folder)) {
			out = append(out, string(bytes.ReplaceAll(b, []byte{0}, []byte(" "))))
		}
	}
	return out
}

// write is "write FILE TEXT...": makes a file with this line.
func write(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o700))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], " ")+"\n"), 0o600))
}
