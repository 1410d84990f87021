package explorer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tried is a Controls that remembers what it was asked to do.
type tried struct{ did chan string }

func (tried) List() []Control {
	return []Control{{Verb: "heal", Label: "heal", Command: "toychain testnet heal"}}
}

func (c tried) Do(_ context.Context, verb string, values map[string]string) error {
	if verb != "heal" {
		return errors.New("no such thing as " + verb)
	}
	c.did <- verb + " " + values["node"]
	return nil
}

// serve runs a server with one block, whose miner is hostile.
func serve(t *testing.T, c Controls) *Server {
	t.Helper()
	l := NewLog("a <b>test</b>", true)
	l.Reset(State{Blocks: []Block{{Hash: hashOf("g"), Txs: 1, Miner: `<script>alert(1)</script>`}}, Nodes: []Node{{Name: "<i>n1</i>", Tip: hashOf("g"), State: "up"}}})
	s, err := NewServer(Config{Listen: "127.0.0.1:0", Log: l, Controls: c, Facts: func() map[string]Facts { return map[string]Facts{"n1": {Mempool: 7}} }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

// ask sends a request with headers NAME: VALUE, and returns the status and the body.
func request(t *testing.T, s *Server, method, path, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(s.URL(), "/")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// TestGuards: names that another site could make, other sites' pages and changes without the
// token get 403.
func TestGuards(t *testing.T) {
	c := tried{make(chan string, 9)}
	s := serve(t, c)
	own := strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/")
	heal := `{"verb": "heal", "values": {"node": "n1"}}`
	for _, row := range []struct {
		method, path, body string
		headers            []string
		want               int
	}{
		{"GET", "/", "", nil, 200},
		{"GET", "/api/snapshot", "", nil, 200},
		{"GET", "/api/snapshot", "", []string{"Host: localhost:99"}, 200},
		{"GET", "/api/snapshot", "", []string{"Host: [::1]:99"}, 200},
		{"GET", "/api/snapshot", "", []string{"Host: evil.example"}, 403},
		{"GET", "/", "", []string{"Host: 127.0.0.1.evil.example:80"}, 403},
		{"GET", "/api/snapshot", "", []string{"Origin: http://" + own}, 200},
		{"GET", "/api/snapshot", "", []string{"Origin: http://evil.example"}, 403},
		{"GET", "/api/snapshot", "", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"GET", "/", "", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 200},
		{"POST", "/api/do", heal, []string{"X-Toychain-Token: " + s.token, "Origin: http://evil.example"}, 403},
		{"POST", "/api/do", heal, []string{"X-Toychain-Token: " + s.token, "Origin: null"}, 403},
		{"POST", "/api/do", heal, []string{"X-Toychain-Token: " + s.token, "Host: evil.example"}, 403},
		{"POST", "/api/do", heal, nil, 403},
		{"POST", "/api/do", heal, []string{"X-Toychain-Token: " + strings.ToLower(s.token)}, 403},
		{"POST", "/api/do", heal, []string{"X-Toychain-Token: " + s.token}, 204},
		{"POST", "/api/do", `{"verb": "explode"}`, []string{"X-Toychain-Token: " + s.token}, 422},
		{"POST", "/api/do", `{`, []string{"X-Toychain-Token: " + s.token}, 400},
		{"POST", "/api/do", strings.Repeat(" ", 20<<10), []string{"X-Toychain-Token: " + s.token}, 400},
		{"GET", "/api/do", "", []string{"X-Toychain-Token: " + s.token}, 405},
		{"GET", "/assets/index.html", "", nil, 404},
		{"GET", "/block/zz", "", nil, 404},
		{"GET", "/tx/" + hashOf("g").String(), "", nil, 404},
	} {
		if got, text, head := request(t, s, row.method, row.path, row.body, row.headers...); got != row.want {
			t.Errorf("%s %s %v: %d %s, want %d", row.method, row.path, row.headers, got, text, row.want)
		} else if head.Get("Content-Security-Policy") != s.policy {
			t.Errorf("%s %s: the policy is %q", row.method, row.path, head.Get("Content-Security-Policy"))
		}
	}
	if got := <-c.did; got != "heal n1" || len(c.did) != 0 {
		t.Errorf("it did %q, and %d more", got, len(c.did))
	}
	only := serve(t, nil)
	if got, _, _ := request(t, only, "POST", "/api/do", heal, "X-Toychain-Token: "+only.token); got != 403 {
		t.Errorf("a network that is only shown can be changed: %d", got)
	}
	if _, text, _ := request(t, only, "GET", "/", ""); strings.Contains(text, only.token) {
		t.Error("a page that can change nothing has the token")
	}
}

// TestPolicy: nothing unsafe, the import map by its hash, and what others wrote is text.
func TestPolicy(t *testing.T) {
	s := serve(t, nil)
	_, text, head := request(t, s, "GET", "/", "")
	policy := head.Get("Content-Security-Policy")
	maps := regexp.MustCompile(`<script type="importmap">(.*?)</script>`).FindStringSubmatch(text)
	if maps == nil {
		t.Fatal("the page has no import map")
	}
	sum := sha256.Sum256([]byte(maps[1]))
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "require-trusted-types-for 'script'") ||
		!strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy is %q", policy)
	}
	_, block, _ := request(t, s, "GET", "/block/"+hashOf("g").String(), "")
	for _, page := range []string{text, block} {
		for _, bad := range []string{"<b>test", "<i>n1", "<script>alert", " style=", " onclick"} {
			if strings.Contains(page, bad) {
				t.Errorf("the page has %q as markup:\n%s", bad, page)
			}
		}
	}
	if !strings.Contains(block, "&lt;script&gt;alert(1)") {
		t.Errorf("what the miner wrote is missing:\n%s", block)
	}
}

// TestAssets: every file of the page has a type and an ETag by its content, and is sent once.
func TestAssets(t *testing.T) {
	s := serve(t, nil)
	total := 0
	for name, a := range s.assets {
		if strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".LICENSE") {
			continue
		}
		got, text, head := request(t, s, "GET", "/assets/"+name, "", "Accept-Encoding: identity")
		if got != 200 || text != string(a.plain) || head.Get("Content-Type") == "" || head.Get("ETag") != a.etag {
			t.Errorf("%s: %d, %v", name, got, head)
		}
		if got, text, _ := request(t, s, "GET", "/assets/"+name, "", "If-None-Match: "+a.etag); got != 304 || text != "" {
			t.Errorf("%s again: %d, %d bytes", name, got, len(text))
		}
		total += len(a.zip)
	}
	if t.Logf("the page weighs %d bytes compressed", total); total > 120_000 {
		t.Errorf("the page weighs %d bytes compressed, at most 120,000", total)
	}
}

// reader reads a stream of events.
type reader struct {
	t     *testing.T
	lines *bufio.Scanner
}

func listen(t *testing.T, s *Server, headers ...string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", s.URL()+"api/events", nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("the stream: %v, %v", answer, err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 8<<20)
	return &reader{t, lines}
}

// next returns the next event: its id, kind and data.
func (r *reader) next() (id, kind, data string) {
	r.t.Helper()
	for r.lines.Scan() {
		line := r.lines.Text()
		switch {
		case line == "" && kind != "":
			return id, kind, data
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "event: "):
			kind = line[7:]
		case strings.HasPrefix(line, "data: "):
			data = line[6:]
		}
	}
	r.t.Fatalf("the stream ended: %v", r.lines.Err())
	return
}

