package containers

import (
	"context"
	"os"
	"os/exec"
	"testing"
)

// apartVar is set in the process that apart starts.
const apartVar = "TOYCHAIN_TEST_APART"

// apart runs the test once more, in a process that has its own network, mounts and process
// numbers, and returns true there: no port, route, firewall rule or mount of this machine is used
// or changed, and all that is started there ends with it. It needs Linux, root and programs.
func apart(t *testing.T, programs ...string) bool {
	t.Helper()
	if os.Getenv(apartVar) != "" {
		run(t, "ip", "link", "set", "lo", "up")
		run(t, "mount", "-t", "tmpfs", "none", "/run")
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("only root may make a network namespace: .ci/run runs as root, and makes a skip a failure")
	}
	for _, p := range append(programs, "unshare", "ip", "mount") {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%v: see .ci/run for the package that has it", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), apartVar+"=1")
	out, err := cmd.CombinedOutput()
	if t.Logf("%s", out); err != nil {
		t.Fatal(err)
	}
	return false
}

// run runs a program of the system and returns what it says.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
