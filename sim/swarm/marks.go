package swarm

// Mark names something that a search must have reached: one that no seed reaches shows that the
// search does not try what it says it tries.
type Mark string

// The marks.
const (
	ReorgOf2         Mark = "reorg of 2"
	ReorgOf6         Mark = "reorg of 6"
	Shorter          Mark = "a shorter chain with more work"
	OrphanResolved   Mark = "orphan resolved"
	PresyncRefused   Mark = "presync refused"
	BlockRefused     Mark = "block refused"
	Penalized        Mark = "peer penalized"
	CrashBeforeIndex Mark = "crash between body and index"
	CrashInReorg     Mark = "crash in a reorg that was stored"
	ConflictEvicted  Mark = "conflict evicted"
	Replaced         Mark = "payment replaced"
	PaymentReturned  Mark = "payment returned by a reorg"
	DroppedEarly     Mark = "payment too early after a reorg"
	TooEarly         Mark = "block ahead of a clock"
	Waits            Mark = "a miner waits for its clock"
	HealedInATie     Mark = "cut healed in a tie"
)

// AllMarks are all of them, in the order in which they are shown.
var AllMarks = []Mark{
	ReorgOf2, ReorgOf6, Shorter, OrphanResolved, PresyncRefused, BlockRefused, Penalized, CrashBeforeIndex,
	CrashInReorg, ConflictEvicted, Replaced, PaymentReturned, DroppedEarly, TooEarly, Waits, HealedInATie,
}

// A mark is expected once so many seeds were played that fewer than one search in ten thousand misses
// it by chance. The rare ones want more seeds than usual, as long runs have shown.
const usually = 200

var rare = map[Mark]int{Shorter: 500, TooEarly: 500, PresyncRefused: 1000, Waits: 1000, DroppedEarly: 2000, CrashInReorg: 2500}

// within returns after how many seeds a mark is expected.
func (m Mark) within() int { return max(usually, rare[m]) }

// Marks are those that a seed reached.
type Marks map[Mark]bool
