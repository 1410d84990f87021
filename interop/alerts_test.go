package interop

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"

	"toychain/deploy"
)

// story is a Prometheus that has seen these series, a sample every five seconds from the
// beginning of time on, with our rules evaluated as often.
type story struct {
	t      *testing.T
	engine *promql.Engine
	query  rules.QueryFunc
	groups []*rules.Group
}

func tell(t *testing.T, series string, long time.Duration) *story {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(deploy.Rules), 0o600); err != nil {
		t.Fatal(err)
	}
	load := "load 5s\n"
	for line := range strings.Lines(series) {
		if line = strings.TrimSpace(line); line != "" {
			load += "  " + line + "\n" // an empty line would end it
		}
	}
	storage := promqltest.LoadedStorage(t, load)
	t.Cleanup(func() { storage.Close() })
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	s := &story{t: t, engine: engine, query: rules.EngineQueryFunc(engine, storage)}
	m := rules.NewManager(&rules.ManagerOptions{NameValidationScheme: model.LegacyValidation, QueryFunc: s.query, Appendable: storage,
		Queryable: storage, NotifyFunc: func(context.Context, string, ...*rules.Alert) {}})
	groups, errs := m.LoadGroups(5*time.Second, labels.EmptyLabels(), "", nil, false, path)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, g := range groups {
		s.groups = append(s.groups, g)
	}
	slices.SortFunc(s.groups, func(a, b *rules.Group) int { return strings.Compare(b.Name(), a.Name()) }) // levels before alerts
	for at := time.Duration(0); at <= long; at += 5 * time.Second {
		for _, g := range s.groups {
			g.Eval(t.Context(), time.Unix(0, 0).Add(at))
		}
	}
	return s
}

