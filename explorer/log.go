package explorer

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"toychain/block"
	"toychain/pow"
)

// Block is a block as the page draws it.
type Block struct {
	Hash       block.Hash   `json:"hash"`
	Prev       block.Hash   `json:"prev"`
	Under      block.Hash   `json:"under,omitzero"`  // the next block below that is drawn, if some are left out
	Folded     int          `json:"folded,omitzero"` // how many are left out between
	Height     block.Height `json:"height"`
	Time       uint32       `json:"time"` // as its miner claims
	ReceivedMS int64        `json:"received_ms"`
	Bits       string       `json:"bits,omitempty"`
	Work       pow.Work     `json:"work"`
	Txs        int          `json:"txs"` // 0: only the header is known
	Size       int          `json:"size"`
	Invalid    bool         `json:"invalid,omitzero"`
	Miner      string       `json:"miner"` // its message in the coinbase
	Address    string       `json:"address"`
	Lane       int          `json:"lane"`
	Known      uint64       `json:"known"` // the nodes that have it, as bits: see Node.Bit
}

// under returns the block that b is drawn above.
func (b *Block) under() block.Hash {
	if b.Folded > 0 {
		return b.Under
	}
	return b.Prev
}

// Node is a node of the network.
type Node struct {
	Name   string       `json:"name"`
	Bit    int          `json:"bit"` // of Block.Known; maxNodes at most
	Tip    block.Hash   `json:"tip"`
	Height block.Height `json:"height"`
	State  string       `json:"state"` // up, down, paused
}

// maxNodes is how many nodes are shown: as many as there are bits that a page can count exactly.
const maxNodes = 52

// Event is one thing that happened, and what it changed: blocks by their hash, nodes by
// their name, the groups of a partition.
type Event struct {
	Seq    int64     `json:"seq"`
	TimeMS int64     `json:"time_ms"`
	Node   string    `json:"node,omitempty"` // "" for all
	Kind   string    `json:"kind"`           // as in testnet/replay: header, block, tip, reorg, partition, …
	Text   string    `json:"text"`           // in words
	Blocks []Block   `json:"blocks,omitempty"`
	Nodes  []Node    `json:"nodes,omitempty"`
	Groups *[]string `json:"groups,omitempty"` // of a partition, like "n1,n2"; empty: healed
	Chat   []Said    `json:"chat,omitempty"`   // messages by their ID
}

// State is the network at one moment.
type State struct {
	Blocks []Block  `json:"blocks"` // in the order in which they were first seen
	Nodes  []Node   `json:"nodes"`
	Groups []string `json:"groups"`
	Chat   []Said   `json:"chat,omitempty"` // in the order in which they were first seen

	at map[block.Hash]int // in Blocks
}

// apply changes the state by an event.
func (s *State) apply(e *Event) {
	if s.at == nil {
		s.at = make(map[block.Hash]int)
		for i := range s.Blocks {
			s.at[s.Blocks[i].Hash] = i
		}
	}
	for _, b := range e.Blocks {
		if i, known := s.at[b.Hash]; known {
			s.Blocks[i] = b
			continue
		}
		s.at[b.Hash] = len(s.Blocks)
		s.Blocks = append(s.Blocks, b)
	}
	for _, n := range e.Nodes {
		i := slices.IndexFunc(s.Nodes, func(o Node) bool { return o.Name == n.Name })
		if i < 0 {
			s.Nodes = append(s.Nodes, n)
			continue
		}
		s.Nodes[i] = n
	}
	if e.Groups != nil {
		s.Groups = *e.Groups
	}
	for _, m := range e.Chat {
		if i := slices.IndexFunc(s.Chat, func(o Said) bool { return o.ID == m.ID }); i >= 0 {
			s.Chat[i] = m
			continue
		}
		s.Chat = append(s.Chat, m)
		s.Chat = s.Chat[max(0, len(s.Chat)-maxSaid):]
	}
}

// Block returns a block of the state, nil if there is none.
func (s *State) Block(hash block.Hash) *Block {
	if i, known := s.at[hash]; known {
		return &s.Blocks[i]
	}
	return nil
}

// clone returns a copy that later events do not change.
func (s *State) clone() State {
	c := State{Blocks: slices.Clone(s.Blocks), Nodes: slices.Clone(s.Nodes), Groups: slices.Clone(s.Groups), Chat: slices.Clone(s.Chat)}
	c.apply(&Event{})
	return c
}

