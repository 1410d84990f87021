// Package chat keeps a conversation on the chain: each message is a signed transaction with a
// data carrier, and the chain says in which order all of them were said.
//
//	text ──Split──► parts of 69 bytes ──Writer──► transactions, each spending the change of
//	                                              the one before; each pays the board
//	board's history ──Reader──► transactions ──Fold──► messages, and what they are now
//	(rpc.Client)
//
// # What it knows
//
// The bytes of a message and of a name (carrier.go), how a node's answers become messages with a
// state (fold.go), and which transactions say one (writer.go). Who says a message is the address
// whose coin the transaction spends first: the signature that spends it covers every output, so
// the owner of that key wrote the text. All carriers pay a little to one address, the [Board],
// of which no key exists: a node's index of addresses then finds them without a scan of the chain.
//
// # Names
//
// A name belongs to the first address that claims it on the chain, and an address keeps its first
// name. A claim has a signature in the form of "wallet sign" and comes from the address itself.
// A reorganisation may take a claim back, and with it the name: names are as certain as the
// block that they are in.
//
// # States
//
// Pending: the node has it, no block does. Confirmed: the best chain does. Taken back: the best
// chain did, and does not now; it may be waiting for the next block, or be impossible.
//
// A reader looks at the newest 10,000 transactions on the board; older names and texts are not known.
//
// # What it must not know
//
// Which other node there is, processes, files, and how a message is shown. Texts come from
// strangers: [Clean] makes them safe for one line, and nothing else is done with them.
//
// # Errors
//
// Those of payer and rpc; [ErrText] and [ErrName] for what cannot be sent.
//
// # Exercise
//
// Let the last claim of a name count in [Fold], instead of the first. Which lines of TestNames fail, and
// what could a stranger then do with your name?
package chat
