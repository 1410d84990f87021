package containers

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestExport is one test, so that the program is built once.
func TestExport(t *testing.T) {
	file := staticProgram(t)
	checkStatic(t, file)
	if t.Failed() {
		return
	}
	t.Run("compose", func(t *testing.T) { testCompose(t, file) })
	t.Run("kubernetes", func(t *testing.T) { testKubernetes(t, file) })
}

// Compose's own loader takes the file, each service is shut in as promised, and four of
// them are a network that can be cut and healed.
func testCompose(t *testing.T, file string) {
	dir := filepath.Join(t.TempDir(), "net")
	must(t, file, "testnet", "export", "compose", "4", "-o", dir)
	project := loadCompose(t, dir)
	if got, want := strings.Join(project.ServiceNames(), " "), "n1 n2 n3 n4"; got != want {
		t.Fatalf("services %s, want %s", got, want)
	}
	var all []*container
	for i, name := range project.ServiceNames() {
		s := project.Services[name]
		checkService(t, s, 18601+i)
		if _, ok := project.Volumes[name]; !ok {
			t.Errorf("no volume %s", name)
		}
		all = append(all, composeContainer(t, s))
	}
	play(t, file, dir, "toy", 18601, all)
}

// A network's own file is mounted: docker-compose 1.29 ignores a project's configs.
func TestComposeOwnNetwork(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("../../testnet/export/testdata/compose_own.txtar")
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, dir, string(text))
	project := loadCompose(t, dir)
	s := project.Services["n1"]
	if len(s.Volumes) != 2 {
		t.Fatalf("volumes %+v", s.Volumes)
	}
	if v := s.Volumes[1]; v.Type != "bind" || v.Source != filepath.Join(dir, "network.toml") || !v.ReadOnly ||
		v.Target != "/etc/toychain/network.toml" || *s.Environment["TOYCHAIN_NETWORK"] != v.Target {
		t.Errorf("volume %+v, environment %v", v, s.Environment)
	}
	if !slices.Contains(s.Command, "20000") || s.Ports[0].Published != "7001" {
		t.Errorf("command %q, ports %+v", s.Command, s.Ports)
	}
}

// unpack writes what a golden file has.
func unpack(t *testing.T, dir, text string) {
	t.Helper()
	for part := range strings.SplitSeq("\n"+text, "\n-- ") {
		name, body, ok := strings.Cut(part, " --\n")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// loadCompose loads the folder's project as "docker compose" does: schema, references
// and values are checked, anchors, environment files and defaults are resolved.
func loadCompose(t *testing.T, dir string) *types.Project {
	t.Helper()
	path := filepath.Join(dir, "compose.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: dir, ConfigFiles: []types.ConfigFile{{Filename: path, Content: text}}, Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("net", true) })
	if err != nil {
		t.Fatalf("compose's own loader: %v", err)
	}
	return project
}

// checkService holds a service against what export promises of each container.
func checkService(t *testing.T, s types.ServiceConfig, port int) {
	t.Helper()
	if s.User != "65532:65532" || !s.ReadOnly || s.Privileged || len(s.CapAdd) > 0 || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
		!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) || s.NetworkMode != "" || s.Pid != "" {
		t.Errorf("%s is not shut in: user %s, read only %v, drops %v, %v", s.Name, s.User, s.ReadOnly, s.CapDrop, s.SecurityOpt)
	}
	if s.MemLimit != 128<<20 || s.CPUS != 1 || s.PidsLimit == 0 {
		t.Errorf("%s: at most %d bytes, %v processors, %d processes", s.Name, s.MemLimit, s.CPUS, s.PidsLimit)
	}
	if len(s.Ports) != 1 || s.Ports[0].HostIP != "127.0.0.1" || s.Ports[0].Published != strconv.Itoa(port) || s.Ports[0].Target != 18555 {
		t.Errorf("%s: ports %+v", s.Name, s.Ports)
	}
	if len(s.Volumes) != 1 || s.Volumes[0].Type != "volume" || s.Volumes[0].Source != s.Name || s.Volumes[0].Target != "/data" {
		t.Errorf("%s: volumes %+v", s.Name, s.Volumes)
	}
	if h := s.HealthCheck; h == nil || h.Disable || h.Test[0] != "CMD" || time.Duration(*h.Timeout) < 5*time.Second {
		t.Errorf("%s: health check %+v", s.Name, s.HealthCheck)
	}
	if s.Restart != "unless-stopped" || s.StopGracePeriod == nil || s.Image != "toychain:0.1.0" || s.Build != nil {
		t.Errorf("%s: restart %q, grace %v, image %q", s.Name, s.Restart, s.StopGracePeriod, s.Image)
	}
}

// composeContainer is what stands for a service here.
func composeContainer(t *testing.T, s types.ServiceConfig) *container {
	t.Helper()
	c := &container{name: s.Name, args: s.Command, env: map[string]string{}, health: s.HealthCheck.Test[1:],
		user: 65532, mounts: map[string]string{"/data": volume(t, 65532)}, memory: int64(s.MemLimit)}
	for k, v := range s.Environment {
		if v == nil {
			t.Fatalf("%s: %s has no value", s.Name, k)
		}
		c.env[k] = *v
	}
	if c.env["TOYCHAIN_NODE_KEY"] == "" || c.env["TOYCHAIN_RPC_PASSWORD"] == "" {
		t.Errorf("%s has no key or no password: its file was not read", s.Name)
	}
	return c
}
