// Package draw draws the block trees of several nodes as one tree of text.
//
//	views of n1, n2, …  ── Merge ──►  Tree: each block once,  ── Write ──►  text for a terminal
//	(rpc.Tree)                        the tips of the nodes
//
// # What it knows
//
// How the trees of several nodes fit together, which blocks are stale, and how to lay out
// rows (heights), columns (branches) and labels (nodes) in a given width.
//
// # What it must not know
//
// Where the trees come from. It asks no node, starts no process and reads no file, so that
// a live network, a journal and a simulation are drawn by the same code.
//
// # A reading order
//
//	tree.go     merging, and the order of branches
//	gather.go   trees of many blocks, folded by the nodes
//	lanes.go    which block is in which column
//	picture.go  what is shown of a block: Write, fields, folds, work
//	canvas.go   lines, labels, colours, legend
//	strips.go   branches that do not fit the width
//
// # Errors
//
// Only those of the writer: a block without its parent begins another tree, a block that
// comes twice counts once.
package draw
