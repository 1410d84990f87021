package rpc

// Code is an error code of JSON-RPC or of Bitcoin Core (rpc/protocol.h).
// bitcoin-cli exits with its absolute value.
type Code int

// The codes that this package returns.
const (
	CodeMisc            Code = -1  // anything else
	CodeType            Code = -3  // a parameter of the wrong type
	CodeInvalidAddress  Code = -5  // no such address, block, transaction, key
	CodeInvalidParam    Code = -8  // a parameter out of range
	CodeWalletNotFound  Code = -18 // there is no such wallet
	CodeDatabase        Code = -20 // the store failed
	CodeDeserialization Code = -22 // bytes that are not a block or transaction
	CodeVerify          Code = -25 // a block or transaction breaks a rule, or an input is missing
	CodeVerifyRejected  Code = -26 // the mempool rejects a transaction
	CodeAlreadyInChain  Code = -27 // the transaction is confirmed already
	CodeNodeAdded       Code = -23 // addnode: added before
	CodeNodeNotAdded    Code = -24 // addnode: never added
	CodeNodeUnknown     Code = -29 // disconnectnode: not connected
	CodeBadPeer         Code = -30 // not the address of a peer

	CodeParse          Code = -32700 // not JSON
	CodeInvalidRequest Code = -32600 // JSON, but not a request
	CodeMethodNotFound Code = -32601
	CodeInvalidParams  Code = -32602 // JSON-RPC's own, for parameters that exclude each other
)
