// Package virtual is the world of simulated nodes for scenarios: the same scripts as on real processes,
// in virtual time.
//
//	scenario.Play ──steps──► virtual.World ──inputs──► sim.World: engines, links, disks in memory
//	                              │
//	                         rpc/answer: what a node knows, in the words of its RPC
//
// # What it knows
//
// What each step means for nodes that are engines: a mesh is lines of package sim, a lie is a sim.Liar
// with a block from package forge, the passing of time is its queue. Each seed is another run: other
// delays of the links, other times of blocks.
//
// # What it must not know
//
// Scripts: names of blocks or people, and what a script waits for. And libp2p, LevelDB, processes and the
// wall clock, which package real is for.
//
// # What cannot be played
//
// A step about something that virtual time does not have is an error, an [Impossible]: bytes of files and
// of streams, sockets, the memory of a process. A test says which scripts those are.
//
// # Where it differs
//
// From real nodes: work is spent, not searched for, so a block takes no time; a link takes 5 to 25
// milliseconds; a kill is a power failure, which may take back what the disk had not synced.
package virtual
