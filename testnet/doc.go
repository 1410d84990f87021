// Package testnet runs many nodes on one machine: real processes of this program, each with
// its directory, ports and log, which can be partitioned, killed, paused and brought together
// again.
//
//	Up ──► n1 ●──────● n2        Partition n1,n2 | n3,n4        n1 ●──────● n2
//	          │ ╲  ╱ │           ────────────────────────►
//	          │ ╱  ╲ │           ◄────────────────────────
//	       n3 ●──────● n4                  Heal                 n3 ●──────● n4
//
// # What it knows
//
// How to start, watch and stop processes; which of them are to be connected; and how to call
// each by RPC. Everything that it returns about a node it has read from that node.
//
// # What it must not know
//
// How a node works. It never writes to a node's database or speaks the peers' protocol: a node
// is a process and an RPC address, and a stopped one a directory to read. It reads no flags and
// prints nothing: results are values. It does not sleep: it calls again until the answer is
// there or the caller's context ends.
//
// # A reading order
//
//	process.go    a child that is certainly ours, and its end
//	files.go      what is stored; one command at a time
//	external.go   nodes that an orchestrator runs, in containers for instance
//	mesh.go       which nodes are to be connected, and waiting until they are
//	testnet.go    Up and Open; start.go starts nodes; add.go one more; change.go
//	              partitions and kills them
//	faults.go     links and clocks; disk.go disks
//	status.go     what the nodes are at; settle.go waits until they agree
//	logs.go       their output; journal.go what was done to the testnet, and what the nodes recorded
//
// Beside it: topology (names, shapes, groups), draw (trees), history (what was recorded),
// measure (service levels), demo (the story), scenario (scripts), replay, export, rogue.
//
// # A testnet's directory
//
//	D/testnet.json     how to reach the nodes, for any program; there while it is up
//	D/state.json       what only this package needs: start times of the processes, groups
//	D/events.jsonl     what was done to it and when, a line for each command (history.Action)
//	D/network.toml     the network's parameters, if they came from a file
//	D/n1/node.log      the node's output
//	D/n1/<network>/    the node's data
//
// [Testnet.Down] with remove deletes all of that and leaves what it does not know, a wallet for
// instance. A process is killed only if it is certainly ours: the system reuses a pid once its
// process is gone, so the start time is stored with it.
//
// The paths in these files follow from D, which may be moved or copied: [Open] makes them right.
// A copy of a directory whose nodes run is refused until they have ended, and nothing is removed,
// started or ended outside of D.
//
// # Errors
//
// They are for people and say what to do. A change that several nodes have to follow and that one of
// them refuses is undone, on the nodes and in the state, or it is reported as incomplete. A node that ended by itself is reported with its last
// error. Waiting ends with the caller's context, and the error says which nodes were still on
// which tips, or not connected. A node that is not running is an [rpc.ErrUnreachable], a
// directory without a testnet an fs.ErrNotExist.
package testnet
