package sim

import (
	"fmt"
	"time"

	"toychain/consensus"
)

// Config is what a run follows from; with the same one it gives the same bytes.
type Config struct {
	Nodes     int
	Blocks    int           // Run ends when the best chain has so many after genesis
	Seed      uint64        // of everything that is random
	Interval  time.Duration // mean time between all mined blocks, at the easiest target
	Delay     Delay         // of the links
	Loss      float64       // share of the gossip messages that are lost
	Bandwidth int64         // bytes a second in each direction of a link; 0: no limit
	Topology  Topology
	Degree    int       // of Random: neighbours that each node seeks; those that seek it come on top
	Shares    []float64 // of the hash power, one for each node; nil: equal

	Params   *consensus.Params // nil: a network whose target never changes
	Since    time.Duration     // how old the genesis block is; 0: a minute
	BlockMax int               // the largest block that a node makes, in bytes; 0: as large as any may be
	Payments bool              // people pay each other, about once a block
	Faults   bool              // each disk keeps what a start needs, and each node validates for itself
	Light    bool              // nodes are headers and the fork choice, and nothing else: nothing may go wrong
	Progress func(height int)  // called now and then; may be nil
	Trace    func(*Record)     // called for everything that happens, in order; may be nil
}

// Check returns what is wrong with the configuration.
func (c *Config) Check() error {
	switch {
	case c.Nodes < 1 || c.Nodes > maxNodes:
		return fmt.Errorf("%d nodes: want 1 to %d", c.Nodes, maxNodes)
	case c.Blocks < 0 || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want 1 to %d", c.Blocks, maxBlocks)
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	case c.Topology == Random && c.Degree < 1:
		return fmt.Errorf("a degree of %d: want 1 or more", c.Degree)
	case !(c.Loss >= 0 && c.Loss < 1):
		return fmt.Errorf("a loss of %v: want 0 to less than 1", c.Loss)
	case c.Light && (c.Loss > 0 || c.Faults || c.Payments):
		return fmt.Errorf("light nodes know headers only, and ask for nothing: no payments, loss or faults")
	case c.Bandwidth < 0:
		return fmt.Errorf("a bandwidth of %d: want bytes a second, or 0 for no limit", c.Bandwidth)
	case c.Shares != nil && len(c.Shares) != c.Nodes:
		return fmt.Errorf("%d shares of the hash power for %d nodes", len(c.Shares), c.Nodes)
	}
	sum := 0.0
	for _, s := range c.Shares {
		if !(s >= 0) {
			return fmt.Errorf("a share of %v: want 0 or more", s)
		}
		sum += s
	}
	if c.Shares != nil && sum == 0 {
		return fmt.Errorf("no node has a share of the hash power")
	}
	return c.Delay.Check()
}

// Limits of a run, so that its memory fits a laptop's.
const (
	maxNodes  = 100_000
	maxBlocks = 10_000_000
)

// params are those of a simulated network: the target never changes.
func params(interval time.Duration) *consensus.Params {
	p := consensus.Regtest()
	p.Name, p.Maturity, p.Halving = "sim", 10, 1_000_000
	p.Spacing = max(time.Second, interval.Round(time.Second))
	return p
}
