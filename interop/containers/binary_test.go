package containers

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// patience bounds every wait: nothing here takes nearly as long.
const patience = 2 * time.Minute

// staticProgram builds the program as deploy/Dockerfile does, but for -trimpath and
// -ldflags, which would only mean building everything anew.
func staticProgram(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("containers run Linux programs")
	}
	program := filepath.Join(publicFolder(t), "toychain")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/toychain")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// publicFolder is a folder of the test's that others may look into, if they may into
// those above.
func publicFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// reachable reports whether any user can reach a file.
func reachable(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// checkStatic: an empty image has no loader and no library.
func checkStatic(t *testing.T, program string) {
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v: it wants a loader", p.Type)
		}
	}
	if libs, err := f.ImportedLibraries(); err == nil && len(libs) > 0 {
		t.Errorf("the program wants %v", libs)
	}
}

// The Dockerfile's last stage has nothing but the program and its folder, and no
// instruction that would need a shell.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Warnings) > 0 {
		t.Errorf("warnings: %v", parsed.Warnings)
	}
	last := stages[len(stages)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is made from %s, want scratch", last.BaseName)
	}
	seen := map[string]int{}
	for _, c := range last.Commands {
		seen[strings.ToLower(c.Name())]++
		switch c := c.(type) {
		case *instructions.RunCommand:
			t.Errorf("RUN in an empty image: %v", c.CmdLine)
		case *instructions.UserCommand:
			if c.User != "65532:65532" {
				t.Errorf("user %s", c.User)
			}
		case *instructions.EntrypointCommand:
			if c.PrependShell || strings.Join(c.CmdLine, " ") != program {
				t.Errorf("entry point %v, by a shell: %v", c.CmdLine, c.PrependShell)
			}
		case *instructions.CmdCommand:
			if c.PrependShell {
				t.Errorf("command by a shell: %v", c.CmdLine)
			}
		case *instructions.HealthCheckCommand:
			if got := strings.Join(c.Health.Test, " "); got != "CMD /toychain node health" {
				t.Errorf("health check %s", got)
			}
		}
	}
	for _, name := range []string{"user", "healthcheck", "entrypoint", "cmd", "volume", "stopsignal"} {
		if seen[name] != 1 {
			t.Errorf("%d times %s, want it once", seen[name], name)
		}
	}
	checkBuildStage(t, stages[0])
}

// checkBuildStage: the program is built without cgo, by a Go that is new enough.
func checkBuildStage(t *testing.T, stage instructions.Stage) {
	t.Helper()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(mod), "\ngo ")
	version, _, _ := strings.Cut(rest, "\n")
	parts := strings.SplitN(version, ".", 3)
	if want := "golang:" + parts[0] + "." + parts[1]; stage.BaseName != want {
		t.Errorf("built in %s, go.mod wants %s", stage.BaseName, want)
	}
	for _, c := range stage.Commands {
		if run, ok := c.(*instructions.RunCommand); ok && strings.Contains(strings.Join(run.CmdLine, " "), "CGO_ENABLED=0 go build") {
			return
		}
	}
	t.Error("no step builds the program without cgo")
}

// say runs the program as a user would, and returns its stdout and exit code.
func say(t *testing.T, file string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(file))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("%v: %v", args, err)
	}
	t.Logf("toychain %s\n%s%s", strings.Join(args, " "), out.String(), errs.String())
	return out.String() + errs.String(), cmd.ProcessState.ExitCode()
}

// must is say for what is to succeed.
func must(t *testing.T, file string, args ...string) string {
	t.Helper()
	out, code := say(t, file, args...)
	if code != 0 {
		t.Fatalf("toychain %s: exit code %d: %s", strings.Join(args, " "), code, out)
	}
	return out
}
