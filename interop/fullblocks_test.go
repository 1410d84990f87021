package interop

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/blockchain/fullblocktests"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// ruleOf says which of our rules stands for btcd's error code, where one does.
var ruleOf = map[blockchain.ErrorCode][]consensus.Rule{
	blockchain.ErrHighHash:              {consensus.HighHash},
	blockchain.ErrUnexpectedDifficulty:  {consensus.BadDiffBits, consensus.HighHash},
	blockchain.ErrTimeTooOld:            {consensus.TimeTooOld},
	blockchain.ErrTimeTooNew:            {consensus.TimeTooNew},
	blockchain.ErrBadMerkleRoot:         {consensus.BadMerkleRoot},
	blockchain.ErrNoTransactions:        {consensus.BadLength, consensus.BadMerkleRoot},
	blockchain.ErrBlockTooBig:           {consensus.BadLength},
	blockchain.ErrBlockWeightTooHigh:    {consensus.BadLength},
	blockchain.ErrFirstTxNotCoinbase:    {consensus.BadCoinbaseMissing},
	blockchain.ErrMultipleCoinbases:     {consensus.BadCoinbaseMultiple},
	blockchain.ErrBadCoinbaseScriptLen:  {consensus.BadCoinbaseLength},
	blockchain.ErrBadCoinbaseValue:      {consensus.BadCoinbaseAmount},
	blockchain.ErrBadCoinbaseHeight:     {consensus.BadCoinbaseHeight},
	blockchain.ErrMissingCoinbaseHeight: {consensus.BadCoinbaseHeight},
	blockchain.ErrTooManySigOps:         {consensus.BadSigOps},
	blockchain.ErrMissingTxOut:          {consensus.BadMissingOrSpent},
	blockchain.ErrImmatureSpend:         {consensus.BadPremature},
	blockchain.ErrSpendTooHigh:          {consensus.BadInBelowOut},
	blockchain.ErrDuplicateTx:           {consensus.BadDuplicate, consensus.BadMissingOrSpent},
	blockchain.ErrDuplicateTxInputs:     {consensus.BadInputsDuplicate},
	blockchain.ErrOverwriteTx:           {consensus.BadBIP30, consensus.BadMissingOrSpent}, // of BIP30 that is all that is left
	blockchain.ErrUnfinalizedTx:         {consensus.BadNonFinal},
	blockchain.ErrBadTxOutValue:         {consensus.BadVoutNegative, consensus.BadVoutTooLarge, consensus.BadVoutTotal},
	blockchain.ErrNoTxOutputs:           {consensus.BadVoutEmpty},
	blockchain.ErrNoTxInputs:            {consensus.BadVinEmpty},
	blockchain.ErrBadTxInput:            {consensus.BadPrevoutNull},
	blockchain.ErrScriptMalformed:       {consensus.BadScript},
	blockchain.ErrScriptValidation:      {consensus.BadScript},
	blockchain.ErrInvalidAncestorBlock:  {consensus.BadPrevBlk},
}

// breaks reports whether err says that a rule is broken: by the block itself, by
// an ancestor that was judged only now, or by a block with the very same header
// before (btcd's block without transactions and its block with a zero merkle root
// have the same hash).
func breaks(err error, r consensus.Rule) bool {
	return errors.Is(err, r) || errors.Is(err, consensus.DuplicateInvalid) ||
		errors.Is(err, consensus.BadPrevBlk) && strings.Contains(err.Error(), string(r))
}

// orphanage gives a tree its orphans when their parents come, as btcd does within
// one call: the error is then that of whichever block was refused.
type orphanage struct {
	tree    *chain.Tree
	now     time.Time
	orphans []*block.Block
	looks   []fullblocktests.BlockDisconnectExpectUTXO // to be taken when their blocks leave
	looked  int
}

func (o *orphanage) add(b *block.Block) error {
	before, err := o.coins()
	if err != nil {
		return err
	}
	change, err := o.tree.AddBlock(b, o.now)
	if err := o.look(before, change); err != nil {
		return err
	}
	if errors.Is(err, consensus.ErrNoParent) {
		o.orphans = append(o.orphans, b)
	}
	if err != nil {
		return err
	}
	for i := 0; i < len(o.orphans); i++ {
		if _, known := o.tree.Info(o.orphans[i].Header.Prev); known {
			child := o.orphans[i]
			o.orphans = slices.Delete(o.orphans, i, i+1)
			return o.add(child)
		}
	}
	return nil
}

// coins returns those of the coins to be looked at that are unspent.
func (o *orphanage) coins() (consensus.Coins, error) {
	var of []block.Outpoint
	for _, l := range o.looks {
		of = append(of, outpoint(l))
	}
	return o.tree.Coins(of)
}

