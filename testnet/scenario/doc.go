// Package scenario reads and plays scripts about a network: a text with what is done,
// and under it what is to be seen.
//
//	nodes 4
//	mine n1 1                 # b1: blocks are named in the order of their birth
//	settle                    # wait until everybody who can talk agrees
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
// Words, names, and how to wait: text becomes steps ([Parse]), a [World] does them and
// is asked, and what is shown has names that are the same on each run ([Play]). No
// hash, time, port or address ever gets into a transcript.
//
// # What it must not know
//
// Which world it plays in. It starts no process, calls nobody, and reads no clock but
// [World.Time], so that a world in virtual time can take the place of real processes
// (package real). Of package rpc it knows the shapes of what nodes tell of themselves,
// not how they are asked.
//
// # Waiting
//
// A step that expects something looks, lets the world go on for a [World.Step], and looks
// again: no step sleeps. It gives up when nothing has moved at any node for a while, or
// after the time that the script says ("within 20s"), and says what it saw last.
//
// # The verbs
//
// They stand in one table (verbs.go), from which Parse reads them, and the help and
// docs/scenarios.md are made.
//
//	network.go  who there is, and who can talk
//	money.go    blocks and payments
//	life.go     what happens to single nodes
//	rogue.go    strangers who break the rules
//	operator.go mistakes of people and programs
//	expect.go   waiting
//	show.go     looking
//
// # Errors
//
// A script that cannot be understood is a [Mistake], before anything starts. A play that
// goes wrong is a [Failure]. Both name file and line.
package scenario