// must skips figures and demands an event.
func (r *reader) must(wantID, wantKind string) (data string) {
	r.t.Helper()
	for {
		id, kind, data := r.next()
		if kind == "facts" {
			continue
		}
		if id != wantID || kind != wantKind {
			r.t.Fatalf("got event %s with id %s: %s, want %s with id %s", kind, id, data, wantKind, wantID)
		}
		return data
	}
}

// TestStream: first a snapshot, then what happens, with the log's sequence numbers; a reader that
// comes back goes on where it was, unless that is too long ago.
func TestStream(t *testing.T) {
	s := serve(t, nil)
	r := listen(t, s)
	var snap Snapshot
	if err := json.Unmarshal([]byte(r.must("1", "snapshot")), &snap); err != nil || snap.Seq != 1 || len(snap.Base.Blocks) != 1 {
		t.Fatalf("the snapshot is %+v, %v", snap, err)
	}
	if _, kind, data := r.next(); kind != "facts" || !strings.Contains(data, `"mempool":7`) {
		t.Errorf("after the snapshot comes %s: %s, want the figures", kind, data)
	}
	for range 3 {
		s.cfg.Log.Append(Event{Kind: "tip", Node: "n1"})
	}
	r.must("2", "change")
	r.must("3", "change")
	r.must("4", "change")
	again := listen(t, s, "Last-Event-ID: 2")
	again.must("3", "change")
	again.must("4", "change")
	listen(t, s, "Last-Event-ID: 99").must("4", "snapshot") // of a server that ran before
	for range maxBehind + 1 {
		s.cfg.Log.Append(Event{Kind: "tip"})
	}
	listen(t, s, "Last-Event-ID: 3").must("2005", "snapshot") // too slow
	listen(t, s, "Last-Event-ID: 5").must("6", "change")
	s.cfg.Log.Reset(State{})
	listen(t, s, "Last-Event-ID: 2005").must("2006", "snapshot")
}

