package interop

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// windowed is a network of ours whose target moves, and the same for btcd.
func windowed(t *testing.T, window int) (*consensus.Params, chaincfg.Params) {
	t.Helper()
	ours := chaingen.Windowed(window)
	genesis := wireBlock(t, ours.Genesis).MsgBlock()
	hash := genesis.BlockHash()
	theirs := chaincfg.RegressionNetParams
	theirs.GenesisBlock, theirs.GenesisHash = genesis, (*chainhash.Hash)(&hash)
	theirs.PoWNoRetargeting, theirs.ReduceMinDifficulty = false, false
	theirs.TargetTimePerBlock = ours.Spacing
	theirs.TargetTimespan = time.Duration(window) * ours.Spacing
	theirs.SubsidyReductionInterval = int32(ours.Halving)
	theirs.CoinbaseMaturity = uint16(ours.Maturity)
	return ours, theirs
}

// On networks whose difficulty moves btcd wants the same bits as we do, for every
// block of many windows, whatever the blocks' times: quick windows and slow ones, such
// as hit the clamps, times that go back. The bits of the window before, or one bit
// off, both refuse.
func TestRetargetsPleaseBtcd(t *testing.T) {
	moved, wrong := 0, 0
	for seed := range uint64(6) {
		dice := rand.New(rand.NewPCG(seed, 9))
		ours, params := windowed(t, 5+int(seed))
		theirs := newBtcd(t, params)
		tip := chaingen.Genesis(ours)
		pace := 10
		for tip.Height() < 100 {
			if int(tip.Height())%ours.Window == 0 {
				pace = []int{1, 5, 8, 10, 13, 30, 60}[dice.IntN(7)]
				if tip.State.NextBits() < 0x1f00ffff { // else the test takes long
					pace = 45
				}
			}
			b := tip.Template("retarget")
			b.Header.Time = max(tip.State.MedianTime()+1, tip.Header.Time+uint32(dice.IntN(2*pace+1))-uint32(dice.IntN(3)))
			if before := tip.Header.Bits; b.Header.Bits != before {
				moved++
			}
			for _, bits := range []uint32{tip.Header.Bits, b.Header.Bits - 1} {
				if bits == b.Header.Bits {
					continue
				}
				bad := &block.Block{Header: b.Header, Txs: b.Txs}
				bad.Header.Bits = bits
				chaingen.Seal(bad)
				wrong++
				_, err := tip.State.ApplyHeader(&bad.Header)
				if their := theirs.give(bad); their == nil || consensus.RuleOf(err) != consensus.BadDiffBits {
					t.Fatalf("seed %d: height %d: bits %08x instead of %08x: we say %v, btcd %v", seed, tip.Height()+1, bits, b.Header.Bits, err, their)
				}
			}
			tip = tip.Follow("retarget", chaingen.Seal(b))
			if err := theirs.give(b); tip.Err != nil || err != nil || theirs.tip() != tip.Hash {
				t.Fatalf("seed %d: height %d, bits %08x: we say %v, btcd %v", seed, tip.Height(), b.Header.Bits, tip.Err, err)
			}
		}
	}
	t.Logf("%d changes of the target, %d blocks with wrong bits", moved, wrong)
	if moved < 40 {
		t.Errorf("only %d changes of the target", moved)
	}
}
