// Package topology has the shape of a test network as values: what its nodes are called,
// which of them are to be connected, and how a partition divides them.
//
//	Names(4)  n1 n2 n3 n4
//	Shape     line: n1-n2 n2-n3 n3-n4      ring, star, mesh, or pairs as you write them
//	Groups    n1 n2 | n3 n4                as scripts write it; a command line: n1,n2 n3,n4
//	Parts     the nodes that reach each other, directly or through others
//
// It must not know processes, RPC or the peers' protocol: scripts, journals and pictures
// need these names, and none of them needs a node.
package topology
