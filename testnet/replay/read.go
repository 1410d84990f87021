package replay

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// maxRecording and maxLine are how large a recording, and an event of it, may be, in bytes. Ours.
const (
	maxRecording = 256 << 20
	maxLine      = 4 << 20
)

// ReadTrace reads a recording: one event a line, as JSON, as 'testnet replay --json' writes them. The
// error names the line.
func ReadTrace(in io.Reader) (*Run, error) {
	lines := bufio.NewScanner(io.LimitReader(in, maxRecording+1))
	lines.Buffer(nil, maxLine)
	r := &Run{blocks: make(map[block.Hash]*rpc.TreeBlock)}
	size := 0
	for n := 1; lines.Scan(); n++ {
		if size += len(lines.Bytes()) + 1; size > maxRecording {
			return nil, fmt.Errorf("the recording is larger than %d MiB", maxRecording>>20)
		}
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("line %d: %w: want an event of 'toychain testnet replay --json' on each line", n, err)
		}
		if err := r.read(&e); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(r.Events) == 0 {
		return nil, fmt.Errorf("there is no event in it: make one with 'toychain testnet replay --json'")
	}
	for _, b := range r.blocks {
		if up := r.blocks[b.Prev]; up != nil && up.Height != b.Height-1 {
			return nil, fmt.Errorf("block %s at height %d stands on one at height %d", b.Hash.Short(), b.Height, up.Height)
		}
	}
	slices.SortFunc(r.nodes, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) // n2 before n10
	return r, nil
}

// read takes an event of a recording, if the rest of the package can play it.
func (r *Run) read(e *Event) error {
	if e.Made != nil && r.blocks[e.Made.Hash] == nil {
		if e.Made.Height == 1 && r.genesis.IsZero() { // which is no event
			r.genesis = e.Made.Prev
			r.blocks[r.genesis] = &rpc.TreeBlock{Hash: r.genesis, Txs: 1}
		}
		r.blocks[e.Made.Hash] = e.Made
	}
	switch e.Event {
	case Chat:
		if err := e.Said.check(e.Node); err != nil {
			return err
		}
	case Header, Block, Tip, Reorg:
		switch {
		case e.Block == nil || e.Node == "":
			return fmt.Errorf("a %s without its block or node", e.Event)
		case e.Event == Reorg && e.Reorg == nil:
			return fmt.Errorf("a reorg that does not say from where")
		case r.blocks[e.Block.Hash] == nil:
			return fmt.Errorf("the recording does not say what block %s is: make it anew with this version", e.Block.Hash.Short())
		}
	}
	if e.Node != "" && !slices.Contains(r.nodes, e.Node) {
		r.nodes = append(r.nodes, e.Node)
	}
	r.Events = append(r.Events, *e)
	return nil
}
