// Package purse is a wallet with a node to ask: what coins it has, what it can
// pay, and the paying.
//
//	wallet  words, keys, addresses, choice of coins, signatures; knows no node
//	rpc     what a node says of an address; knows no key
//	purse   asks the node about the wallet's addresses, hands the answers to the
//	        wallet as values, and carries the signed payment back
//
// It must not know processes or testnets: it is at home in the command line, in the
// demo and in scenarios alike. Keys come in as an argument, are used for one
// payment and never leave this side of the RPC connection.
//
// # Errors
//
// Those of the wallet ([wallet.TooLittle]) and of the node ([rpc.Error] if it refuses
// a payment, [rpc.ErrUnreachable]) come through with errors.As and errors.Is.
package purse
