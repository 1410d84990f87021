package server

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"toychain/internal/chaingen"
)

// scrape reads a node's metrics as Prometheus does. Those that the node is asked for
// are missing if it does not answer in time; then once more.
func scrape(w *world) (families map[string]*dto.MetricFamily) {
	w.t.Helper()
	w.until("the node tells its state", func() bool {
		families = scrapeOnce(w)
		return families["toychain_chain_height_blocks"] != nil
	})
	return families
}

func scrapeOnce(w *world) map[string]*dto.MetricFamily {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.url+"/metrics", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth(w.user, w.pass)
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return families
}

// observed returns how often a histogram was fed, and the sum.
func observed(families map[string]*dto.MetricFamily, name string) (count int, sum float64) {
	h := families[name].GetMetric()[0].GetHistogram()
	return int(h.GetSampleCount()), h.GetSampleSum()
}

func gaugeOf(families map[string]*dto.MetricFamily, name string) float64 {
	return families[name].GetMetric()[0].GetGauge().GetValue()
}

// TestMetricsAreDocumented: docs/metrics.md has every metric of ours with its type, and no
// other.
func TestMetricsAreDocumented(t *testing.T) {
	s := play(t)
	side := s.branch(5).Mine("r6", s.toBob).Mine("r7")
	s.submit(side.Parent.Block)
	s.submit(side.Block)
	var families map[string]*dto.MetricFamily
	s.until("the reorganisation was counted", func() bool {
		families = scrape(s.world)
		n, _ := observed(families, "toychain_reorg_depth_blocks")
		return n == 1
	})
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(toychain_[a-z_]+)` \\| ([a-z]+) \\| .{10,} \\|$").FindAllStringSubmatch(string(text), -1) {
		name, kind := row[1], row[2]
		documented[name] = true
		if f := families[name]; f == nil {
			t.Errorf("%s is documented, and no node has it", name)
		} else if got := strings.ToLower(f.GetType().String()); got != kind {
			t.Errorf("%s is a %s, documented as a %s", name, got, kind)
		}
	}
	for name, f := range families {
		if strings.HasPrefix(name, "toychain_") && !documented[name] {
			t.Errorf("%s is not documented", name)
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	if len(documented) < 20 {
		t.Errorf("only %d metrics in the table: is it read rightly?", len(documented))
	}
}

// TestServiceMetrics: a node's own share of the levels of service.
func TestServiceMetrics(t *testing.T) {
	s := play(t) // blocks 1 to 6; parent and child are in the mempool
	var before map[string]*dto.MetricFamily
	s.until("block 6 was counted", func() bool {
		before = scrape(s.world)
		return before["toychain_events_total"] != nil && countOfEvents(before, "tip") == 6
	})
	before = scrape(s.world) // one answer is not of one moment, but this one is later
	n, _ := observed(before, "toychain_block_adoption_seconds")
	is(s, "own blocks are heard of, too", n, 6)
	n, _ = observed(before, "toychain_payment_confirmation_seconds")
	is(s, "confirmed so far", n, 2) // toAlice, toBob
	begun := time.Now()

	s.mine(1, chaingen.Miner) // 7: parent and child
	// A longer branch without them: they go back, and are confirmed again, which does not count.
	rival := s.branch(6).Mine("r7").Mine("r8")
	s.submit(rival.Parent.Block)
	s.submit(rival.Block)
	s.mine(1, chaingen.Miner) // 9: again
	var after map[string]*dto.MetricFamily
	s.until("block 9 was counted", func() bool {
		after = scrape(s.world)
		return gaugeOf(after, "toychain_chain_height_blocks") == 9 && len(after["toychain_reorg_depth_blocks"].GetMetric()) == 1 &&
			after["toychain_events_total"] != nil && countOfEvents(after, "tip") == 9
	})
	after = scrape(s.world)
	n, sum := observed(after, "toychain_payment_confirmation_seconds")
	is(s, "confirmed for the first time", n, 4)
	if _, was := observed(before, "toychain_payment_confirmation_seconds"); sum < was || sum-was > 2*time.Since(s.node.Started()).Seconds() {
		t.Errorf("they waited %v s in all, %v s before", sum, was)
	}
	// 7, 8 of the rival and 9; not 7 of the rival, which was no tip.
	n, sum = observed(after, "toychain_block_adoption_seconds")
	is(s, "adopted", n, 9)
	if sum <= 0 || sum > 6*time.Since(s.node.Started()).Seconds()+time.Since(begun).Seconds() {
		t.Errorf("adopting blocks took %v s", sum)
	}
	is(s, "stored", gaugeOf(after, "toychain_chain_stored_blocks"), 10)
	is(s, "stale", gaugeOf(after, "toychain_chain_stale_blocks"), 1)
	fork, tip := gaugeOf(before, "toychain_chain_tip_fingerprint"), gaugeOf(after, "toychain_chain_tip_fingerprint")
	if fork == tip || tip != float64(uint64(tip)) || tip >= 1<<48 {
		t.Errorf("fingerprints %v and %v", fork, tip)
	}
	s.must("invalidateblock", rival.Hash)
	is(s, "the stale one is back", gaugeOf(scrape(s.world), "toychain_chain_stale_blocks"), 1)
	is(s, "stored but for the invalid", gaugeOf(scrape(s.world), "toychain_chain_stored_blocks"), 8)
}

func countOfEvents(families map[string]*dto.MetricFamily, kind string) float64 {
	for _, m := range families["toychain_events_total"].GetMetric() {
		if m.GetLabel()[0].GetValue() == kind {
			return m.GetCounter().GetValue()
		}
	}
	return 0
}
