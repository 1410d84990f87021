// Command toychain is the command line of the house: flags in, one call, text out.
//
// # What it knows
//
// Flags, files with settings, terminals and exit codes. Each noun (node, wallet,
// chain, …) has a file; each command in it parses its arguments, makes one call to
// a package below, and prints what came back. Only main ends the process.
//
//	flags, TOYCHAIN_*, toychain.toml ──► settings ──► the node's address ──► one call ──► stdout
//	                                                                          └─ talk ──► stderr
//
// # What it must not know
//
// A rule, a message between nodes, a byte of a transaction. If a command wants more
// than one call and some arithmetic for people, the rest belongs into a package.
//
// # How a client finds the node
//
//  1. --rpc HOST:PORT
//  2. --node NAME: a node of the testnet in --dir
//  3. DATADIR/NETWORK/rpc.addr, which a running node leaves there
//  4. without --datadir, the network's usual port on this machine: toy 18555,
//     regtest 18443, main 8332
//
// and it logs in with --rpc-user and --rpc-password or with the cookie that the
// node left beside its data.
//
// # Errors
//
// Lower case, what was wrong and what to do, on stderr; the exit code says of what
// kind:
//
//	0    it was done
//	1    it was not
//	2    the command line itself cannot be understood
//	3    no node answers
//	4    a node answers, and refuses
//	130  interrupted (Ctrl-C); a node or a testnet that ends as it was told exits 0
package main
