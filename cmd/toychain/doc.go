// Command toychain is the command line: flags in, one call, text out.
//
// # What it knows
//
// The names of commands and flags, and how a result is shown. The files of a noun (node,
// wallet, chain, …) begin with its name, and branches.go has what chain and testnet share.
// Each command parses its arguments, makes one call to a package below, and prints the
// result; on and show (dial.go) are what all of them have in common. Only main ends the process.
//
//	flags, TOYCHAIN_*, toychain.toml ──► the node's address ──► one call ──► results: stdout
//	                                                                └──► progress: stderr
//
// What has to do with the terminal rather than with a command is in cmd/internal/cli.
//
// # What it must not know
//
// A rule, a message between nodes, a byte of a transaction. If a command needs more than
// one call and some formatting, the rest belongs in a package.
//
// # How a client finds the node
//
//  1. --rpc HOST:PORT
//  2. --node NAME: a node of the testnet in --dir
//  3. DATADIR/NETWORK/rpc.addr, which a running node writes; a node runs if the
//     database is locked
//  4. the first running node of the testnet, which is said
//  5. without --datadir, the network's usual port on this machine: toy 18555,
//     regtest 18443, main 8332
//
// It logs in with --rpc-user and --rpc-password or --rpc-password-file, or with the cookie that the node wrote
// beside its data.
//
// # Errors
//
// In lower case on stderr: what is wrong, and what to do. The exit code is the kind of the
// error, see topics/exit-codes.txt; "node run" exits with 0 if it ends as asked.
package main
