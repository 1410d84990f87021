package rpc

import (
	"encoding/json"

	"toychain/block"
)

// The methods about transactions and the mempool.
var (
	GetMempoolAncestors = Method[RelativesArgs, any]{Info{Name: "getmempoolancestors", Category: "Mempool", Example: exampleHash,
		Returns: "[txid], or an object by txid",
		About:   "Returns the transactions in the mempool that a pending transaction depends on, directly or not."}}
	GetMempoolDescendants = Method[RelativesArgs, any]{Info{Name: "getmempooldescendants", Category: "Mempool", Example: exampleHash,
		Returns: "[txid], or an object by txid",
		About:   "Returns the transactions in the mempool that depend on a pending transaction, directly or not."}}
	GetMempoolEntry = Method[TxArg, MempoolEntry]{Info{Name: "getmempoolentry", Category: "Mempool", Returns: "object", Example: exampleHash,
		About: "Returns what the mempool knows about a pending transaction."}}
	GetMempoolInfo = Method[None, MempoolInfo]{Info{Name: "getmempoolinfo", Category: "Mempool", Returns: "object",
		About: "Returns the size of the mempool and the fees that it demands."}}
	GetRawMempool = Method[GetRawMempoolArgs, any]{Info{Name: "getrawmempool", Category: "Mempool", Example: "true",
		Returns: "[txid], or an object by txid, or {txids, mempool_sequence}",
		About:   "Returns the transactions that wait for a block."}}

	GetPending = Method[None, []PendingTx]{Info{Name: "getpending", Category: "Toychain",
		Returns: `[{"txid", "time_ms", "size", "fee", "feerate", "modified", "depends", "from": [{"txid", "vout", "value", "address"}], "to": [{"value", "address"}]}]`,
		About:   "Returns the transactions that wait for a block, in the order in which they came, with the coins that they spend and create."}}
	SaveMempool = Method[None, map[string]string]{Info{Name: "savemempool", Category: "Mempool", Returns: `{"filename"}`,
		About: "Writes the mempool to the disk, as the node does when it stops."}}
	PrioritiseTransaction = Method[PrioritiseTransactionArgs, bool]{Info{Name: "prioritisetransaction", Category: "Mining", Returns: "true",
		Example: exampleHash + " 0 10000",
		About: "Adds to the fee of a transaction wherever this node compares fees: for the next block, in the mempool, against a rival. " +
			"It may be pending or not; no other node learns of it."}}
	GetPrioritisedTransactions = Method[None, map[block.Hash]Prioritised]{Info{Name: "getprioritisedtransactions", Category: "Mining",
		Returns: `{txid: {"fee_delta", "in_mempool", "modified_fee"}}`, About: "Returns what prioritisetransaction has added, in the smallest unit."}}
	GetTxSpendingPrevout = Method[GetTxSpendingPrevoutArgs, []PrevoutSpend]{Info{Name: "gettxspendingprevout", Category: "Mempool",
		Returns: `[{"txid", "vout", "spendingtxid"}]`, Example: `'[{"txid":` + exampleHash + `,"vout":0}]'`,
		About: "Returns which transactions in the mempool spend outputs."}}

	GetRawTransaction = Method[GetRawTransactionArgs, any]{Info{Name: "getrawtransaction", Category: "Rawtransactions", Returns: "hex, or an object",
		Example: exampleHash + " 1",
		About:   "Returns a transaction of the mempool or of any block: all of them are indexed."}} // a string or Tx
	SendRawTransaction = Method[SendRawTransactionArgs, block.Hash]{Info{Name: "sendrawtransaction", Category: "Rawtransactions", Returns: "txid",
		Example: `"signedhex"`, About: "Adds a transaction to the mempool and relays it to the peers."}}
	TestMempoolAccept = Method[TestMempoolAcceptArgs, []TestAccept]{Info{Name: "testmempoolaccept", Category: "Rawtransactions",
		Returns: `[{"txid", "wtxid", "allowed", "vsize", "fees", "reject-reason"}]`, Example: `'["signedhex"]'`,
		About: "Returns whether the mempool would accept transactions, without adding them."}}
	CreateRawTransaction = Method[CreateRawTransactionArgs, string]{Info{Name: "createrawtransaction", Category: "Rawtransactions", Returns: "hex",
		Example: `'[{"txid":` + exampleHash + `,"vout":0}]' '{` + exampleAddress + `:0.01}'`,
		About:   "Creates a transaction without signatures."}}
	DecodeRawTransaction = Method[DecodeRawTransactionArgs, Tx]{Info{Name: "decoderawtransaction", Category: "Rawtransactions", Returns: "object",
		Example: `"hexstring"`, About: "Decodes a transaction."}}
	DecodeScript = Method[DecodeScriptArgs, DecodedScript]{Info{Name: "decodescript", Category: "Rawtransactions", Returns: "object",
		Example: `"76a914000000000000000000000000000000000000000088ac"`, About: "Decodes a script."}}
	GetTxOutProof = Method[GetTxOutProofArgs, string]{Info{Name: "gettxoutproof", Category: "Rawtransactions", Returns: "hex", Example: `'["txid"]'`,
		About: "Returns a proof that transactions are in a block, for a verifier that has only its header."}}
	VerifyTxOutProof = Method[VerifyTxOutProofArgs, []block.Hash]{Info{Name: "verifytxoutproof", Category: "Rawtransactions", Returns: "[txid]",
		Example: `"proof"`,
		About:   "Checks a proof and that its block is on the best chain, and returns the transactions that it proves; none if it is not valid."}}

	EstimateSmartFee = Method[EstimateSmartFeeArgs, SmartFee]{Info{Name: "estimatesmartfee", Category: "Util", Returns: `{"feerate", "blocks"}`, Example: "6",
		About: "Returns the fee rate that a transaction needs to be in one of the next blocks, if no other arrives. " +
			"Bitcoin Core estimates it from past blocks, toychain from the mempool as it is now."}}
	GetIndexInfo = Method[GetIndexInfoArgs, map[string]IndexInfo]{Info{Name: "getindexinfo", Category: "Util", Example: `"txindex"`,
		Returns: `{"txindex": {"synced", "best_block_height"}}`, About: "Returns the state of the indexes. That of transactions is always there."}}
	VerifyMessage = Method[VerifyMessageArgs, bool]{Info{Name: "verifymessage", Category: "Util", Returns: "boolean",
		Example: exampleAddress + ` "signature" "message"`, About: "Returns whether the owner of an address signed a message."}}
	ValidateAddress = Method[AddressArg, AddressInfo]{Info{Name: "validateaddress", Category: "Util", Returns: "object", Example: exampleAddress,
		About: "Returns whether an address is valid on this network."}}
)

