// Package scenario reads and plays scripts about a network: a text with steps, and under some
// of them what they must show.
//
//	nodes 4
//	mine n1 1                 # b1: blocks are numbered as they appear
//	settle                    # wait until all connected nodes agree
//	partition n1 n2 | n3 n4
//	mine n1 1
//	mine n3 2
//	heal
//	settle
//	tips
//	----
//	n1 n2 n3 n4   b1-b3-b4    height 3
//
// # What it knows
//
// Words, names, and how to wait: text becomes steps ([Parse]), which are played in a [World]
// ([Play]), and what they show has names that are the same on each run. No hash, time, port
// or address is ever in a transcript.
//
// # What it must not know
//
// Which world it plays in. It starts no process, opens no connection, and reads no clock but
// [World.Time], so that a world in virtual time can take the place of real processes
// (packages real and virtual). Of package rpc it knows the types of results, not how a node is called.
//
// # Waiting
//
// A step that expects something checks, lets the world go on for a [World.Step], and checks
// again: no step sleeps. It fails when nothing has changed at any node for a while, or after
// the time in the script ("within 20s"), with what it saw last.
//
// # The verbs
//
// They are in one table (verbs.go), from which Parse, the help and docs/scenarios.md are made.
//
//	network.go  nodes and their connections
//	money.go    blocks and payments
//	life.go     what happens to single nodes
//	rogue.go    adversarial peers
//	operator.go mistakes of people and programs
//	expect.go   waiting
//	show.go     looking
//
// # Errors
//
// A script that cannot be parsed is a [Mistake], before anything starts. A step that fails is
// a [Failure]. Both name file and line.
package scenario
