package replay

import (
	"fmt"
	"strings"
	"time"

	"toychain/rpc"
	"toychain/testnet/draw"
)

// What can happen. A testnet's own events have the names of history.Action: up,
// partition, heal, kill, pause, resume, restart, down, and what else was done to it.
const (
	Header = "header" // a node learnt of a block whose transactions, or ancestors, it had to wait for
	Block  = "block"  // a node has a block and all that is below it
	Tip    = "tip"    // a node's best chain grew by a block
	Reorg  = "reorg"  // a node went over to another branch
)

// Event is one thing that happened.
type Event struct {
	N      int           `json:"n"`         // from 1, in the order of time
	TimeMS int64         `json:"time_ms"`   // since 1970; see history.CorrectClocks
	Offset int64         `json:"offset_ms"` // since the first event
	Node   string        `json:"node"`      // at which node; "" if to all of them
	Event  string        `json:"event"`
	Block  *rpc.BlockRef `json:"block,omitempty"` // header, block, tip; reorg: the new tip
	Miner  string        `json:"miner,omitempty"` // block: what its miner wrote into it
	Born   bool          `json:"born,omitempty"`  // header, block: no node knew it before
	Reorg  *rpc.Reorg    `json:"reorg,omitempty"`
	Gap    bool          `json:"gap,omitempty"`   // tip, reorg: how the node came to where it began is not known
	Args   []string      `json:"args,omitempty"`  // of what was done to the testnet: groups like "n1,n2"; how many nodes came up
	Idle   bool          `json:"idle,omitempty"`  // heal: nothing was cut
	Error  string        `json:"error,omitempty"` // why what was done to the testnet failed

	place order
}

// At returns how long after the first event it happened.
func (e *Event) At() time.Duration { return time.Duration(e.Offset) * time.Millisecond }

// String tells of the event in a few words, without when and where.
func (e *Event) String() string {
	switch {
	case e.Error != "":
		return fmt.Sprintf("%s failed: %s", strings.TrimSpace(clean(e.Event)+" "+plain(e.Args...)), strings.SplitN(e.Error, "\n", 2)[0])
	case e.Idle:
		return "healed, and nothing was cut"
	case e.Gap:
		return e.words() + " (how it came there is not in its journal)"
	}
	return e.words()
}

func (e *Event) words() string {
	switch e.Event {
	case Header:
		return "hears of " + name(e.Block)
	case Block:
		if e.Born {
			return "has " + name(e.Block) + ", new, mined by " + clean(e.Miner)
		}
		return "has " + name(e.Block)
	case Tip:
		return "stands on " + name(e.Block)
	case Reorg:
		return fmt.Sprintf("reorganisation: %s → %s, fork %s, %d left, %d joined", name(&e.Reorg.From), name(&e.Reorg.To),
			name(&e.Reorg.Fork), len(e.Reorg.Left), len(e.Reorg.Joined))
	case "up":
		return "the testnet comes up, nodes: " + strings.Join(e.Args, " ")
	case "down":
		return "the testnet goes down"
	case "partition":
		return "the network is cut: " + strings.Join(e.Args, " | ")
	case "heal":
		return "the network is healed"
	case "kill":
		return "is killed"
	case "pause":
		return "is paused"
	case "resume":
		return "goes on"
	case "restart", "start":
		return "is started again"
	case "connect":
		if len(e.Args) == 0 {
			return "each node is connected with each, or with its neighbours"
		}
		return "the connections are now: " + plain(e.Args...)
	case "link":
		if len(e.Args) == 3 {
			return fmt.Sprintf("the line between %s and %s: %s", plain(e.Args[0]), plain(e.Args[1]), plain(e.Args[2]))
		}
	case "clock":
		switch by, err := time.ParseDuration(strings.Join(e.Args, "")); {
		case err != nil:
		case by == 0:
			return "its clock is right"
		default:
			return fmt.Sprintf("its clock is %v %s", by.Abs(), map[bool]string{true: "fast", false: "slow"}[by > 0])
		}
	case "wipe": // which empties the journal, too
		return "its disk is wiped; what it had before is not in its journal"
	case "corrupt":
		return "bytes on its disk are wrong"
	case "reindex":
		return "rebuilds what it keeps"
	case "lose":
		return "loses its " + plain(e.Args...)
	}
	return strings.TrimSpace(clean(e.Event) + " " + plain(e.Args...))
}

func name(b *rpc.BlockRef) string { return fmt.Sprintf("%d %s", b.Height, b.Hash.Short()) }

// clean returns what a stranger wrote, fit for a terminal.
func clean(s string) string {
	if s == "" {
		return "somebody"
	}
	return draw.Printable(s)
}

// plain returns words out of a file, fit for a terminal, none of them long.
func plain(texts ...string) string {
	words := strings.Fields(strings.Join(texts, " "))
	for i := range words {
		words[i] = draw.Printable(words[i])
	}
	return strings.Join(words, " ")
}

func refOf(b *rpc.TreeBlock) *rpc.BlockRef { return &rpc.BlockRef{Hash: b.Hash, Height: b.Height} }

// order is where an event stands among those of one node: its time, then the block
// that it is about as blocks became complete, then what depends on what.
type order struct {
	ms   int64
	turn int
	kind int
}

func (a order) before(b order) bool {
	if a.ms != b.ms {
		return a.ms < b.ms
	}
	if a.turn != b.turn {
		return a.turn < b.turn
	}
	return a.kind < b.kind
}