// The arguments of these methods.
type (
	RelativesArgs struct {
		TxID    block.Hash `rpc:"txid" help:"a transaction in the mempool"`
		Verbose bool       `rpc:"verbose?" help:"true: with details (default false)"`
	}
	GetRawMempoolArgs struct {
		Verbose  bool `rpc:"verbose?" help:"true: with details (default false)"`
		Sequence bool `rpc:"mempool_sequence?" help:"also a number that grows with each change of the mempool (default false)"`
	}
	GetRawTransactionArgs struct {
		TxID      block.Hash  `rpc:"txid" help:"the transaction"`
		Verbosity Verbosity   `rpc:"verbosity|verbose?" help:"0: hex; 1: object; 2: with its fee and the coins that it spends (default 0)"`
		Block     *block.Hash `rpc:"blockhash?" help:"the block that holds it, of any branch"`
	}
	SendRawTransactionArgs struct {
		Tx         string        `rpc:"hexstring" help:"the signed transaction"`
		MaxFeeRate *block.Amount `rpc:"maxfeerate?" help:"reject a higher fee rate, in coins per 1,000 bytes; 0: no limit (default 0.10)"`
		MaxBurn    block.Amount  `rpc:"maxburnamount?" help:"reject unspendable outputs of a higher value (default 0)"`
	}
	TestMempoolAcceptArgs struct {
		Txs        []string      `rpc:"rawtxs" help:"up to 25 transactions, parents before children"`
		MaxFeeRate *block.Amount `rpc:"maxfeerate?" help:"as in sendrawtransaction (default 0.10)"`
	}
	CreateRawTransactionArgs struct {
		Inputs      Array           `rpc:"inputs" help:"the coins to spend: {\"txid\", \"vout\", \"sequence\"}"`
		Outputs     json.RawMessage `rpc:"outputs" help:"the outputs: {\"address\": amount, \"data\": \"hex\"}, or an array of such objects"`
		LockTime    int64           `rpc:"locktime?" help:"the first height or time at which it is valid (default 0)"`
		Replaceable *bool           `rpc:"replaceable?" help:"signal that it may be replaced, BIP125 (default true)"`
	}
	DecodeRawTransactionArgs struct {
		Tx        string `rpc:"hexstring" help:"the transaction"`
		IsWitness bool   `rpc:"iswitness?" help:"ignored: there is no witness"`
	}
	DecodeScriptArgs struct {
		Script string `rpc:"hexstring" help:"the script of an output"`
	}
	GetTxOutProofArgs struct {
		TxIDs []block.Hash `rpc:"txids" help:"transactions of one block"`
		Block *block.Hash  `rpc:"blockhash?" help:"the block, of any branch"`
	}
	VerifyTxOutProofArgs struct {
		Proof string `rpc:"proof" help:"a result of gettxoutproof"`
	}
	EstimateSmartFeeArgs struct {
		Target int    `rpc:"conf_target" help:"number of blocks to wait at most, 1 to 1008"`
		Mode   string `rpc:"estimate_mode?" help:"unset, economical or conservative; it makes no difference here (default economical)"`
	}
	GetTxSpendingPrevoutArgs struct {
		Outputs []OutpointArg `rpc:"outputs" help:"the outputs: {\"txid\", \"vout\"}"`
	}
	PrioritiseTransactionArgs struct {
		TxID  block.Hash `rpc:"txid" help:"the transaction"`
		Dummy *float64   `rpc:"dummy?" help:"0 or null: it once was a priority"`
		Delta int64      `rpc:"fee_delta" help:"what to add, in the smallest unit; negative: what to subtract"`
	}
	OutpointArg struct {
		TxID block.Hash `json:"txid" rpc:"required"`
		Vout int32      `json:"vout" rpc:"required"`
	}
	GetIndexInfoArgs struct {
		Index *string `rpc:"index_name?" help:"only this one (default all)"`
	}
	VerifyMessageArgs struct {
		Address   string `rpc:"address" help:"an address of this network"`
		Signature string `rpc:"signature" help:"as toychain wallet sign prints it: base64"`
		Message   string `rpc:"message" help:"the message"`
	}
	AddressArg struct {
		Address string `rpc:"address" help:"an address"`
	}
)
