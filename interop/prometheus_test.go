package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	promhttp "github.com/prometheus/common/config"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"toychain/deploy"
	"toychain/testnet/slo"
)

// watched writes what "toychain testnet prometheus" writes, with a live node, and returns the
// folder and what Prometheus reads in it.
func watched(t *testing.T, s *served) (dir string, jobs []*promconfig.ScrapeConfig) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"rules.yml": deploy.Rules,
		"prometheus.yml": deploy.Prometheus([]deploy.Node{{Name: "n1", Addr: s.addr, Cookie: s.cookie}})} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := promconfig.LoadFile(filepath.Join(dir, "prometheus.yml"), false, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	if jobs, err = cfg.GetScrapeConfigs(); err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	return dir, jobs
}

// scraped reads a live node's metrics with Prometheus' own client, as its configuration
// says, and returns the names of all series.
func scraped(t *testing.T, s *served, job *promconfig.ScrapeConfig) map[string]bool {
	t.Helper()
	client, err := promhttp.NewClientFromConfig(job.HTTPClientConfig, "toychain")
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	target := job.ServiceDiscoveryConfigs[0].(discovery.StaticConfig)[0]
	resp, err := client.Get(fmt.Sprintf("%s://%s%s", job.Scheme, target.Targets[0][model.AddressLabel], job.MetricsPath))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("scraping: %s %s", resp.Status, text)
	}
	if target.Labels["job"] != "toychain" || target.Labels["node"] != "n1" {
		t.Errorf("labels %v", target.Labels)
	}
	reader := expfmt.NewTextParser(model.LegacyValidation)
	families, err := reader.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"up": true} // Prometheus' own
	for name, f := range families {
		names[name] = true
		if strings.EqualFold(f.GetType().String(), "histogram") {
			names[name+"_bucket"], names[name+"_sum"], names[name+"_count"] = true, true, true
		}
	}
	return names
}

// series returns the names of the series that an expression reads, after it was
// parsed.
func series(t *testing.T, where, expr string) (out []string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return nil
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			out = append(out, v.Name)
		}
		return nil
	})
	return out
}

// TestWatchedByPrometheus: Prometheus reads our configuration, gets into a node with it, and
// every series that a rule or the dashboard wants is one that a node or a rule has.
func TestWatchedByPrometheus(t *testing.T) {
	s := serve(t)
	s.mine(1, "mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt") // a first call, which is when its series begins
	dir, jobs := watched(t, s)
	known := scraped(t, s, jobs[0])
	// A call is counted after its answer, and a node that stands still does not tell its state.
	for !known["toychain_rpc_duration_seconds_count"] || !known["toychain_chain_height_blocks"] {
		if s.ctx.Err() != nil {
			t.Fatalf("the node has only %v", known)
		}
		known = scraped(t, s, jobs[0])
	}
	groups, errs := rulefmt.ParseFile(filepath.Join(dir, "rules.yml"), false, model.LegacyValidation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	used := map[string]bool{}
	wanted := func(where, expr string) {
		for _, name := range series(t, where, expr) {
			used[name] = true
			if !known[name] {
				t.Errorf("%s: no node and no rule has %s", where, name)
			}
		}
	}
	alerts := 0
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			wanted("rule "+r.Record+r.Alert, r.Expr)
			if r.Record != "" {
				known[r.Record] = true
			}
			if r.Alert == "" {
				continue
			}
			alerts++
			if !strings.Contains(r.Annotations["runbook"], "toychain ") || r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s: no severity, summary, or runbook with a command", r.Alert)
			}
		}
	}
	panels := checkDashboard(t, wanted)
	if alerts < 10 || panels < 20 {
		t.Errorf("%d alerts and %d expressions of panels: are they read rightly?", alerts, panels)
	}
	for _, name := range []string{"toychain_block_adoption_seconds_bucket", "toychain_payment_confirmation_seconds_bucket",
		"toychain_chain_tip_fingerprint", "toychain_chain_stale_blocks", "up"} {
		if !used[name] {
			t.Errorf("nothing watches %s", name)
		}
	}
}

// checkDashboard hands out every expression of the dashboard, and returns how many.
func checkDashboard(t *testing.T, wanted func(where, expr string)) (n int) {
	t.Helper()
	type target struct {
		RefID string `json:"refId"`
		Expr  string `json:"expr"`
	}
	var dashboard struct {
		UID         string `json:"uid"`
		Annotations struct {
			List []target `json:"list"`
		} `json:"annotations"`
		Panels []struct {
			ID      int                      `json:"id"`
			Type    string                   `json:"type"`
			Title   string                   `json:"title"`
			Targets []target                 `json:"targets"`
			Grid    struct{ X, Y, W, H int } `json:"gridPos"`
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(deploy.Grafana), &dashboard); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range dashboard.Panels {
		if seen[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 || p.Grid.X+p.Grid.W > 24 || p.Grid.H == 0 {
			t.Errorf("panel %d %q: its id is taken, or it is empty or has no place", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, x := range p.Targets {
			wanted("panel "+p.Title, x.Expr)
			n++
		}
	}
	for _, x := range dashboard.Annotations.List {
		wanted("annotation", x.Expr)
	}
	return n
}

// TestRulesKeepTheTargets: the thresholds of the alerts are those of slo.toml.
func TestRulesKeepTheTargets(t *testing.T) {
	targets, err := slo.Parse(deploy.Targets)
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse([]byte(deploy.Rules), false, model.LegacyValidation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	expr := map[string]string{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			expr[r.Record+r.Alert] = r.Expr
		}
	}
	find := func(kind slo.Kind, key string) slo.Target {
		t.Helper()
		i := slices.IndexFunc(targets, func(x slo.Target) bool { return x.Kind == kind && x.Key == key })
		if i < 0 {
			t.Fatalf("no target %s %s", kind, key)
		}
		return targets[i]
	}
	target := find(slo.Confirmation, "p95")
	if end := bucketEnd(t, expr["job:toychain_payment_confirmation_late:ratio_rate15m"]); !slices.ContainsFunc(end, func(m *labels.Matcher) bool {
		seconds := target.Within.Seconds()
		return m.Matches(fmt.Sprint(seconds)) && m.Matches(fmt.Sprintf("%.1f", seconds)) && !m.Matches(fmt.Sprint(seconds+1))
	}) {
		t.Errorf("late confirmations: bucket %v, the target is %v", end, target)
	}
	for alert, want := range map[string]float64{
		"ToychainSlowConfirmations": 1 - target.Share,
		"ToychainStaleBlocks":       1 - find(slo.Stale, "ratio").Share,
		"ToychainUnavailable":       find(slo.Availability, "ratio").Share,
	} {
		if m := regexp.MustCompile(`[<>] ([0-9.]+)`).FindStringSubmatch(expr[alert]); m == nil || m[1] != fmt.Sprintf("%.4g", want) {
			t.Errorf("%s: %s, want %.4g", alert, expr[alert], want)
		}
	}
}

// bucketEnd returns what an expression wants of the label le.
func bucketEnd(t *testing.T, expr string) (out []*labels.Matcher) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			for _, m := range v.LabelMatchers {
				if m.Name == "le" {
					out = append(out, m)
				}
			}
		}
		return nil
	})
	return out
}
