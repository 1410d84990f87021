package node

import "runtime/debug"

// restState is how far a node is on its way to rest.
type restState struct {
	ticks int  // since it last had to hurry
	done  bool // the memory has been given back
}

// restAfter is for how many ticks nothing may have been written in batches before a
// node counts as at rest.
const restAfter = 4

// rest gives memory back to the system when a node comes to rest after its start or
// after catching up. Either makes garbage of several times what the node keeps, and
// Go's runtime holds on to that until the next collection, which a node at rest, that
// makes no garbage, sees after two minutes, and longer for all to be given back. Many
// nodes share one machine, so it is done at once, and once: it takes some milliseconds
// of a core, beside the engine.
func (n *Node) rest() {
	if n.resting.ticks++; n.resting.ticks < restAfter || n.resting.done {
		return
	}
	n.resting.done = true
	n.chores.Go(debug.FreeOSMemory)
}
