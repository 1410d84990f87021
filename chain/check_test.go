package chain_test

import (
	"errors"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// counting counts how often a body is checked.
type counting struct {
	chain.Rules
	bodies int
}

func (c *counting) Body(parent *consensus.State, b *block.Block, hash block.Hash) (consensus.Block, error) {
	c.bodies++
	return c.Rules.Body(parent, b, hash)
}

// CheckBlock returns the error that AddBlock would, changes nothing, and its checks of the body are not
// made again, whatever came between.
func TestCheckBlock(t *testing.T) {
	p := chaingen.Network()
	g := chaingen.Genesis(p)
	rules := &counting{Rules: chain.Consensus(p, consensus.InOrder(consensus.P2PKH{}))}
	tree, err := chain.NewTreeOf(rules, chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	a, now := g.Mine("a"), time.Now()
	mixed := &block.Block{Header: a.Header, Txs: g.Mine("b").Txs}
	orphan := a.Mine("c").Block
	for _, row := range []struct {
		name string
		b    *block.Block
		want error
	}{
		{"no parent", orphan, consensus.ErrNoParent},
		{"another's body", mixed, consensus.BadMerkleRoot},
		{"valid", a.Block, nil},
	} {
		before, changes := rules.bodies, tree.Changes()
		c, checked := tree.CheckBlock(row.b, now)
		if !errors.Is(checked, row.want) || tree.Changes() != changes {
			t.Errorf("%s: %v; the tree changed from %d to %d", row.name, checked, changes, tree.Changes())
		}
		if row.b == mixed { // what was found holds also when the header is known by then
			if err := tree.AddHeader(&row.b.Header, now); err != nil {
				t.Fatal(err)
			}
			if _, again := tree.CheckBlock(row.b, now); !errors.Is(again, row.want) {
				t.Errorf("%s, with its header known: %v", row.name, again)
			}
			before++
		}
		_, added := tree.AddChecked(c, now)
		if !errors.Is(added, row.want) || rules.bodies > before+1 {
			t.Errorf("%s: %v; its body was checked %d times", row.name, added, rules.bodies-before)
		}
	}
	if _, err := tree.CheckBlock(a.Block, now); tree.Tip().Hash != a.Hash || !errors.Is(err, chain.ErrKnown) {
		t.Errorf("the tip is %s; checked again: %v", tree.Tip().Hash, err)
	}
}
