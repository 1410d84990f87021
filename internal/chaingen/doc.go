// Package chaingen makes blocks for tests: real ones, mined and signed, in trees
// of any shape. It is for tests and for bench/; nothing that runs for users imports it.
//
// A [Block] knows the history it stands on, so a test draws a tree by asking
// blocks for children, and every child is judged by chain.ApplyBlock as it is
// made:
//
//	g := chaingen.Genesis(chaingen.Network())
//	one := g.Mine("1")
//	a := one.Mine("2a").Mine("3a")         //       ┌─ 2a ─ 3a
//	b := one.Mine("2b").Mine("3b")         // g ─ 1 ┤
//	                                       //       └─ 2b ─ 3b
//
// An invalid block starts as a good one: take a [Block.Template], change it,
// [Seal] it (merkle root and proof of work) and let it [Block.Follow] its parent.
// [Disk] is a chain.Disk in memory which checks what it is given and fails when
// it is told to.
//
// The same calls give the same bytes: nothing here reads a clock or a random
// source. A misuse is a bug of the test and panics.
package chaingen
