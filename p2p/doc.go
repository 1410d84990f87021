// Package p2p is the network: a libp2p host, two gossip topics, one sync
// protocol, and the gate that cuts. It carries blocks, transactions and
// statuses between nodes; what they mean is decided by the [Handler] above.
package p2p
