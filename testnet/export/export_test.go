package export

import (
	"crypto/sha256"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"toychain/testnet"
	"toychain/testnet/topology"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// known makes keys that are always the same.
func known(purpose string) [32]byte { return sha256.Sum256([]byte("test " + purpose)) }

// What is written for a few nodes, all of it. Run with -update after a change, and read
// the difference.
func TestGolden(t *testing.T) {
	for name, row := range map[string]struct {
		write func(Config) (*testnet.Testnet, error)
		cfg   Config
	}{
		"compose.txtar":        {Compose, Config{Nodes: 3, Network: "toy"}},
		"compose_own.txtar":    {Compose, Config{Nodes: 1, Network: "testdata/own.toml", Mine: true, Hashrate: 20000, Port: 7001}},
		"kubernetes.txtar":     {Kubernetes, Config{Nodes: 2, Network: "regtest"}},
		"kubernetes_own.txtar": {Kubernetes, Config{Nodes: 1, Network: "testdata/own.toml", Mine: true, MineTo: "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "net")
			row.cfg.Dir, row.cfg.Image, row.cfg.Secret = dir, "toychain:0.0.0", known
			if _, err := row.write(row.cfg); err != nil {
				t.Fatal(err)
			}
			got := string(txtar.Format(archive(t, dir)))
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not as in %s; run with -update and read the difference. It is:\n%s", golden, got)
			}
		})
	}
}

// archive makes one text of a folder. Files that only their owner can read say so.
func archive(t *testing.T, dir string) *txtar.Archive {
	t.Helper()
	out := new(txtar.Archive)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if info.Mode().Perm() == 0o600 {
			name += " (0600)"
		}
		text = []byte(strings.ReplaceAll(string(text), dir, "/DIR"))
		out.Files = append(out.Files, txtar.File{Name: filepath.ToSlash(name), Data: text})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Without a Secret keys and passwords are nobody else's: two exports share none.
func TestSecretsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		p, err := Config{Dir: "x", Nodes: 2, Network: "toy", Image: "i"}.plan("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{p.Password, p.Nodes[0].Key, p.Nodes[1].Key} {
			if seen[s] {
				t.Errorf("a secret twice: %s", s)
			}
			seen[s] = true
		}
	}
}

func TestRefused(t *testing.T) {
	good := func() Config {
		return Config{Dir: filepath.Join(t.TempDir(), "net"), Nodes: 2, Network: "toy", Image: "toychain:0.0.0"}
	}
	for _, row := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Dir = "" }, "no directory"},
		{func(c *Config) { c.Nodes = 0 }, "0 nodes: want 1 to 50"},
		{func(c *Config) { c.Nodes = topology.MaxNodes + 1 }, "51 nodes"},
		{func(c *Config) { c.Network = "nowhere" }, "toychain network new"},
		{func(c *Config) { c.Network = "export_test.go" }, "not a network file"},
		{func(c *Config) { c.Hashrate = -1 }, "hashrate"},
		{func(c *Config) { c.Mine, c.MineTo = true, "nobody" }, "mining for nobody"},
		{func(c *Config) { c.Image = "" }, "image"},
		{func(c *Config) { c.Image = "a\" b" }, "image"},
		{func(c *Config) { c.Port = 65535 }, "ports from 65535 on for 2 nodes"},
	} {
		cfg := good()
		row.change(&cfg)
		for _, write := range []func(Config) (*testnet.Testnet, error){Compose, Kubernetes} {
			if _, err := write(cfg); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%+v: %v, want %q", cfg, err, row.want)
			}
		}
		if cfg.Dir != "" {
			if _, err := os.Stat(cfg.Dir); err == nil {
				t.Errorf("%s: something was written all the same", row.want)
			}
		}
	}
}

// A second export would make new keys while the containers run with the old ones.
func TestNotOverwritten(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Nodes: 1, Network: "toy", Image: "i"}
	if _, err := Compose(cfg); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(cfg.Dir, "n1.env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range []func(Config) (*testnet.Testnet, error){Compose, Kubernetes} {
		if _, err := write(cfg); err == nil || !strings.Contains(err.Error(), "another directory") {
			t.Errorf("a second time: %v", err)
		}
	}
	if after, _ := os.ReadFile(filepath.Join(cfg.Dir, "n1.env")); string(after) != string(before) {
		t.Error("the key was changed")
	}
	if _, err := testnet.Up(t.Context(), testnet.Config{Dir: cfg.Dir, Nodes: 1, Network: "toy"}); err == nil || !strings.Contains(err.Error(), "another directory") {
		t.Errorf("testnet up in the same folder: %v", err)
	}
}

// TestMoved: the paths of an exported directory follow it.
func TestMoved(t *testing.T) {
	cfg := Config{Dir: filepath.Join(t.TempDir(), "net"), Nodes: 1, Network: "testdata/own.toml", Image: "i"}
	if _, err := Compose(cfg); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "my net")
	if err := os.Rename(cfg.Dir, dir); err != nil {
		t.Fatal(err)
	}
	moved, err := testnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f := moved.File(); f.Network != filepath.Join(dir, paramsFile) || f.Nodes[0].Cookie != filepath.Join(dir, loginFile) {
		t.Errorf("moved to %s: %+v", dir, f)
	}
	if err := moved.Kill(t.Context(), "n1"); err == nil || !strings.Contains(err.Error(), "docker compose -f '"+dir+"'/compose.yaml kill n1") {
		t.Errorf("killing a container: %v", err)
	}
}
