// Package recorder records what happens in virtual time as a run of package replay, which the
// terminal and the page can play.
//
//	sim.Config.Trace ──records──► Recorder ──► replay.Run ──► JSON, one event a line
//	                                  ▲
//	                    trees of the nodes, by package answer
//
// # What it knows
//
// What a record of package sim is called in a recording of a testnet: a header, a block, a tip, a
// reorganisation, a verb of the operator. What only a simulation can tell is there, too: a block that
// was refused, a peer that was banned, and, if it is asked for, every message.
//
// # What it must not know
//
// What the nodes decide, and what the simulation is for.
//
// # Where it differs
//
// From a recording of real nodes, whose times are those of their journals: here they are exact to the
// millisecond, but of a header without a body, which has the time of the message. A tip that moves
// over several blocks at once is one event.
package recorder
