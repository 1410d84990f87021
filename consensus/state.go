package consensus

import (
	"fmt"
	"slices"

	"toychain/block"
	"toychain/pow"
)

// medianSpan is how many blocks the median time looks back over.
const medianSpan = 11

// State is what the rules must know of a history to validate the next block: a value that
// [ApplyBlock] takes and returns. The coins are not in it; the caller looks up those that a
// block [Needs]. It does not grow with the chain: the last eleven times and the start of
// the current retarget window are all that the header rules look back on.
type State struct {
	Params *Params
	Hash   block.Hash
	Height block.Height
	Header block.Header
	Work   pow.Work // of all blocks up to this one

	times       [medianSpan]uint32 // the last header times: a ring, at height mod medianSpan
	windowStart uint32             // time of the first block of the current retarget window
}

// Genesis returns the state after the network's first block, which no rule is applied to.
func Genesis(p *Params) State {
	s := State{Params: p, Height: -1}
	return s.Next(&p.Genesis.Header, p.Genesis.Hash())
}

// MedianTime returns the median of the last eleven header times, or of as many as there
// are. One miner can lie about the time of its own block; to move the median, six of the
// last eleven must lie (Core: GetMedianTimePast; BIP113).
func (s *State) MedianTime() uint32 {
	n := min(int(s.Height)+1, medianSpan)
	sorted := s.times
	slices.Sort(sorted[:n])
	return sorted[n/2]
}

// NextBits returns the target, in compact form, that the next block must claim (Core:
// GetNextWorkRequired). It stays the same within a window of blocks. At the first block
// of a new window it follows the time that the last window took, from its first block to
// its last:
//
//	height   0    1    2   …   N-1 │ N         the target changes at N
//	         └──── N-1 intervals ───┘          and is measured against N
//
// Bitcoin has counted 2,015 intervals as 2,016 since its first day, and to change it would
// split the network.
func (s *State) NextBits() uint32 {
	p := s.Params
	if p.Window == 0 || (int(s.Height)+1)%p.Window != 0 {
		return s.Header.Bits
	}
	old, err := pow.TargetFromBits(s.Header.Bits)
	if err != nil {
		return s.Header.Bits // impossible: the header was validated
	}
	// In Bitcoin's signed arithmetic a window that ends before it starts has a
	// negative length, which is clamped like any that is too short.
	actual := max(int64(s.Header.Time)-int64(s.windowStart), 0)
	wanted := uint32(p.Window) * uint32(p.Spacing.Seconds())
	return pow.Retarget(old, p.PowLimit(), uint32(actual), wanted).Bits()
}

// CheckWork checks that a header's hash meets the target that it claims, and that this
// target is allowed on the network (Core: CheckProofOfWork). It is checked first: it costs
// us one hash to verify, and an attacker the full work to fake. Whether the target is the
// right one for its height, ApplyHeader checks.
func CheckWork(p *Params, h *block.Header) error {
	target, err := pow.TargetFromBits(h.Bits)
	if err != nil {
		return fmt.Errorf("%w: bits %08x: %w", HighHash, h.Bits, err)
	}
	if target.Cmp(p.PowLimit()) > 0 {
		return fmt.Errorf("%w: bits %08x are easier than the network's %08x", HighHash, h.Bits, p.Limit)
	}
	if hash := h.Hash(); !target.Met(hash) {
		return fmt.Errorf("%w: %s is above the target %s", HighHash, hash, target)
	}
	return nil
}

// ApplyHeader validates everything about the next header except its proof of work
// ([CheckWork]) and our clock ([CheckTime]), and returns the state after it (Core:
// ContextualCheckBlockHeader).
func (s *State) ApplyHeader(h *block.Header) (State, error) {
	height := s.Height + 1
	if h.Prev != s.Hash {
		return State{}, fmt.Errorf("%w: header builds on %s, not on %s", ErrNoParent, h.Prev, s.Hash)
	}
	if want := s.NextBits(); h.Bits != want {
		return State{}, fmt.Errorf("%w: claims %08x, height %d wants %08x", BadDiffBits, h.Bits, height, want)
	}
	if median := s.MedianTime(); h.Time <= median {
		return State{}, fmt.Errorf("%w: time %d, median of the blocks before %d", TimeTooOld, h.Time, median)
	}
	if want := s.Params.minVersion(height); h.Version < want {
		return State{}, fmt.Errorf("%w(0x%08x): at height %d at least %d", BadVersion, uint32(h.Version), height, want)
	}
	return s.Next(h, h.Hash()), nil
}

// CheckTime checks that a header's time is not too far ahead of now, in seconds since 1970
// (Params.Future). It is the only rule that depends on our clock, so its answer may be
// another one later, and it is not part of ApplyBlock.
func CheckTime(p *Params, h *block.Header, now int64) error {
	if ahead, most := int64(h.Time)-now, int64(p.Future.Seconds()); ahead > most {
		return fmt.Errorf("%w: %d seconds ahead of our clock, at most %d", TimeTooNew, ahead, most)
	}
	return nil
}

// Next returns the state after header h, whose hash is given, without validating it: for
// headers that were validated before.
func (s *State) Next(h *block.Header, hash block.Hash) State {
	n := *s
	n.Hash, n.Height, n.Header = hash, s.Height+1, *h
	if target, err := pow.TargetFromBits(h.Bits); err == nil {
		n.Work = s.Work.Add(target.Work())
	}
	n.times[int(n.Height)%medianSpan] = h.Time
	if n.Height == 0 || s.Params.Window > 0 && int(n.Height)%s.Params.Window == 0 {
		n.windowStart = h.Time
	}
	return n
}
