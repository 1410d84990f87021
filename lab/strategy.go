package lab

// What an attacker that withholds blocks can do after each block (Sapirshtein, Sompolinsky, Zohar,
// Optimal Selfish Mining Strategies in Bitcoin, FC 2016, section 3).
type action uint8

const (
	wait     action = iota // mine on, show nothing
	adopt                  // give its own blocks up, mine on the others' tip
	override               // show one block more than the others have: theirs are stale
	match                  // show as many as the others have: two branches of the same length
	actions                // how many there are
)

// fork says whether there can be two public branches of the same length.
type fork uint8

const (
	irrelevant fork = iota // the last block is the attacker's: the others have their branch already
	relevant               // the last block is of the others: match would split them
	active                 // they are split
	forks                  // how many there are
)

// branches are the blocks since the two last agreed: the attacker's, and the others'.
type branches struct {
	theirs, others int
	fork           fork
}

// earned is how many blocks are on the chain for good.
type earned struct{ theirs, others int }

// allows reports whether an action is possible.
func (b branches) allows(a action) bool {
	switch a {
	case override:
		return b.theirs > b.others
	case match:
		return b.fork == relevant && b.theirs >= b.others && b.others > 0
	}
	return true
}

// after returns the state after an action, before the next block.
func (b branches) after(a action) (branches, earned) {
	switch a {
	case adopt:
		return branches{}, earned{0, b.others}
	case override:
		return branches{theirs: b.theirs - b.others - 1}, earned{b.others + 1, 0}
	case match:
		b.fork = active
	}
	return b, earned{}
}

// found is a block of the attacker's.
func (b branches) found() branches {
	b.theirs++
	if b.fork != active {
		b.fork = irrelevant
	}
	return b
}

// foundByOthers is a block of the others; onTheirs says whether its miner, where they are split,
// mines on the attacker's branch, whose blocks are then there for good.
func (b branches) foundByOthers(onTheirs bool) (branches, earned) {
	if b.fork == active && onTheirs {
		return branches{b.theirs - b.others, 1, relevant}, earned{b.others, 0}
	}
	return branches{b.theirs, b.others + 1, relevant}, earned{}
}

// policy is what a strategy does in each state.
type policy func(branches) action

// Strategy names what an attacker does with the blocks that it withholds.
type Strategy string

// The strategies.
const (
	SM1               Strategy = "sm1"                 // Eyal, Sirer 2013
	LeadStubborn      Strategy = "lead-stubborn"       // Nayak and others 2016: never override while ahead
	EqualForkStubborn Strategy = "equal-fork-stubborn" // Grunspan, Pérez-Marco 2018: nor by the block that decides a tie
	Optimal           Strategy = "optimal"             // Sapirshtein and others 2016, computed here
)

// Strategies are all of them.
var Strategies = []Strategy{SM1, LeadStubborn, EqualForkStubborn, Optimal}

// sm1 shows its blocks one by one as the others find theirs, and all when it is one ahead.
func sm1(b branches) action {
	switch {
	case b.others > b.theirs:
		return adopt
	case b.others == 0:
		return wait
	case b.theirs == b.others+1:
		return override
	case b.fork == relevant:
		return match
	}
	return wait
}

// leadStubborn is sm1 that splits the others instead of overriding them, unless it decides a tie.
func leadStubborn(b branches) action {
	if b.theirs == b.others+1 && b.fork == relevant {
		return match
	}
	return sm1(b)
}

// equalForkStubborn is leadStubborn that hides the block that decides a tie, too: it only ever shows
// as many blocks as the others have.
func equalForkStubborn(b branches) action {
	if b.theirs == b.others+1 && b.fork == active {
		return wait
	}
	return leadStubborn(b)
}