// Snapshot is a state and the events after it, up to Seq: what a reader needs to begin.
type Snapshot struct {
	Source string  `json:"source"` // what is shown, in words
	Live   bool    `json:"live"`
	Seq    int64   `json:"seq"` // of the last event
	Base   State   `json:"base"`
	Events []Event `json:"events"` // the oldest first
}

const (
	// maxEvents and maxEventBytes are how much of the past the log keeps one by one; older
	// events are folded into the snapshot's state. Ours: about the largest page that a
	// browser plays smoothly.
	maxEvents     = 20_000
	maxEventBytes = 16 << 20
	// maxBlocks is how many blocks a state has before its source must begin anew, folded.
	maxBlocks = 60_000
	// maxBehind is how many events a reader may lag behind before it gets a snapshot instead.
	maxBehind = 2_000
)

// Log is the one order of everything that happened. Its methods may be called by several
// goroutines.
type Log struct {
	Source string // what is shown; set before use
	Live   bool

	mu      sync.Mutex
	base    State    // before the first event
	now     State    // after the last
	events  []Event  // the last ones
	texts   [][]byte // of events, as JSON
	bytes   int
	seq     int64
	reset   int64         // seq of the last Reset: readers before it need a snapshot
	changed chan struct{} // closed at the next change
	cached  []byte        // the last snapshot
	at      int64         // its seq
}

// NewLog returns an empty log.
func NewLog(source string, live bool) *Log {
	return &Log{Source: source, Live: live, events: []Event{}, changed: make(chan struct{})}
}

// Reset begins anew with a state that is not a change of the last one. Readers get a snapshot.
func (l *Log) Reset(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.base = s.clone()
	l.now = l.base.clone()
	l.events, l.texts, l.bytes = []Event{}, nil, 0
	l.seq++
	l.reset = l.seq
	l.wake()
}

// Append adds an event, with the next sequence number. It reports whether the state has become
// so large that its source should Reset it.
func (l *Log) Append(e Event) (full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq = l.seq
	text, err := json.Marshal(&e)
	if err != nil {
		panic(fmt.Sprintf("explorer: an event that is no JSON: %v", err)) // our own types
	}
	l.now.apply(&e)
	l.events, l.texts, l.bytes = append(l.events, e), append(l.texts, text), l.bytes+len(text)
	for len(l.events) > maxEvents || l.bytes > maxEventBytes {
		l.forget(len(l.events)/4 + 1)
	}
	l.wake()
	return len(l.now.Blocks) > maxBlocks
}

// forget folds the first n events into the state before them.
func (l *Log) forget(n int) {
	for i := range l.events[:n] {
		l.base.apply(&l.events[i])
		l.bytes -= len(l.texts[i])
	}
	l.events, l.texts = slices.Clone(l.events[n:]), slices.Clone(l.texts[n:])
}

func (l *Log) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Now calls f with the present state, which f must not keep.
func (l *Log) Now(f func(*State)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.now)
}

// Snapshot returns the snapshot as JSON, and its sequence number. All readers share one.
func (l *Log) Snapshot() ([]byte, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cached == nil || l.at != l.seq {
		text, err := json.Marshal(Snapshot{l.Source, l.Live, l.seq, l.base, l.events})
		if err != nil {
			panic(fmt.Sprintf("explorer: a snapshot that is no JSON: %v", err)) // our own types
		}
		l.cached, l.at = text, l.seq
	}
	return l.cached, l.at
}

// Since returns the events after seq as JSON, at most a few at a time. ok is false if the reader must
// begin with a snapshot.
func (l *Log) Since(seq int64) (texts [][]byte, ok bool) {
	texts, _, ok = l.since(seq)
	return texts, ok
}

// since returns the events after seq as JSON, at most a few at a time, and a channel that is
// closed when there are more. ok is false if the reader must begin with a snapshot: it is too far
// behind, or seq is of another log.
func (l *Log) since(seq int64) (texts [][]byte, changed <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	behind := l.seq - seq
	if behind < 0 || behind > int64(len(l.texts)) || behind > maxBehind || seq < l.reset {
		return nil, nil, false
	}
	const atOnce = 100
	first := len(l.texts) - int(behind)
	return slices.Clone(l.texts[first:min(first+atOnce, len(l.texts))]), l.changed, true
}
