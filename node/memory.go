package node

import "runtime/debug"

// idleState is how long a node has been idle.
type idleState struct {
	ticks    int  // since it last wrote blocks in batches
	released bool // its memory was released
}

// idleTicks is for how many ticks nothing may have been written in batches until a node
// counts as idle.
const idleTicks = 4

// releaseMemory returns memory to the operating system, once, when a node becomes idle after
// its start or after catching up. Either leaves garbage of several times what the node
// keeps, and Go's runtime holds it until the next collection, minutes later in an idle node.
// Many nodes share one machine. It costs some milliseconds of a core, beside the engine.
func (n *Node) releaseMemory() {
	n.idle.ticks++
	if n.idle.ticks < idleTicks || n.idle.released {
		return
	}
	n.idle.released = true
	n.tasks.Go(debug.FreeOSMemory)
}
