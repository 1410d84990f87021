// Package demo tells a story on four real nodes: a network is cut in two, one coin is
// spent on both sides, two histories grow, and when the halves meet again one of them
// becomes stale.
//
//	demo.go    Play: the network, the wallets, the end
//	story.go   the chapters
//	check.go   what is asked of the nodes before a sentence is written
//	teller.go  how it is written; mining, paying and drawing
//
// Every sentence about a node is checked on that node first, so the story is a test of the
// whole program. It prints nothing by itself: the text goes to a writer.
//
// # Errors
//
// A state that is not as the story says is an error with what was expected and what is,
// and with the ends of the nodes' logs. No process and no file is left then.
package demo
