// Package export writes a testnet for containers: a Compose file, or manifests for
// Kubernetes, with the same nodes that "testnet up" would start here.
//
//	Config ──► plan: nodes, keys, connections ─────┬─► compose.yaml, n1.env, …
//	                                               ├─► manifests/network.yaml, secrets.yaml
//	                                               └─► testnet.json: how to reach them
//
// # What it knows
//
// The command line of a node, and the formats of Compose and Kubernetes. A peer's address has
// the hash of its key, so the keys are made here, before any node runs, and each node gets its
// key through its environment.
//
// The directory is then a testnet like any other: status, tree, partition and heal go by RPC to
// the nodes' blocklists. No privilege is needed, neither on the machine nor in a container: no
// rule of a firewall, no change of the network.
//
// # What it must not know
//
// How a node works, and whether there is a Docker or a cluster: it starts nothing.
//
// # Each container
//
// One static program in an empty image, run as user 65532 without a capability, on a read-only
// file system except for the volume /data; memory and processor bounded; its health checked by
// the program itself, because there is no shell. Its RPC is reachable only from this machine:
// Compose publishes it on 127.0.0.1, and in Kubernetes it listens on the pod's loopback, which
// "kubectl port-forward" reaches.
//
// # Errors
//
// A directory that has a testnet already is refused, not overwritten: its keys may be in use.
package export
