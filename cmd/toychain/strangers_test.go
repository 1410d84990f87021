package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"

	"toychain/cmd/internal/cli"
	"toychain/wallet"
)

// evil moves the cursor, sets the clipboard, hides text and turns its direction.
const evil = "\x1b[2J\x1b]52;c;eA==\a\r\b\u009b31m\x1b[8m\u202e\x00"

// stranger stands between a node and its client. It adds evil to the n-th text of the answers.
type stranger struct {
	node  string
	mu    sync.Mutex
	n     int    // -1: to none
	seen  int    // texts so far
	plain string // if not "": it answers this, with the status, instead of the node
	code  int
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain != "" {
		w.WriteHeader(s.code)
		io.WriteString(w, s.plain)
		return
	}
	req, _ := http.NewRequestWithContext(r.Context(), r.Method, "http://"+s.node+r.URL.RequestURI(), r.Body)
	req.Header = r.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	in := json.NewDecoder(resp.Body)
	in.UseNumber()
	var answer any
	if err := in.Decode(&answer); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(resp.StatusCode)
	json.NewEncoder(w).Encode(s.change(answer))
}

// change returns a JSON value with evil in it, if its turn has come.
func (s *stranger) change(v any) any {
	switch v := v.(type) {
	case string:
		if s.seen++; s.seen-1 == s.n {
			return v + evil
		}
	case []any:
		for i := range v {
			v[i] = s.change(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = s.change(v[k])
		}
	}
	return v
}

// ours is what may be on a terminal besides text.
var ours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// onTerminal runs the program in this process as on a terminal, and returns all that it writes.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := &app{Terminal: cli.Terminal{Stdin: os.Stdin, Stdout: cli.ScreenOutput(f), Stderr: cli.ScreenOutput(f)}, workFactor: wallet.CheapWorkFactor}
	root := a.rootCommand()
	root.SetArgs(args)
	failed := a.explain(root.ExecuteContext(t.Context()))
	a.Report(t.Context(), a.command, failed, exitCode)
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestStrangersTexts: whatever text of an answer a node fills with control characters, its own or
// one that it has from a peer or a block, none of them comes to the terminal.
func TestStrangersTexts(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	node := exec.Command("toychain", "node", "run", "--rpc", "127.0.0.1:0", "--name", "n1")
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	defer node.Wait()
	defer node.Process.Kill()
	if !bufio.NewScanner(out).Scan() { // it runs once it prints its addresses
		t.Fatal("the node does not start")
	}
	dir := filepath.Join(os.Getenv("HOME"), ".toychain/toy")
	addr, err := os.ReadFile(filepath.Join(dir, addrFile))
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{node: string(bytes.TrimSpace(addr)), n: -1}
	between := httptest.NewServer(s)
	defer between.Close()
	run := func(line string) string {
		t.Helper()
		text := onTerminal(t, append(strings.Fields(line), "--rpc", strings.TrimPrefix(between.URL, "http://"), "--cookie", filepath.Join(dir, ".cookie"))...)
		if i := strings.IndexFunc(ours.ReplaceAllString(text, ""), bad); i >= 0 {
			t.Errorf("toychain %s, text %d: %q", line, s.n, text)
		}
		return text
	}
	run("wallet create --no-passphrase")
	onTerminal(t, "wallet", "create", "--no-passphrase")
	run("mine 12")
	run("wallet send " + strings.TrimSpace(run("wallet address")) + " 20")
	for _, line := range strings.Split(`chain info
chain tree
chain block 12
chain block 1000
chain pool
chain reorgs
wallet balance
wallet history
wallet list
peers list
rpc help
rpc getmempoolinfo
rpc getblock 1
rpc nonsense
mine 1`, "\n") {
		s.seen = 0
		run(line)
		const most = 60
		texts := min(s.seen, most)
		for s.n = 0; s.n < texts; s.n++ {
			s.seen = 0
			run(line)
		}
		t.Logf("%-20s %d texts", line, texts)
		message, err := json.Marshal("no" + evil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s.code = range []int{200, 401, 403, 404, 500, 503} {
			for _, s.plain = range []string{"no JSON" + evil, `{"result":null,"error":{"code":-5,"message":` + string(message) + `},"id":1}`} {
				run(line)
			}
		}
		s.n, s.plain = -1, ""
	}
}

// bad reports what must not be on a terminal: see cli.Output.
func bad(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}
