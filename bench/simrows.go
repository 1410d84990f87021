package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// simRows returns the rows of the simulator, on all cores beside one. SimBlock, without
// transactions and rules, took 16.1 s for 1,000 nodes by 1,000 blocks (shared figures of its
// README; it was not run here).
func (l *lab) simRows(binary string) []row {
	full := []string{"--nodes", strconv.Itoa(l.z.simNodes), "--blocks", strconv.Itoa(l.z.simBlocks)}
	light := append([]string{"--light"}, full...)
	seconds := func(r simulated) float64 { return r.Seconds }
	events := func(r simulated) float64 { return r.PerSecond }
	return []row{
		{name: "sim", what: fmt.Sprintf("%d nodes by %d blocks in virtual time", l.z.simNodes, l.z.simBlocks), unit: "s", less: true,
			ours:   contender{measure: simulating(binary, 0, full, seconds)},
			rival:  contender{name: "one core", measure: simulating(binary, 1, full, seconds)},
			target: "≤ 16 s, 2 GB", met: func(s, _ float64) bool { return s <= 16 }},
		{name: "sim-light", what: "the same with headers only", unit: "/s",
			ours:   contender{measure: simulating(binary, 0, light, events)},
			rival:  contender{name: "one core", measure: simulating(binary, 1, light, events)},
			target: "≥ 2,000,000 /s", met: func(perSecond, _ float64) bool { return perSecond >= 2_000_000 }},
	}
}

// simulated is what `toychain sim --json` says that the benchmark needs.
type simulated struct {
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"events_per_second"`
	PeakMemory uint64  `json:"peak_memory_bytes"`
}

// maxSimMemory is what a run of the row may take.
const maxSimMemory = 2_000_000_000

// simulating runs the simulator on so many cores, 0 for all.
func simulating(binary string, cores int, args []string, figure func(simulated) float64) measure {
	return func(ctx context.Context, _ *subject) (float64, error) {
		cmd := exec.CommandContext(ctx, binary, append([]string{"sim", "--seed", "1", "--json"}, args...)...)
		if cores > 0 {
			cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
		}
		out, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("%s sim: %w", binary, err)
		}
		var r simulated
		if err := json.Unmarshal(out, &r); err != nil {
			return 0, fmt.Errorf("%s sim: %w", binary, err)
		}
		if r.PeakMemory > maxSimMemory {
			return 0, fmt.Errorf("%s sim: %d bytes of memory, at most %d", binary, r.PeakMemory, maxSimMemory)
		}
		return figure(r), nil
	}
}
