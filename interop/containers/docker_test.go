package containers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDocker types the first commands of docs/beyond.md on a real Docker engine, which is started
// for it and keeps its data in a temporary folder.
func TestDocker(t *testing.T) {
	t.Parallel() // it mostly waits
	if !apart(t, "dockerd", "iptables", "docker-compose") {
		return
	}
	d := startDocker(t)
	program := staticProgram(t)
	d.build(t, program)
	text, err := os.ReadFile("../../docs/beyond.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(text), "\n\n    ")
	block, _, _ := strings.Cut(page, "\n\n")
	s := &shell{t: t, dir: t.TempDir(), program: program}
	said := map[string]string{}
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "docker build ") {
			continue // see build
		}
		said[line] = s.do(line)
		switch {
		case strings.HasPrefix(line, "docker compose up "):
			d.healthy(t, 4)
			d.checkLimits(t)
		case strings.HasPrefix(line, "docker compose start "):
			d.healthy(t, 4)
		}
	}
	for line, want := range map[string]string{
		"toychain testnet status --dir .": "n4    runs",
		"toychain testnet heal --dir .":   "at height 4", // what it said the second time
		"toychain testnet tree --dir .":   "▲ n1 n2 n3 n4",
	} {
		if !strings.Contains(said[line], want) {
			t.Errorf("%s: want %q in\n%s", line, want, said[line])
		}
	}
	d.ownNetwork(t, program)
	if left := d.docker(t, "ps", "--all", "--quiet") + d.docker(t, "volume", "ls", "--quiet"); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// ownNetwork runs a node of a network whose parameters are in a file.
func (d *docker) ownNetwork(t *testing.T, program string) {
	s := &shell{t: t, dir: t.TempDir(), program: program}
	s.do("toychain network new -o carol.toml")
	s.do("toychain testnet export compose 1 -o own --network carol.toml")
	s.do("cd own")
	s.do("docker compose up --detach --wait")
	d.healthy(t, 1)
	if out := s.do("toychain testnet status --dir ."); !strings.Contains(out, "n1    runs") {
		t.Error(out)
	}
	s.do("docker compose down --volumes")
}

// shell does what stands on the lines of a page.
type shell struct {
	t       *testing.T
	dir     string
	program string
}

func (s *shell) do(line string) string {
	s.t.Helper()
	words := strings.Fields(line)
	if words[0] == "cd" {
		s.dir = filepath.Join(s.dir, words[1])
		return ""
	}
	switch {
	case words[0] == "toychain":
		words[0] = s.program
	case strings.HasPrefix(line, "docker compose "): // 1.29 has another name, and waits for nothing
		words = strings.Fields(strings.Replace(strings.TrimPrefix(line, "docker compose "), " --wait", "", 1))
		words = append([]string{"docker-compose", "--ansi", "never"}, words...)
	default:
		s.t.Fatalf("what is %q?", line)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(s.program), "TOYCHAIN_PASSPHRASE=correct horse", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if s.t.Logf("$ %s\n%s", line, out); err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

// docker is an engine.
type docker struct {
	sock string
}

// startDocker starts an engine and waits until it answers.
func startDocker(t *testing.T) *docker {
	t.Helper()
	dir, err := os.MkdirTemp("", "docker") // short, for the sockets in it
	if err != nil {
		t.Fatal(err)
	}
	group := filepath.Base(dir)
	var log bytes.Buffer
	cmd := exec.Command("dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid",
		"--host", "unix://"+dir+"/sock", "--storage-driver", "vfs", "--cgroup-parent", "/"+group)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("dockerd: %v\n%s", err, log.String())
		}
		groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + group)
		for _, g := range append(groups, "/sys/fs/cgroup/"+group) {
			os.Remove(g)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d := &docker{sock: "unix://" + dir + "/sock"}
	os.Setenv("DOCKER_HOST", d.sock) // of this process, which is apart
	wait(t, "the engine answers", func() error {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("dockerd ended: %v", err)
		default:
		}
		return exec.Command(dockerClient, "info").Run()
	})
	return d
}

// dockerClient is Debian's, which is as old as its engine.
const dockerClient = "/usr/bin/docker"

func (d *docker) docker(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, dockerClient, args...)
}

// build makes the image from the last stage of deploy/Dockerfile. Its first stage would get a
// compiler from a registry; here the program is built already.
func (d *docker) build(t *testing.T, program string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(text), "\nFROM scratch\n")
	if !ok {
		t.Fatal("the Dockerfile has no last stage from scratch")
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "out/data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(program, filepath.Join(dir, "out/toychain")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch AS build\nCOPY out /out\nFROM scratch\n"+last), 0o600); err != nil {
		t.Fatal(err)
	}
	d.docker(t, "build", "--tag", "toychain:0.1.0", dir)
}

// healthy waits until the engine's own health checks are content with n containers.
func (d *docker) healthy(t *testing.T, n int) {
	t.Helper()
	start := time.Now()
	wait(t, fmt.Sprintf("%d containers are healthy", n), func() error {
		if out := d.docker(t, "ps", "--filter", "health=healthy", "--quiet"); strings.Count(out, "\n") != n {
			return fmt.Errorf("healthy are %q of\n%s", out, d.docker(t, "ps", "--all"))
		}
		return nil
	})
	t.Logf("%d containers healthy after %.1f s", n, time.Since(start).Seconds())
}

// checkLimits asks the engine how it runs the containers.
func (d *docker) checkLimits(t *testing.T) {
	t.Helper()
	for _, id := range strings.Fields(d.docker(t, "ps", "--quiet")) {
		const format = "{{.Config.User}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Privileged}}"
		if got, want := d.docker(t, "inspect", "--format", format, id), "65532:65532 134217728 1000000000 256 true [ALL] false\n"; got != want {
			t.Errorf("runs with %swant      %s", got, want)
		}
	}
}

// wait tries until there is no error.
func wait(t *testing.T, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
