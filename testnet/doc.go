// Package testnet runs many nodes on one machine: real processes of this same
// program, each with its own folder, ports and log, which can be cut off from each
// other, killed, paused and brought together again.
//
//	Up ──► n1 ●──────● n2        Partition n1,n2 | n3,n4        n1 ●──────● n2
//	          │ ╲  ╱ │           ────────────────────────►
//	          │ ╱  ╲ │           ◄────────────────────────
//	       n3 ●──────● n4                  Heal                 n3 ●──────● n4
//
// # What it knows
//
// How to start, watch and end processes; which of them are meant to be connected; and
// how to ask each by RPC what it is at. Everything it says about a node it has asked
// that node.
//
// # What it must not know
//
// How a node works. It never writes to a node's database or speaks its peers' protocol:
// a node is a process and an RPC address, and one that has ended a folder to read. It reads no flags and prints nothing:
// results are values. Nor does it wait by sleeping: it asks until the answer is there or the
// caller's context ends.
//
// # A reading order
//
//	process.go    a child that is surely ours, and its end
//	folder.go     what is written down; one command at a time
//	foreign.go    nodes that somebody else runs, in containers for instance
//	mesh.go       who is to be connected, and waiting until it is so
//	testnet.go    Up and Open; change.go cuts, kills and starts again
//	faults.go     bad lines and wrong clocks; disk.go bad disks
//	status.go     what the nodes say of themselves; Settle
//	journal.go    what was done to it; journals.go what the nodes wrote down
//
// Beside it: topology (names, shapes, groups), draw (trees), history (what was recorded),
// measure (service levels), demo (the story), scenario (scripts), replay, export, rogue.
//
// # A testnet's folder
//
//	D/testnet.json     how to reach the nodes, for any program; there while it is up
//	D/state.json       what only this package needs: births of the processes, groups
//	D/events.jsonl     what was done to it and when, a line for each command (Action)
//	D/network.toml     the network's parameters, if they came from a file
//	D/n1/node.log      what the node printed
//	D/n1/<network>/    the node's own data
//
// Nothing but the nodes is of value in it: [Testnet.Down] with remove takes all of that
// away and leaves what it does not know, a wallet for instance.
//
// A process is killed only if it is certain that it is ours: a pid is given to others
// once its owner is gone, so the time of its birth is kept with it.
//
// # Errors
//
// They are for people and say what to do. A node that ended by itself is reported with
// its last error. Waiting ends with the caller's context, and the error
// says who was still at odds with whom. A node that is not running is an
// [rpc.ErrUnreachable], a folder without a testnet an fs.ErrNotExist.
package testnet
