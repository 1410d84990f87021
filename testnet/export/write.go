package export

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"toychain/testnet"
)

// file is one file, at a path below the directory.
type file struct {
	path string
	mode os.FileMode // secrets are 0600; files that a container reads as another user 0644
	text string
}

const (
	secretMode = 0o600
	publicMode = 0o644
	loginFile  = "rpc.login" // user and password, as in a cookie file
)

// Compose writes a Compose file and the files that it needs, and describes the testnet in the
// directory.
func Compose(cfg Config) (*testnet.Testnet, error) {
	p, err := cfg.plan("0.0.0.0") // so that the port can be published
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	files := []file{{"compose.yaml", publicMode, p.fill("compose.yaml.tmpl")}}
	for _, n := range p.Nodes {
		files = append(files, file{n.Name + ".env", secretMode, p.env(n)})
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	compose := "docker compose -f " + word(filepath.Join(dir, "compose.yaml"))
	return p.write(dir, files, testnet.Orchestrator{Name: "Docker Compose", Commands: map[string]string{
		"kill": compose + " kill NODE", "pause": compose + " pause NODE", "resume": compose + " unpause NODE",
		"restart": compose + " restart NODE", "down": compose + " down",
	}})
}

// Kubernetes writes manifests, and describes the testnet in the directory.
func Kubernetes(cfg Config) (*testnet.Testnet, error) {
	p, err := cfg.plan("127.0.0.1") // the pod's own: port-forward leads there
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	kubectl := "kubectl --namespace " + namespace
	return p.write(dir, []file{
		{"manifests/network.yaml", publicMode, p.fill("network.yaml.tmpl")},
		{"manifests/secrets.yaml", secretMode, p.fill("secrets.yaml.tmpl")},
	}, testnet.Orchestrator{Name: "Kubernetes", Commands: map[string]string{
		"kill":    kubectl + " delete pod NODE-0 --grace-period=0 --force",
		"restart": kubectl + " rollout restart statefulset NODE",
		"down":    "kubectl delete namespace " + namespace,
	}})
}

// write writes the files, also those that are common to both kinds, and describes the testnet.
func (p *plan) write(dir string, files []file, runner testnet.Orchestrator) (*testnet.Testnet, error) {
	if err := testnet.Vacant(dir); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	files = append(files, file{loginFile, secretMode, p.User + ":" + p.Password + "\n"})
	network := p.Network
	if p.Parameters != "" {
		files = append(files, file{paramsFile, publicMode, p.Parameters})
		network = filepath.Join(dir, paramsFile)
	}
	for _, f := range files {
		if err := f.write(dir); err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
	}
	var nodes []testnet.Node
	for _, n := range p.Nodes {
		nodes = append(nodes, testnet.Node{Name: n.Name, RPC: fmt.Sprintf("127.0.0.1:%d", n.Port),
			Cookie: filepath.Join(dir, loginFile), PeerID: n.PeerID, Multiaddr: n.multiaddr()})
	}
	t, err := testnet.Describe(dir, network, nodes, runner)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return t, nil
}

func (f file) write(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(f.path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(f.text), f.mode); err != nil {
		return err
	}
	return os.Chmod(path, f.mode) // whatever the umask, and the mode of an older file
}

// env returns the secret environment of a node's container.
func (p *plan) env(n node) string {
	return fmt.Sprintf("TOYCHAIN_NODE_KEY=%s\nTOYCHAIN_RPC_USER=%s\nTOYCHAIN_RPC_PASSWORD=%s\n", n.Key, p.User, p.Password)
}

//go:embed template
var templates embed.FS

// fill fills in a template.
func (p *plan) fill(name string) string {
	t := template.Must(template.New(name).Funcs(template.FuncMap{"q": quote, "indent": indent}).
		ParseFS(templates, "template/"+name))
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		panic(fmt.Sprintf("export: %s: %v", name, err)) // the templates are ours
	}
	return out.String()
}

// quote writes a string, a number or a list for YAML. All JSON is YAML.
func quote(v any) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(out.String()), err
}

// indent indents each line of a text, to follow a "|".
func indent(spaces int, text string) string {
	space := strings.Repeat(" ", spaces)
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			out.WriteString(space)
		}
		out.WriteString(line)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// word quotes a path for a shell, if it needs quotes.
func word(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$&;|<>()*?[]#~`!{}", r) }) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
