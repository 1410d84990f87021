package sim

import (
	"fmt"
	"testing"
)

// BenchmarkRun: a run, by its number of nodes; the figure is events a second of the real machine.
func BenchmarkRun(b *testing.B) {
	for _, nodes := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			events := uint64(0)
			for b.Loop() {
				cfg := small(1)
				cfg.Nodes, cfg.Blocks = nodes, 100
				r, err := Run(b.Context(), cfg)
				if err != nil {
					b.Fatal(err)
				}
				events += r.Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
