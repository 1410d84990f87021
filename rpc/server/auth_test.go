package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"toychain/rpc"
)

// TestCookie: only its owner can read it, and it is removed when the node stops.
func TestCookie(t *testing.T) {
	w := start(t)
	path := filepath.Join(w.dir, rpc.CookieName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("cookie: %v, %v; want mode 0600", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "__cookie__:") || len(text) != len("__cookie__:")+64 {
		t.Errorf("cookie %q, %v; want __cookie__: and 64 hex digits", text, err)
	}
	w.end()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the cookie is there after the end: %v", err)
	}
	if _, err := rpc.Dial(w.server.Addr(), path); !errors.Is(err, rpc.ErrUnreachable) {
		t.Errorf("dialling without a cookie: %v, want ErrUnreachable", err)
	}
	if _, err := w.BlockCount(context.Background()); !errors.Is(err, rpc.ErrUnreachable) || !strings.Contains(err.Error(), "toychain node run") {
		t.Errorf("calling a node that stopped: %v, want ErrUnreachable and what to do", err)
	}
}

// TestCookieChanges: a client can go on after the node was restarted.
func TestCookieChanges(t *testing.T) {
	dir := t.TempDir()
	w := startIn(t, dir, Config{})
	addr := w.server.Addr()
	w.end()
	again := startIn(t, dir, Config{Listen: addr})
	if n, err := w.BlockCount(again.ctx); err != nil || n != 0 {
		t.Errorf("an old client of a restarted node: %d, %v", n, err)
	}
}

func TestPassword(t *testing.T) {
	w := startIn(t, t.TempDir(), Config{User: "sue", Pass: "secret"})
	if _, err := rpc.NewClient(w.server.Addr(), "sue", "secret").BlockCount(w.ctx); err != nil {
		t.Errorf("with the right password: %v", err)
	}
	for _, row := range [][2]string{{"sue", "Secret"}, {"sue", ""}, {"", ""}, {"__cookie__", "secret"}, {"sue", w.pass}, {"sue\x00", "secret"}} {
		c := rpc.NewClient(w.server.Addr(), row[0], row[1])
		if _, err := c.BlockCount(w.ctx); !errors.Is(err, rpc.ErrRefused) {
			t.Errorf("as %q: %v, want ErrRefused", row, err)
		}
		c.Close()
	}
	for _, path := range []string{"/", "/events", "/metrics"} {
		resp, err := http.Get("http://" + w.server.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != `Basic realm="jsonrpc"` {
			t.Errorf("%s without a password: %s", path, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestOtherPages: a page of another origin cannot call the node, even if the browser
// knows the password.
func TestOtherPages(t *testing.T) {
	w := start(t)
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.url, strings.NewReader(`{"method":"stop"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(w.user, w.pass)
	req.Header.Set("Origin", "http://example.com")
	resp, err := w.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a call from another page: %s", resp.Status)
	}
	if _, err := w.BlockCount(w.ctx); err != nil {
		t.Error(err)
	}
}

func TestHealth(t *testing.T) {
	w := start(t)
	defer http.DefaultClient.CloseIdleConnections()
	w.until("it is healthy", func() bool { // it is not while it stands still for two seconds
		resp, err := http.Get("http://" + w.server.Addr() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// A monitor needs no password, and does not wait for a node that hangs.
func TestClientHealth(t *testing.T) {
	w := start(t)
	c := rpc.NewClient(w.server.Addr(), "", "")
	defer c.Close()
	w.until("it is healthy", func() bool { return c.Health(w.ctx) == nil })
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer sick.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, addr := range []string{sick.URL, gone.Addr().String()} {
		c := rpc.NewClient(addr, "", "")
		if err := c.Health(w.ctx); !errors.Is(err, rpc.ErrUnreachable) {
			t.Errorf("%s: %v, want ErrUnreachable", addr, err)
		}
		c.Close()
	}
}

func TestPortInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	dir := t.TempDir()
	_, err = New(Config{Listen: other.Addr().String(), Dir: dir}, nil)
	if err == nil || !strings.Contains(err.Error(), "another program has that port") {
		t.Errorf("port in use: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("a server that could not start left %v", files)
	}
	if _, err = New(Config{Listen: "127.0.0.1:0"}, nil); err == nil {
		t.Error("a server that no client can log in to was made")
	}
}

// TestBearer: the text of the cookie is a token; nothing else is.
func TestBearer(t *testing.T) {
	w := start(t)
	cookie, err := os.ReadFile(filepath.Join(w.dir, rpc.CookieName))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]int{
		"Bearer " + string(cookie): http.StatusOK,
		"Bearer " + w.pass:         http.StatusUnauthorized,
		"Bearer ":                  http.StatusUnauthorized,
		"Bearer __cookie__:":       http.StatusUnauthorized,
		"Digest " + string(cookie): http.StatusUnauthorized,
	} {
		req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["Authorization"] = []string{header}
		resp, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: %s, want %d", header, resp.Status, want)
		}
	}
}

// TestCheckLogin: a user without a password, or that could not log in, is refused at the start.
func TestCheckLogin(t *testing.T) {
	for _, c := range []struct{ user, pass, want string }{
		{"bob", "", "has no password"}, {"", "secret", "without a user"}, {"bob:x", "secret", "has a colon"}, {"", "", ""}, {"bob", "a:b", ""},
	} {
		err := checkLogin(c.user, c.pass)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q %q: %v, want %q", c.user, c.pass, err, c.want)
		}
		if _, err := New(Config{User: c.user, Pass: c.pass, Dir: t.TempDir(), Listen: "what:what"}, nil); c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("New: %v", err)
		}
	}
}

// TestOtherSites: a browser that may know the password does not read /events and /metrics for a
// page of another site.
func TestOtherSites(t *testing.T) {
	w := start(t)
	host := w.server.Addr()
	for _, path := range []string{"/events", "/metrics"} {
		for _, c := range []struct {
			name, value string
			want        int
		}{
			{"X", "y", http.StatusOK}, {"Sec-Fetch-Site", "same-origin", http.StatusOK}, {"Sec-Fetch-Site", "none", http.StatusOK}, {"Origin", "http://" + host, http.StatusOK},
			{"Sec-Fetch-Site", "cross-site", http.StatusForbidden}, {"Sec-Fetch-Site", "same-site", http.StatusForbidden}, {"Origin", "http://evil.example", http.StatusForbidden},
		} {
			req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://"+host+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(w.user, w.pass)
			req.Header.Set(c.name, c.value)
			resp, err := w.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.StatusCode != c.want {
				t.Errorf("%s, %s: %s: status %d, want %d", path, c.name, c.value, resp.StatusCode, c.want)
			}
		}
	}
}
