package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"toychain/explorer"
)

// page is a running explorer, and the state that its stream tells.
type page struct {
	t      *testing.T
	ctx    context.Context
	env    []string
	url    string
	token  string
	lines  *bufio.Scanner
	events []explorer.Event // since the snapshot
	nodes  map[string]explorer.Node
}

// toychain runs the program.
func (p *page) toychain(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.ctx, "toychain", args...)
	cmd.Env = p.env
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("toychain %s: %v: %s", strings.Join(args, " "), err, talk.String())
	}
	return string(out)
}

// openPage starts an explorer with these arguments and reads its stream.
func openPage(t *testing.T, ctx context.Context, env []string, args ...string) *page {
	t.Helper()
	p := &page{t: t, ctx: ctx, env: env, nodes: map[string]explorer.Node{}}
	cmd := exec.CommandContext(ctx, "toychain", append([]string{"explorer", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	var first struct{ URL string }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || json.Unmarshal([]byte(line), &first) != nil || first.URL == "" {
		t.Fatalf("its first line is %q, %v", line, err)
	}
	p.url = first.URL
	p.token = regexp.MustCompile(`name="token" content="(\w*)"|$`).FindStringSubmatch(p.get("", 200))[1]
	p.follow()
	return p
}

// follow opens the stream.
func (p *page) follow() {
	p.t.Helper()
	r, _ := http.NewRequestWithContext(p.ctx, "GET", p.url+"api/events", nil)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { answer.Body.Close() })
	p.lines = bufio.NewScanner(answer.Body)
	p.lines.Buffer(nil, 64<<20)
}

// get asks for a page.
func (p *page) get(path string, want int) string {
	p.t.Helper()
	r, _ := http.NewRequestWithContext(p.ctx, "GET", p.url+path, nil)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != want {
		p.t.Fatalf("/%s: %s %s", path, answer.Status, text)
	}
	return string(text)
}

// do presses a button.
func (p *page) do(verb string, values map[string]string) {
	p.t.Helper()
	body, _ := json.Marshal(map[string]any{"verb": verb, "values": values})
	r, _ := http.NewRequestWithContext(p.ctx, "POST", p.url+"api/do", strings.NewReader(string(body)))
	r.Header.Set("X-Toychain-Token", p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusNoContent {
		p.t.Fatalf("%s %v: %s %s", verb, values, answer.Status, text)
	}
}

// until reads the stream until it has told what is asked.
func (p *page) until(what string, is func() bool) {
	p.t.Helper()
	kind := ""
	for !is() {
		if !p.lines.Scan() {
			p.t.Fatalf("waiting until %s: the stream ended: %v; events: %+v", what, p.lines.Err(), p.events)
		}
		line := p.lines.Text()
		if k, ok := strings.CutPrefix(line, "event: "); ok {
			kind = k
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		switch kind {
		case "snapshot":
			var s explorer.Snapshot
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				p.t.Fatal(err)
			}
			p.events = nil
			for _, n := range s.Base.Nodes {
				p.nodes[n.Name] = n
			}
			for _, e := range s.Events {
				p.take(e)
			}
		case "change":
			var e explorer.Event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				p.t.Fatal(err)
			}
			p.take(e)
		}
	}
}

func (p *page) take(e explorer.Event) {
	p.events = append(p.events, e)
	for _, n := range e.Nodes {
		p.nodes[n.Name] = n
	}
}

// happened reports whether an event of this kind and node was told.
func (p *page) happened(kind, node, text string) func() bool {
	return func() bool {
		return slices.ContainsFunc(p.events, func(e explorer.Event) bool {
			return e.Kind == kind && e.Node == node && strings.Contains(e.Text, text)
		})
	}
}

// tips returns how many different tips the nodes have.
func (p *page) tips() int {
	tips := map[string]bool{}
	for _, n := range p.nodes {
		tips[n.Tip.String()] = true
	}
	return len(tips)
}

// TestExplorer goes through the demo's story on the page of a testnet, by its buttons, and then on
// the page of its recording.
func TestExplorer(t *testing.T) {
	t.Parallel()
	ctx, cancel := contextWithPatience()
	defer cancel()
	dir := t.TempDir()
	t.Cleanup(func() { endTestnets(dir) })
	env := append(os.Environ(), "HOME="+dir)
	up := &page{t: t, ctx: ctx, env: env}
	up.toychain("testnet", "up", "3", "--window", "0", "--fund", "alice,bob")
	p := openPage(t, ctx, env)
	p.until("the nodes agree", func() bool { return len(p.nodes) == 3 && p.tips() == 1 })
	height := p.nodes["n1"].Height

	p.toychain("wallet", "send", "alice", "0.5", "--wallet", "bob", "--node", "n1")
	p.until("all have a payment that both sides will confirm", func() bool {
		return !strings.Contains(p.toychain("rpc", "getrawmempool", "--node", "n2")+p.toychain("rpc", "getrawmempool", "--node", "n3"), "[]")
	})
	p.do("cut", map[string]string{"groups": "n1 n2,n3"})
	p.until("the network is cut", p.happened("partition", "", "the network is cut: n1 | n2,n3"))
	p.do("twice", map[string]string{"from": "alice", "to": "bob", "amount": "1.5", "node": "n1", "other": "n3"})
	p.toychain("chat", "send", "on the left", "--wallet", "bob", "--node", "n1")
	p.toychain("mine", "1", "--node", "n1", "--to", "alice")
	p.toychain("mine", "2", "--node", "n3", "--to", "bob")
	p.until("there are two tips", func() bool {
		return p.nodes["n1"].Height == height+1 && p.nodes["n2"].Height == height+2 && p.nodes["n3"].Height == height+2
	})
	left := p.nodes["n1"].Tip
	p.do("heal", nil)
	p.until("n1 moves", p.happened("reorg", "n1", fmt.Sprintf("reorganisation: %d", height+1)))
	p.until("they agree", func() bool { return p.tips() == 1 })
	stale := p.get("block/"+left.String(), 200)
	for _, want := range []string{"This block left the best chain", fmt.Sprintf("is in block %d ", height+1), "too, which replaced it", "became impossible: its coin was spent by", "merkle root", "These nodes have it: n1"} {
		if !strings.Contains(stale, want) {
			t.Errorf("the page of the stale block lacks %q:\n%s", want, stale)
		}
	}
	tx := regexp.MustCompile(`/tx/(\w{64})">\w*</a></code> became impossible`).FindStringSubmatch(stale)
	if tx == nil {
		t.Fatal("the payment has no link")
	}
	text := p.get("tx/"+tx[1], 200)
	who := regexp.MustCompile(`/address/(\w+)`).FindStringSubmatch(text)
	for _, want := range []string{"The hash of all its bytes", "Its script has a signature of 7", "final, and the lock time does not count", "It names a public key by its hash", "lock time"} {
		if !strings.Contains(text+p.get("address/"+who[1], 200), want) {
			t.Errorf("the pages of the payment and its address lack %q", want)
		}
	}
	if !strings.Contains(text, "It is conflicted now") || who == nil || !strings.Contains(p.get("address/"+who[1], 200), tx[1]) {
		t.Errorf("the page of the payment:\n%s", text)
	}
	p.get("find?q="+fmt.Sprint(height), 200)
	p.get("find?q=999999", 404)

	p.do("kill", map[string]string{"node": "n2"})
	p.until("n2 is killed", func() bool { return p.nodes["n2"].State == "down" })
	p.do("restart", map[string]string{"node": "n2"})
	p.until("n2 answers", func() bool { return p.nodes["n2"].State == "up" })
	p.toychain("mine", "1", "--node", "n1", "--to", "alice")
	p.until("n2 has the next block", func() bool { return p.nodes["n2"].Height == height+3 && p.tips() == 1 })

	var status struct {
		Nodes []struct{ RPC, Cookie string }
	}
	if text, err := os.ReadFile(dir + "/.toychain/testnet/testnet.json"); err != nil || json.Unmarshal(text, &status) != nil || len(status.Nodes) != 3 {
		t.Fatalf("testnet.json: %v %+v", err, status)
	}
	for _, args := range [][]string{{"--node", status.Nodes[0].RPC, "--node", "http://" + status.Nodes[2].RPC}, {"--node", status.Nodes[0].RPC, "--cookie", status.Nodes[0].Cookie}} {
		byURL := openPage(t, ctx, env, args...)
		byURL.until("the nodes are there, by their names", func() bool {
			return byURL.nodes["n1"].Height == height+3 && (len(byURL.nodes) == 2) == (args[2] == "--node")
		})
	}

	site := dir + "/site"
	p.toychain("explorer", "--export", site)
	checkSite(t, site, left.String(), tx[1])

	trace := dir + "/run.jsonl"
	if err := os.WriteFile(trace, []byte(p.toychain("testnet", "replay", "--json")), 0o600); err != nil {
		t.Fatal(err)
	}
	then := openPage(t, ctx, env, "--trace", trace)
	then.until("the end of the recording is there", then.happened("restart", "n2", ""))
	for what, told := range map[string]func() bool{
		"the partition": then.happened("partition", "", "n1 | n2,n3"), "the move of n1": then.happened("reorg", "n1", fmt.Sprintf("reorganisation: %d", height+1)),
	} {
		if !told() {
			t.Errorf("the recording lacks %s", what)
		}
	}
	if then.token != "" {
		t.Error("a recording can be changed")
	}
}

// checkSite looks at an exported site: a stale block and a payment in it have pages with all fields, and
// every link leads to a file.
func checkSite(t *testing.T, site, stale, payment string) {
	t.Helper()
	for name, want := range map[string]string{"block/" + stale: "became impossible: its coin was spent by", "tx/" + payment: "It is conflicted now"} {
		if text, err := os.ReadFile(filepath.Join(site, name+".html")); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the site's page %s lacks %q: %v", name, want, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(site, "snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`writes: “on the left”`, `confirms what`, `"n1":"taken-back"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the site's recording lacks %s", want)
		}
	}
	href := regexp.MustCompile(`(?:href|src)="([^"#]+)`)
	links := 0
	err = filepath.WalkDir(site, func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".html" {
			return err
		}
		text, err := os.ReadFile(name)
		for _, m := range href.FindAllStringSubmatch(string(text), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
		return err
	})
	if err != nil || links < 50 {
		t.Errorf("%d links, %v", links, err)
	}
}

// TestExplorerStarts: "demo --explorer" says where the page is, and it shows the story's nodes.
func TestExplorerStarts(t *testing.T) {
	t.Parallel()
	ctx, cancel := contextWithPatience()
	defer cancel()
	dir := t.TempDir()
	t.Cleanup(func() { endTestnets(dir) })
	cmd := exec.CommandContext(ctx, "toychain", "demo", "--explorer", "--step")
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir)
	in, err := cmd.StdinPipe() // never written to: the demo rests after its first chapter
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	p := &page{t: t, ctx: ctx, nodes: map[string]explorer.Node{}}
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "the page: "); ok {
			p.url = url
			break
		}
	}
	p.follow()
	p.until("four nodes are there", func() bool { return len(p.nodes) == 4 })
	_ = cmd.Process.Signal(syscall.SIGINT)
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
}
