// Package swarm searches for faults: it draws a network, faults and adversaries from each seed,
// plays them in virtual time, and checks after everything that happens what must hold.
//
//	seed ──► Plan ──► sim.World ──► check: S1 to S7, L1 to L5 ──► Outcome
//	         │  ▲        │             ▲
//	 actions ┘  │        └─ blocks ──► ledger: the rules once more, from genesis
//	            └── shrink: the fewest actions that still violate
//
// # What it knows
//
// A plan is a list of actions at moments: a block is found, a payment is made, a cable is cut, the
// power fails. First come the faults, and then a time without any, in which all nodes must agree.
// Any part of the list can be left out and the rest played, which is how a violation is shrunk.
// The properties have the numbers that docs/sim.md lists.
//
// # What it must not know
//
// What a node decides, and how it stores it: the ledger is a second implementation of the rules
// that the checks need, slow and straightforward, and shares none of the engine's. And, like
// package sim, the wall clock, the order of maps and of goroutines: a seed and a version give the
// same bytes.
//
// # How it is proven
//
// A search that finds nothing may be blind. TestMutants builds it with planted bugs, one at a
// time, and each must be found within a stated number of seeds.
package swarm
