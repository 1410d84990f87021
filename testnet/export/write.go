package export

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
// directory. The nodes listen on all addresses, so that the port can be published.
func Compose(cfg Config) (*testnet.Testnet, error) {
	return cfg.export("0.0.0.0", func(p *plan) ([]file, testnet.Orchestrator) {
		files := []file{{"compose.yaml", publicMode, p.fill("compose.yaml.tmpl")}}
		for _, n := range p.Nodes {
			files = append(files, file{n.Name + ".env", secretMode,
				fmt.Sprintf("TOYCHAIN_NODE_KEY=%s\nTOYCHAIN_RPC_USER=%s\nTOYCHAIN_RPC_PASSWORD=%s\n", n.Key, p.User, p.Password)})
		}
		const compose = "docker compose -f DIR/compose.yaml"
		return files, testnet.Orchestrator{Name: "Docker Compose", Commands: map[string]string{
			"kill": compose + " kill NODE", "pause": compose + " pause NODE", "resume": compose + " unpause NODE",
			"restart": compose + " restart NODE", "down": compose + " down", "logs": compose + " logs -f",
		}}
	})
}

// Kubernetes writes manifests, and describes the testnet in the directory. The nodes listen on
// the pod's loopback: port-forward leads there.
func Kubernetes(cfg Config) (*testnet.Testnet, error) {
	return cfg.export("127.0.0.1", func(p *plan) ([]file, testnet.Orchestrator) {
		kubectl := "kubectl --namespace " + namespace
		return []file{
				{"manifests/network.yaml", publicMode, p.fill("network.yaml.tmpl")},
				{"manifests/secrets.yaml", secretMode, p.fill("secrets.yaml.tmpl")},
			}, testnet.Orchestrator{Name: "Kubernetes", Commands: map[string]string{
				"kill":    kubectl + " delete pod NODE-0 --grace-period=0 --force",
				"restart": kubectl + " rollout restart statefulset NODE",
				"logs":    kubectl + " logs --prefix -f -l app.kubernetes.io/name=toychain",
				"down":    "kubectl delete namespace " + namespace,
			}}
	})
}

// export writes the files of one kind, those that are common to both, and the description of
// the testnet.
func (cfg Config) export(rpcHost string, kind func(p *plan) ([]file, testnet.Orchestrator)) (*testnet.Testnet, error) {
	p, err := cfg.plan(rpcHost)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	t, err := p.write(kind(p))
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return t, nil
}

// write writes the files, and describes the testnet.
func (p *plan) write(files []file, runner testnet.Orchestrator) (*testnet.Testnet, error) {
	if err := testnet.Vacant(p.dir); err != nil {
		return nil, err
	}
	files = append(files, file{loginFile, secretMode, p.User + ":" + p.Password + "\n"})
	network := p.Network
	if p.Parameters != "" {
		files = append(files, file{paramsFile, publicMode, p.Parameters})
		network = filepath.Join(p.dir, paramsFile)
	}
	for _, f := range files {
		if err := f.write(p.dir); err != nil {
			return nil, err
		}
	}
	var nodes []testnet.Node
	for _, n := range p.Nodes {
		nodes = append(nodes, testnet.Node{Name: n.Name, RPC: fmt.Sprintf("127.0.0.1:%d", n.Port),
			Cookie: filepath.Join(p.dir, loginFile), PeerID: n.PeerID, Multiaddr: n.multiaddr()})
	}
	return testnet.Describe(p.dir, network, nodes, runner)
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

// lineStart is the first character of each line that is not empty.
var lineStart = regexp.MustCompile(`(?m)^.`)

// indent indents the lines of a text, to follow a "|".
func indent(spaces int, text string) string {
	return strings.TrimSuffix(lineStart.ReplaceAllString(text, strings.Repeat(" ", spaces)+"$0"), "\n")
}