// look follows the coins of looks through a reorganisation, from what they were
// before it, and says which is not as btcd wants it when the block named has just
// left the best chain. Nor may what the steps add up to differ from the tree's own
// coins after the reorganisation.
func (o *orphanage) look(coins consensus.Coins, change chain.Change) error {
	taken := o.looked
	for _, step := range slices.Concat(change.Reverted, change.Applied) {
		for _, made := range step.Delta.Created {
			coins[made.Outpoint] = &made.Coin
		}
		for _, gone := range step.Delta.Spent {
			delete(coins, gone.Outpoint)
		}
		for _, l := range o.looks {
			if step.Connect || step.Hash != toHash(l.BlockHash) {
				continue
			}
			o.looked++
			if _, got := coins[outpoint(l)]; got != l.Expected {
				return fmt.Errorf("once block %s has left, coin %s is unspent: %t, btcd wants %t", step.Hash, l.Name, got, l.Expected)
			}
		}
	}
	if o.looked == taken {
		return nil
	}
	after, err := o.coins()
	for _, l := range o.looks {
		_, steps := coins[outpoint(l)]
		if _, tree := after[outpoint(l)]; tree != steps {
			return fmt.Errorf("coin %s is unspent in the tree: %t, by its steps: %t", l.Name, tree, steps)
		}
	}
	return err
}

func outpoint(l fullblocktests.BlockDisconnectExpectUTXO) block.Outpoint {
	return block.Outpoint{TxID: toHash(l.OutPoint.Hash), Index: l.OutPoint.Index}
}

var largeFlag = flag.Bool("large", false, "full-block tests: reorganise 1,088 blocks of a megabyte as well; wants some gigabytes of memory")

// btcd's own full-block tests, given to our tree with btcd's script engine in the
// spending seam: every block that btcd must accept or refuse, we must too, and for
// the same reason.
//
//	go test -run TestFullBlocks -large
//
// has btcd's last test as well, a reorganisation of 1,088 blocks of a megabyte each.
func TestFullBlocks(t *testing.T) {
	tests, err := fullblocktests.Generate(*largeFlag)
	if err != nil {
		t.Fatal(err)
	}
	params := consensus.Regtest()
	tree, _ := newTree(t, params, allScripts)
	judge := orphanage{tree: tree, now: time.Now()}
	accepted, refused := 0, 0
	for _, test := range tests {
		for _, item := range test {
			switch item := item.(type) {
			case fullblocktests.AcceptedBlock:
				b, err := ourBlock(item.Block)
				if err != nil {
					t.Fatalf("%s: %v", item.Name, err)
				}
				err = judge.add(b)
				if item.IsOrphan {
					if !errors.Is(err, consensus.ErrNoParent) {
						t.Fatalf("%s: %v, want an orphan", item.Name, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s is refused: %v", item.Name, err)
				}
				if got := tree.Tip().Hash == b.Hash(); got != item.IsMainChain {
					t.Fatalf("%s: on the best chain %t, want %t", item.Name, got, item.IsMainChain)
				}
				accepted++
			case fullblocktests.RejectedBlock:
				b, err := ourBlock(item.Block)
				if err != nil {
					t.Fatalf("%s: %v", item.Name, err)
				}
				err = judge.add(b)
				if err == nil && item.RejectCode == blockchain.ErrDuplicateTx && tree.Tip().Hash != b.Hash() {
					// btcd looks for repeated ids in any block; here, as in Core, a
					// block on a side branch is judged when its turn comes.
					refused++
					continue
				}
				rules, known := ruleOf[item.RejectCode]
				if !known {
					t.Fatalf("%s: btcd says %s, which no rule of ours stands for; we say %v", item.Name, item.RejectCode, err)
				}
				if !slices.ContainsFunc(rules, func(r consensus.Rule) bool { return breaks(err, r) }) {
					t.Errorf("%s: %v, want one of %v (btcd: %s)", item.Name, err, rules, item.RejectCode)
				}
				refused++
			case fullblocktests.RejectedNonCanonicalBlock:
				if _, err := block.Parse(item.RawBlock); !errors.As(err, new(block.Malformed)) {
					t.Errorf("%s: %v, want it malformed", item.Name, err)
				}
				refused++
			case fullblocktests.OrphanOrRejectedBlock:
				b, err := ourBlock(item.Block)
				if err != nil {
					t.Fatalf("%s: %v", item.Name, err)
				}
				if err := judge.add(b); err == nil {
					t.Errorf("%s: accepted, want an orphan or a refusal", item.Name)
				}
				refused++
			case fullblocktests.ExpectedTip:
				if got, want := tree.Tip().Hash, toHash(item.Block.BlockHash()); got != want {
					t.Fatalf("%s: tip %s, want %s", item.Name, got, want)
				}
			case fullblocktests.BlockDisconnectExpectUTXO:
				judge.looks = append(judge.looks, item)
			default:
				t.Fatalf("item of type %T", item)
			}
		}
	}
	t.Logf("%d blocks accepted, %d refused, %d coins looked at while a block left", accepted, refused, judge.looked)
	if judge.looked != 3 || len(judge.looks) != 3 {
		t.Errorf("%d of %d looks at coins were taken, want 3 of 3", judge.looked, len(judge.looks))
	}
	if accepted < 141 || refused < 47 {
		t.Errorf("only %d accepted and %d refused: the tests are not all there", accepted, refused)
	}
}