// firing returns the alerts that call for help now, each with its node.
func (s *story) firing() string {
	var out []string
	for _, g := range s.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if a.State == rules.StateFiring {
					out = append(out, strings.TrimSpace(r.Name()+" "+a.Labels.Get("node")))
				}
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// value returns what a query gives at a time.
func (s *story) value(expr string, at time.Duration) float64 {
	s.t.Helper()
	v, err := s.query(s.t.Context(), expr, time.Unix(0, 0).Add(at))
	if err != nil {
		s.t.Fatal(err)
	}
	if len(v) != 1 {
		return math.NaN()
	}
	return v[0].F
}

const healthy = `
  up{job="toychain",node="n1"} 1x240
  up{job="toychain",node="n2"} 1x240
  toychain_peers{node="n1"} 1x240
  toychain_peers{node="n2"} 1x240
  toychain_peers_blocked{node="n1"} 0x240
  toychain_peers_blocked{node="n2"} 0x240
`

// stories are what Prometheus may see, and which alerts that calls for.
var stories = []struct {
	name, series string
	long         time.Duration
	want         string
}{
	{"all is well", healthy + `
			toychain_chain_tip_fingerprint{node="n1"} 7x240
			toychain_chain_tip_fingerprint{node="n2"} 7x240`, 10 * time.Minute, ""},
	{"a node is down", `
			up{job="toychain",node="n1"} 1x240
			up{job="toychain",node="n2"} 1x60 0x180`, 6 * time.Minute, "ToychainNodeDown n2"},
	{"down, and more than the budget", `
			up{job="toychain",node="n1"} 1x240
			up{job="toychain",node="n2"} 1x60 0x180`, 8 * time.Minute, "ToychainNodeDown n2, ToychainUnavailable n2"},
	{"two tips, for a moment", healthy + `
			toychain_chain_tip_fingerprint{node="n1"} 7x240
			toychain_chain_tip_fingerprint{node="n2"} 7x20 8x4 7x200`, 3 * time.Minute, ""},
	{"two tips", healthy + `
			toychain_chain_tip_fingerprint{node="n1"} 7x240
			toychain_chain_tip_fingerprint{node="n2"} 7x20 8x200`, 5 * time.Minute, "ToychainSplit"},
	{"two tips by command", `
			toychain_peers_blocked{node="n1"} 0x20 1x200
			toychain_peers_blocked{node="n2"} 0x20 1x200
			toychain_peers{node="n1"} 1x20 0x200
			up{job="toychain",node="n1"} 1x240
			up{job="toychain",node="n2"} 1x240
			toychain_chain_tip_fingerprint{node="n1"} 7x240
			toychain_chain_tip_fingerprint{node="n2"} 7x20 8x200`, 5 * time.Minute, "ToychainSplit"},
	{"nobody talks to n2", `
			up{job="toychain",node="n1"} 1x240
			up{job="toychain",node="n2"} 1x240
			up{job="toychain",node="n3"} 1x240
			toychain_peers{node="n1"} 2x20 1x200
			toychain_peers{node="n2"} 2x20 0x200
			toychain_peers_blocked{node="n2"} 1x240`, 5 * time.Minute, "ToychainAlone n2"}, // not by command: it may talk to n3
	{"bodies are missing", `
			toychain_chain_headers_blocks{node="n2"} 5x20 90x200
			toychain_chain_height_blocks{node="n2"} 5x240`, 5 * time.Minute, "ToychainBehind n2"},
	{"slow payments, as Prometheus 3 stores them", `
			toychain_payment_confirmation_seconds_bucket{node="n1",le="60.0"} 0+9x240
			toychain_payment_confirmation_seconds_bucket{node="n1",le="+Inf"} 0+10x240
			toychain_payment_confirmation_seconds_count{node="n1"} 0+10x240`, 10 * time.Minute, "ToychainSlowConfirmations"},
	{"payments within the budget", `
			toychain_payment_confirmation_seconds_bucket{node="n1",le="60"} 0+96x240
			toychain_payment_confirmation_seconds_bucket{node="n1",le="+Inf"} 0+100x240
			toychain_payment_confirmation_seconds_count{node="n1"} 0+100x240`, 10 * time.Minute, ""},
	{"no blocks", `
			toychain_chain_tip_time_seconds{node="n1"} 100x240
			toychain_miner_hashes_total{node="n1"} 0+1000x240`, 10 * time.Minute, "ToychainNoBlocks"},
	{"no blocks, and nobody mines", `
			toychain_chain_tip_time_seconds{node="n1"} 100x240
			toychain_miner_hashes_total{node="n1"} 5x240`, 10 * time.Minute, ""},
	{"stale blocks", `
			toychain_chain_stale_blocks{node="n1"} 3x240
			toychain_chain_stale_blocks{node="n2"} 1x240
			toychain_chain_stored_blocks{node="n1"} 25x240`, 5 * time.Minute, "ToychainStaleBlocks"},
	{"stale blocks, too few to say", `
			toychain_chain_stale_blocks{node="n1"} 3x240
			toychain_chain_stored_blocks{node="n1"} 15x240`, 5 * time.Minute, ""},
	{"a deep reorganisation", `
			toychain_reorg_depth_blocks_bucket{node="n1",le="4"} 2x240
			toychain_reorg_depth_blocks_bucket{node="n1",le="+Inf"} 2x20 3x200
			toychain_reorg_depth_blocks_count{node="n1"} 2x20 3x200`, 5 * time.Minute, "ToychainDeepReorg"},
	{"bad blocks", `
			toychain_events_total{node="n1",kind="refused"} 0x20 2x200
			toychain_events_total{node="n1",kind="block"} 0+1x240`, 3 * time.Minute, "ToychainBadBlocks n1"},
}

// TestAlerts: each alert fires when it should, and only then.
func TestAlerts(t *testing.T) {
	for _, s := range stories {
		if got := tell(t, s.series, s.long).firing(); got != s.want {
			t.Errorf("%s: %q, want %q", s.name, got, s.want)
		}
	}
}

// TestRecordedLevels: the recording rules compute what they say, of samples whose answer
// is known.
func TestRecordedLevels(t *testing.T) {
	s := tell(t, `
		toychain_payment_confirmation_seconds_bucket{node="n1",le="10"} 0+5x120
		toychain_payment_confirmation_seconds_bucket{node="n1",le="60.0"} 0+9x120
		toychain_payment_confirmation_seconds_bucket{node="n1",le="120.0"} 0+10x120
		toychain_payment_confirmation_seconds_bucket{node="n1",le="+Inf"} 0+10x120
		toychain_payment_confirmation_seconds_count{node="n1"} 0+10x120
		toychain_chain_stale_blocks{node="n1"} 1x120
		toychain_chain_stale_blocks{node="n2"} 2x120
		toychain_chain_stored_blocks{node="n1"} 39x120
		toychain_chain_stored_blocks{node="n2"} 40x120
		toychain_chain_tip_fingerprint{node="n1"} 11x120
		toychain_chain_tip_fingerprint{node="n2"} 12x120
		toychain_chain_tip_fingerprint{node="n3"} 11x120
		up{job="toychain",node="n1"} 1x58 0x62`, 10*time.Minute)
	for expr, want := range map[string]float64{
		"job:toychain_payment_confirmation_seconds:p50_rate15m": 10,
		"job:toychain_payment_confirmation_seconds:p95_rate15m": 90, // half way through the last bucket
		"job:toychain_payment_confirmation_late:ratio_rate15m":  0.1,
		"job:toychain_chain_stale_blocks:ratio":                 0.05,
		"job:toychain_chain_tips:count":                         2,
	} {
		if got := s.value(expr, 10*time.Minute); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", expr, got, want)
		}
	}
	if got := s.value(`node:up:avg5m{node="n1"}`, 5*time.Minute); got <= 0.9 || got >= 1 {
		t.Errorf("availability after a failure at the end: %v", got)
	}
}
