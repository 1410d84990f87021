package sim

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed regions.txt
var regionsFile string

// region is a part of the world.
type region struct {
	name   string
	share  float64         // of the nodes
	delays []time.Duration // to each region
}

// regions is the table of regions.txt.
var regions = sync.OnceValue(func() []region {
	table, err := parseRegions(regionsFile)
	if err != nil {
		panic(err) // a test reads the file
	}
	return table
})

func parseRegions(text string) (out []region, err error) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("regions: %q: want a name, a share and the delays", line)
		}
		r := region{name: words[0]}
		if r.share, err = strconv.ParseFloat(words[1], 64); err != nil {
			return nil, fmt.Errorf("regions: share of %s: %w", r.name, err)
		}
		for _, word := range words[2:] {
			ms, err := strconv.Atoi(word)
			if err != nil || ms < 1 {
				return nil, fmt.Errorf("regions: delay %q of %s: want milliseconds, 1 or more", word, r.name)
			}
			r.delays = append(r.delays, time.Duration(ms)*time.Millisecond)
		}
		out = append(out, r)
	}
	for _, r := range out {
		if len(r.delays) != len(out) {
			return nil, fmt.Errorf("regions: %d delays of %s for %d regions", len(r.delays), r.name, len(out))
		}
	}
	return out, nil
}

// drawRegion draws where a node is.
func drawRegion(rng *rand.Rand) int {
	x := rng.Float64()
	for i, r := range regions() {
		if x -= r.share; x < 0 {
			return i
		}
	}
	return 0
}

func regionalDelay(a, b int) time.Duration { return regions()[a].delays[b] }

func leastRegional() time.Duration {
	least := maxDelay
	for _, r := range regions() {
		least = min(least, slices.Min(r.delays))
	}
	return least
}
