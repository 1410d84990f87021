package chain

import (
	"reflect"
	"testing"

	"toychain/block"
	"toychain/consensus"
)

// A body is counted with what it is parsed into.
func TestMemoryOf(t *testing.T) {
	size := func(v any) int { return int(reflect.TypeOf(v).Size()) }
	if size(block.Tx{})+size(&block.Tx{})+size(block.Hash{}) != txMemory || size(block.Input{}) != inputMemory || size(block.Output{}) != outputMemory {
		t.Errorf("a transaction takes %d bytes, an input %d, an output %d", size(block.Tx{}), size(block.Input{}), size(block.Output{}))
	}
	tx := &block.Tx{Inputs: make([]block.Input, 1), Outputs: make([]block.Output, 2)}
	b := consensus.NewBlock(&block.Block{Txs: []*block.Tx{tx, tx, tx}})
	if got, want := memoryOf(b, 1000), 1000+3*(txMemory+inputMemory+2*outputMemory); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
