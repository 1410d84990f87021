// Package payer is a wallet with a node to call: which coins it has, what it can pay, and
// the paying.
//
//	wallet  words, keys, addresses, choice of coins, signatures; knows no node
//	rpc     what a node answers about an address; knows no key
//	payer   asks the node about the wallet's addresses, hands the answers to the wallet
//	        as values, and sends the signed transaction to the node
//
// It must not know processes or testnets: the command line, the demo and scenarios use it
// alike. Keys come in as an argument, sign one transaction and never leave this side of the
// RPC connection.
//
// # Errors
//
// Those of the wallet ([wallet.TooLittle]) and of the node ([rpc.Error] if it rejects a
// transaction, [rpc.ErrUnreachable]) can be matched with errors.As and errors.Is.
package payer
