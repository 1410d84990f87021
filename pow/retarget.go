package pow

// Retarget returns the target for the blocks of the next window, from the time that
// this one took:
//
//	new = old · actual / wanted
//
// Blocks that came twice as fast as wanted halve the target, which makes the next
// ones twice as hard. actual is first clamped to wanted/4 … wanted·4, so that one
// window with wrong clocks changes the difficulty by at most a factor of four. The
// result is never easier than limit and never zero (whitepaper §4; Core:
// CalculateNextWorkRequired). Both times are in seconds, and wanted must not be 0. If
// the window's last block claims an earlier time than its first, the caller passes an
// actual of 0: an unsigned difference would wrap around and be clamped to the wrong end.
//
// A header cannot hold the result exactly: the caller rounds it with [Target.Bits].
//
// # The missing interval
//
// Bitcoin wants 2016 blocks in two weeks and sets wanted to 2016 times ten
// minutes. Yet actual is the last block's time less the first one's, both within
// the window of 2016 blocks, and between 2016 blocks there are only 2015
// intervals:
//
//	window before |            this window             | next window
//	   ... ■ ■ ■  |  ■ — ■ — ■ — ■ — ...  — ■ — ■ — ■  |  ■ new target
//	                first        2015 "—"         last
//
// The interval between two windows is measured by neither. So at exactly ten
// minutes a block the target shrinks by a factor of 2015/2016. A repair would need
// all nodes to change at once, and the same gap makes the time-warp attack possible
// (BIP94 closes it on testnet4). It is kept here.
//
// Where blocks settle at constant hash power is twice as far off: wanted·N/(N-2) for a
// window of N blocks. One half is the missing interval. The other is chance: what the
// target is divided by is a measured time, whose reciprocal is on average larger than
// the reciprocal of its average (E[1/Γ(N-1)] = 1/(N-2), where the sum of N-1 random
// intervals would suggest 1/(N-1)). For Bitcoin's 2016 that is 10 minutes and 0.6
// seconds; for toy's 30 it is 7.1 %, 10.7 seconds instead of 10, and visible.
func Retarget(old, limit Target, actual, wanted uint32) Target {
	least, most := max(uint64(wanted)/4, 1), uint64(wanted)*4
	n, ok := old.n.mulDiv(min(max(uint64(actual), least), most), uint64(wanted))
	switch {
	case !ok || n.cmp(limit.n) > 0:
		return limit
	case n.isZero():
		return Target{uint256{1}}
	}
	return Target{n}
}
