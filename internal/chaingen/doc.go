// Package chaingen makes blocks for tests: real ones, mined and signed, in trees
// of any shape. It is for tests and for bench/; nothing that runs for users imports it.
//
// A [Block] knows its history, so a test builds a tree by asking blocks for children, and
// every child is validated by consensus.ApplyBlock when it is made:
//
//	g := chaingen.Genesis(chaingen.Network())
//	one := g.Mine("1")
//	a := one.Mine("2a").Mine("3a")         //       ┌─ 2a ─ 3a
//	b := one.Mine("2b").Mine("3b")         // g ─ 1 ┤
//	                                       //       └─ 2b ─ 3b
//
// An invalid block starts as a valid one: take a [Block.Template], change it,
// [Seal] it (merkle root and proof of work) and let it [Block.Follow] its parent.
// [Disk] is a chain.Disk in memory that checks its input and fails on request.
//
// The same calls give the same bytes: the package reads no clock and no random source.
// Misuse is a bug of the test and panics.
package chaingen
