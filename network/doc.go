// Package network names networks: the presets toy, regtest and main, and custom
// networks, whose parameters a TOML file holds.
//
// # What it knows
//
// How a [consensus.Params] value is written down and read back, and which values make
// sense together: [New] checks them and builds the genesis block, [Write] and [Parse] are
// the file, [Load] takes what --network names.
//
// # What it must not know
//
// A rule, a chain, a node. What the parameters mean is consensus' business.
//
// # Errors
//
// A sentence that names the key, the value, and what is allowed. Every value is part of
// the genesis block's hash, so an edited file does not match the hash it names.
//
// # Where it differs from Bitcoin
//
// Bitcoin's networks are compiled in. Here a network is a file that its nodes share.
package network
