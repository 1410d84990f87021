package interop

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestPrometheusRuns: a real Prometheus, Debian's 2.42 or a newer one, loads the configuration
// and the rules, scrapes the node and evaluates every rule without an error.
func TestPrometheusRuns(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("there is no prometheus here: apt-get install prometheus")
	}
	s := serve(t)
	dir, _ := watched(t, s)
	at := runPrometheus(t, s, program, dir)
	var targets struct {
		Data struct {
			ActiveTargets []struct{ Health, LastError string }
		}
	}
	for len(targets.Data.ActiveTargets) == 0 || targets.Data.ActiveTargets[0].Health == "unknown" {
		askPrometheus(t, s, at+"/api/v1/targets", &targets)
	}
	if x := targets.Data.ActiveTargets; len(x) != 1 || x[0].Health != "up" {
		t.Fatalf("targets %+v, want one that is up", x)
	}
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	for evaluated, all := 0, 1; evaluated < all; {
		askPrometheus(t, s, at+"/api/v1/rules", &rules)
		evaluated, all = 0, 0
		for _, g := range rules.Data.Groups {
			for _, r := range g.Rules {
				all++
				if r.Health != "unknown" {
					evaluated++
				}
				if r.LastError != "" {
					t.Fatalf("rule %s: %s", r.Name, r.LastError)
				}
			}
		}
		if all < 10 {
			t.Fatalf("%d rules: %+v", all, rules)
		}
	}
	var up struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	for len(up.Data.Result) == 0 {
		askPrometheus(t, s, at+"/api/v1/query?query=toychain_chain_height_blocks", &up)
	}
	if m := up.Data.Result[0].Metric; m["job"] != "toychain" || m["node"] != "n1" {
		t.Errorf("labels %v", m)
	}
}

// runPrometheus starts it on a free port and returns where it listens.
func runPrometheus(t *testing.T, s *served, program, dir string) (url string) {
	t.Helper()
	cmd := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+t.TempDir(),
		"--web.listen-address=127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for in := bufio.NewScanner(stderr); in.Scan(); {
			select {
			case lines <- in.Text():
			default: // the beginning is enough
			}
		}
	}()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended; cmd.Wait() })
	listens := regexp.MustCompile(`msg="?Listening on"? address=(127\.0\.0\.1:[1-9][0-9]*)`)
	for {
		select {
		case line := <-lines:
			if m := listens.FindStringSubmatch(line); m != nil {
				return "http://" + m[1]
			}
			t.Log(line)
		case <-ended:
			t.Fatal("prometheus ended")
		case <-s.ctx.Done():
			t.Fatal("prometheus does not say where it listens")
		}
	}
}

// askPrometheus asks once, a moment after the last time.
func askPrometheus(t *testing.T, s *served, url string, answer any) {
	t.Helper()
	select {
	case <-s.ctx.Done():
		t.Fatalf("%s: last answer %+v", url, answer)
	case <-time.After(100 * time.Millisecond):
	}
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatalf("%s: %s: %v", url, resp.Status, err)
	}
}
