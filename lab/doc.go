// Package lab has experiments whose results stand beside what was published or derived, and say
// whether they agree.
//
//	Config ──► a seeded race ──► counts ──► Estimate: a rate, and an interval that holds it in 999 of 1,000 runs
//	                                              │
//	theory, with its source ──────────────────────┴──► Verdict: agrees, disagrees, undecided
//
// # What it knows
//
// Formulas and their sources, and models of races: who finds which block when, and when the others
// hear of it. A model has no signatures, no payments and no messages, so that it is fast enough
// for a hundred thousand blocks; a test plays the same race on real engines (package sim) and
// compares.
//
// # What it must not know
//
// A terminal, files, the wall clock, or any randomness but that of the seed.
//
// # Errors
//
// A configuration that makes no sense is refused with what is wrong. That a result disagrees is no
// error: it is the result.
package lab
