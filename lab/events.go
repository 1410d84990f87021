package lab

import (
	"fmt"
	"math/rand/v2"
)

// What an Event can be.
const (
	Found = "found" // From found Block on top of Parent
	Sent  = "sent"  // From sent Block to To, where it is at Until
	Tip   = "tip"   // Block is where From ended
)

// Event is something that happened in a run. Times are in seconds where the experiment has an
// interval, else in mean intervals between blocks.
type Event struct {
	At     float64 `json:"at"`
	Kind   string  `json:"kind"`
	From   string  `json:"from"`
	To     string  `json:"to,omitempty"`
	Until  float64 `json:"until,omitempty"`
	Block  string  `json:"block"`
	Parent string  `json:"parent,omitempty"`
}

// maxEvents is how many events of a run are kept: its beginning. A run has millions.
const maxEvents = 2000

// Events is the beginning of a run: of many races, the first one. All methods do nothing for nil.
type Events struct {
	List  []Event
	now   float64
	clock *rand.Rand // for models that have no times: it leaves the run's own random numbers alone
}

// NewEvents returns an empty list. Races that know only the order of their blocks get times from
// the seed.
func NewEvents(seed uint64) *Events { return &Events{clock: rand.New(rand.NewPCG(seed, 1))} }

// full reports whether no more is taken down.
func (e *Events) full() bool { return e == nil || len(e.List) >= maxEvents }

func (e *Events) add(v Event) {
	if !e.full() {
		e.List = append(e.List, v)
	}
}

// pass lets one random interval pass, with the given mean.
func (e *Events) pass(mean float64) {
	if e != nil {
		e.now += mean * e.clock.ExpFloat64()
	}
}

func (e *Events) found(by, block, parent string) {
	if e != nil {
		e.add(Event{At: e.now, Kind: Found, From: by, Block: block, Parent: parent})
	}
}

// sent is a block that needs the delay to arrive.
func (e *Events) sent(from, to, block string, delay float64) {
	if e != nil {
		e.add(Event{At: e.now, Kind: Sent, From: from, To: to, Until: e.now + delay, Block: block})
	}
}

// tip is where a party ended; the beginning of a run does not say that.
func (e *Events) tip(of, block string) {
	if e != nil {
		e.add(Event{At: e.now, Kind: Tip, From: of, Block: block})
	}
}

// genesis is the block that all chains begin with.
const genesis = "g"

// namedChain is a chain whose blocks have names, for events.
type namedChain struct {
	prefix string
	base   string // the parent of the first block
	blocks []string
}

func chainOf(prefix string) *namedChain { return &namedChain{prefix: prefix, base: genesis} }

// tip returns the name of the last block.
func (c *namedChain) tip() string {
	if len(c.blocks) == 0 {
		return c.base
	}
	return c.blocks[len(c.blocks)-1]
}

// grow appends a block and returns its name.
func (c *namedChain) grow() string {
	c.blocks = append(c.blocks, fmt.Sprintf("%s%d", c.prefix, len(c.blocks)+1))
	return c.tip()
}
