package replay

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"toychain/rpc"
	"toychain/testnet/draw"
)

// The events of nodes. Those of the testnet are the verbs of history.Action: up, partition,
// heal, kill, pause, resume, restart, down, ….
const (
	Header = "header" // a node received the header of a block that was not complete yet
	Block  = "block"  // a node has a block and its ancestors
	Tip    = "tip"    // a node's best chain grew by a block
	Reorg  = "reorg"  // a node switched to another branch
	Chat   = "chat"   // a message on the chain is something else at a node, see Said
)

// Event is one thing that happened.
type Event struct {
	N      int            `json:"n"`         // from 1, in the order of time
	TimeMS int64          `json:"time_ms"`   // since 1970; see history.CorrectClocks
	Offset int64          `json:"offset_ms"` // since the first event
	Node   string         `json:"node"`      // "" for all nodes
	Event  string         `json:"event"`
	Block  *rpc.BlockRef  `json:"block,omitempty"` // header, block, tip; reorg: the new tip
	Miner  string         `json:"miner,omitempty"` // block: the message of its miner
	Born   bool           `json:"born,omitempty"`  // header, block, chat: this is its first node
	Made   *rpc.TreeBlock `json:"made,omitempty"`  // header, block, if it is born: the block, as all nodes together know it now
	Reorg  *rpc.Reorg     `json:"reorg,omitempty"`
	Said   *Said          `json:"said,omitempty"`   // chat
	Gap    bool           `json:"gap,omitempty"`    // tip, reorg: the step from the tip before is not in the journal
	Args   []string       `json:"args,omitempty"`   // of the testnet's verbs: groups like "n1,n2"; the number of nodes
	Idle   bool           `json:"idle,omitempty"`   // heal: there was no partition
	Error  string         `json:"error,omitempty"`  // why a verb failed
	Undone bool           `json:"undone,omitempty"` // after which everything is as it was before

	place order
}

// At returns the time since the first event.
func (e *Event) At() time.Duration { return time.Duration(e.Offset) * time.Millisecond }

// String describes the event in a few words, without time and node.
func (e *Event) String() string {
	switch {
	case e.Error != "":
		return fmt.Sprintf("%s failed: %s", strings.TrimSpace(clean(e.Event)+" "+plain(e.Args...)), strings.SplitN(e.Error, "\n", 2)[0])
	case e.Idle:
		return "healed, without a partition"
	case e.Gap:
		return e.words() + " (the step before is not in its journal)"
	}
	return e.words()
}

// texts are the events that have always the same text.
var texts = map[string]string{
	"add": "joins the testnet", "down": "the testnet goes down", "heal": "the network is healed",
	"kill": "is killed", "pause": "is paused", "resume": "is resumed", "restart": "is started again", "start": "is started again",
	"wipe": "its disk is wiped, and its journal with it", "corrupt": "its database is damaged", "reindex": "rebuilds its database",
}

func (e *Event) words() string {
	if text, ok := texts[e.Event]; ok {
		return text
	}
	switch e.Event {
	case Header:
		return "has the header of " + name(e.Block)
	case Block:
		if e.Born {
			return "has " + name(e.Block) + ", new, mined by " + clean(e.Miner)
		}
		return "has " + name(e.Block)
	case Chat:
		return e.Said.Words(e.Born)
	case Tip:
		return "is on " + name(e.Block)
	case Reorg:
		return fmt.Sprintf("reorganisation: %s → %s, fork %s, %d left, %d joined", name(&e.Reorg.From), name(&e.Reorg.To),
			name(&e.Reorg.Fork), len(e.Reorg.Left), len(e.Reorg.Joined))
	case "up":
		return "the testnet comes up, nodes: " + strings.Join(e.Args, " ")
	case "partition":
		return "the network is cut: " + strings.Join(e.Args, " | ")
	case "connect":
		if len(e.Args) == 0 {
			return "all nodes are connected, or each with its neighbours"
		}
		return "the connections are now: " + plain(e.Args...)
	case "link":
		if len(e.Args) == 3 {
			return fmt.Sprintf("the link between %s and %s: %s", plain(e.Args[0]), plain(e.Args[1]), plain(e.Args[2]))
		}
	case "clock":
		switch by, err := time.ParseDuration(strings.Join(e.Args, "")); {
		case err != nil:
		case by == 0:
			return "its clock is right"
		default:
			return fmt.Sprintf("its clock is %v %s", by.Abs(), map[bool]string{true: "fast", false: "slow"}[by > 0])
		}
	case "hashrate":
		if len(e.Args) == 2 {
			return mining(plain(strings.ReplaceAll(e.Args[0], ",", " ")), e.Args[1])
		}
	case "lose":
		return "loses its " + plain(e.Args...)
	}
	return strings.TrimSpace(clean(e.Event) + " " + plain(e.Args...))
}

// mining describes a hashrate that was set.
func mining(nodes, rate string) string {
	switch v, err := strconv.ParseFloat(rate, 64); {
	case err != nil:
		return "hashrate " + nodes + " " + plain(rate)
	case v < 0:
		return nodes + ": mining ends"
	case v == 0:
		return nodes + ": mining begins"
	}
	return fmt.Sprintf("%s: mining begins, at most %s hashes a second", nodes, plain(rate))
}

func name(b *rpc.BlockRef) string { return fmt.Sprintf("%d %s", b.Height, b.Hash.Short()) }

// clean returns the message of a miner, safe for a terminal.
func clean(s string) string {
	if s == "" {
		return "an unknown miner"
	}
	return draw.Printable(s)
}

// plain returns words of a file, safe for a terminal and short.
func plain(texts ...string) string {
	words := strings.Fields(strings.Join(texts, " "))
	for i := range words {
		words[i] = draw.Printable(words[i])
	}
	return strings.Join(words, " ")
}

func refOf(b *rpc.TreeBlock) *rpc.BlockRef { return &rpc.BlockRef{Hash: b.Hash, Height: b.Height} }

// order is the place of an event among those of one node: its time, then its block in the order
// of completion, then its kind.
type order struct {
	ms   int64
	turn int
	kind int
}

func (a order) compare(b order) int {
	return cmp.Or(cmp.Compare(a.ms, b.ms), cmp.Compare(a.turn, b.turn), cmp.Compare(a.kind, b.kind))
}
