// Package cli is the terminal's kit: help pages, settings, prompts, progress, numbers
// for people, and exit codes.
//
// # What it knows
//
// Cobra's commands and flags, the environment, the file of settings, and whether a
// stream is a terminal.
//
//	command line ──► flags ◄── environment ◄── file of settings ◄── defaults
//	results ──► stdout          questions, progress, errors ──► stderr
//
// # What it must not know
//
// What any command does, or that there is a chain. Only the names of the variables and
// the texts of its prompts are toychain's.
package cli
