package rpc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBatchAnswers: answers that are none, too few, or to other calls.
func TestBatchAnswers(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `[{"id":1,"result":7}]`, `[{"result":7}]`, `[{"id":0},{"id":1}]`} {
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.Write([]byte(text)) }))
		c := NewClient(s.URL, "", "")
		if err := c.Batch(t.Context(), []Ask{{Method: "uptime"}}); err == nil {
			t.Errorf("%q is taken for an answer", text)
		}
		c.Close()
		s.Close()
	}
}

// FuzzCookie: what a cookie file says is user and password, or damage.
func FuzzCookie(f *testing.F) {
	f.Add([]byte("__cookie__:0123456789abcdef\n"))
	f.Add([]byte(":"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &Client{cookie: filepath.Join(t.TempDir(), CookieName)}
		if err := os.WriteFile(c.cookie, text, 0o600); err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSpace(string(text))
		err := c.readCookie()
		if (err == nil) != strings.Contains(want, ":") || err == nil && c.user+":"+c.pass != want {
			t.Fatalf("%q is %q and %q: %v", text, c.user, c.pass, err)
		}
	})
}

// TestFloat: numbers print as C++ prints them with sixteen digits.
func TestFloat(t *testing.T) {
	for v, want := range map[Float]string{0: "0", 1: "1", 4.6565423739069247e-10: "4.656542373906925e-10", 0.5: "0.5", 1.0 / 3: "0.3333333333333333",
		1e15: "1000000000000000", 1e16: "1e+16", 123456.789: "123456.789", 0.00015258556232547: "0.00015258556232547"} {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("%v prints as %s, %v, want %s", float64(v), got, err, want)
		}
	}
}
