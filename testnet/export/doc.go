// Package export writes a testnet down for those who run containers: a Compose file,
// or manifests for Kubernetes, of the same nodes that "testnet up" would start here.
//
//	Config ──► plan: nodes, keys, who calls whom ──┬─► compose.yaml, n1.env, …
//	                                               ├─► manifests/network.yaml, secrets.yaml
//	                                               └─► testnet.json: how to reach them
//
// # What it knows
//
// The command line of a node, and the words of Compose and Kubernetes. A peer is called
// by its name and its key's hash, so the keys are made here, before any node runs, and
// each node gets its own through its environment.
//
// The folder is then a testnet like any other: status, tree, partition and heal go by
// RPC through the nodes' own gate. Nothing privileged is needed, neither on the machine
// nor in a container: no rule of a firewall, no network of another shape.
//
// # What it must not know
//
// How a node works, and whether there is a Docker or a cluster: it starts nothing.
//
// # What is promised of each container
//
// One static program in an empty image, run as user 65532 without a capability, on a
// file system that cannot be written to but for the volume /data; memory and processor
// bounded; its health asked by the program itself, for there is no shell. Its RPC is
// reached from this machine only: Compose publishes it on 127.0.0.1, and in Kubernetes
// it listens on the pod's own loopback, which "kubectl port-forward" leads to.
//
// # Errors
//
// A folder that has a testnet already is refused, not overwritten: its keys may be in
// use.
package export