// TestStreamsAreBounded: one page more than there are places for is refused, and a place is free
// again when a page is closed.
func TestStreamsAreBounded(t *testing.T) {
	s := serve(t, nil)
	for range maxStreams {
		s.streams <- struct{}{}
	}
	if got, text, _ := request(t, s, "GET", "/api/events", ""); got != 503 || !strings.Contains(text, "close some") {
		t.Errorf("one too many: %d %s", got, text)
	}
	<-s.streams
	listen(t, s).must("1", "snapshot")
}

// TestListenError: an address that is taken is an error that says what to do.
func TestListenError(t *testing.T) {
	s := serve(t, nil)
	_, err := NewServer(Config{Listen: strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/"), Log: s.cfg.Log})
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("an address that is taken: %v", err)
	}
}

// TestMerklePath: the path leads to the merkle root, for every transaction of trees of any size.
func TestMerklePath(t *testing.T) {
	for n := 1; n <= 9; n++ {
		ids := hashes(n)
		root := rootOf(ids)
		for i := range ids {
			at := ids[i]
			for _, step := range merklePath(ids, i) {
				if step.OnPath == "left" && step.Left != at || step.OnPath == "right" && step.Right != at {
					t.Fatalf("%d of %d: the path leaves the tree", i, n)
				}
				at = step.Sum
			}
			if at != root {
				t.Errorf("%d of %d: the path ends in %s, want %s", i, n, at, root)
			}
		}
	}
}

// TestLabPolicy: only the lab's document lets WebAssembly be compiled, and without the lab's files there
// is none.
func TestLabPolicy(t *testing.T) {
	dir := t.TempDir()
	for name := range labFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x00asm"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, lab := range []string{"", dir} {
		s, err := NewServer(Config{Listen: "127.0.0.1:0", Log: NewLog("test", true), Lab: lab})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.listener.Close() })
		get := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", s.URL()+path, nil)
			w := httptest.NewRecorder()
			s.guard(s.routes()).ServeHTTP(w, r)
			return w
		}
		page, front, file := get("lab/"), get(""), get("lab/toychain-lab.wasm")
		const unsafe = "'wasm-unsafe-eval'"
		if has := strings.Contains(page.Header().Get("Content-Security-Policy"), unsafe); has != (lab != "") || strings.Contains(front.Header().Get("Content-Security-Policy"), unsafe) {
			t.Errorf("lab %q: the lab may compile: %t; the page's policy: %s", lab, has, front.Header().Get("Content-Security-Policy"))
		}
		want := http.StatusOK
		if lab == "" {
			want = http.StatusNotFound
		}
		if page.Code != want || file.Code != want || strings.Contains(front.Body.String(), `name="haslab"`) != (lab != "") || get("lab/..%2fsecret").Code != http.StatusNotFound {
			t.Errorf("lab %q: %d, %d", lab, page.Code, file.Code)
		}
		if lab != "" && file.Header().Get("Content-Type") != "application/wasm" {
			t.Errorf("the file is %s", file.Header().Get("Content-Type"))
		}
	}
}
