package rpc

import (
	"toychain/block"
)

// Tx is a transaction as decoderawtransaction, getrawtransaction and getblock show it.
// The fields from Fee on are present if they are known.
type Tx struct {
	InActiveChain *bool         `json:"in_active_chain,omitempty"` // only if a block was named
	TxID          block.Hash    `json:"txid"`
	Hash          block.Hash    `json:"hash"` // the same: there is no witness
	Version       uint32        `json:"version"`
	Size          int           `json:"size"`
	VSize         int           `json:"vsize"`
	Weight        int           `json:"weight"`
	LockTime      uint32        `json:"locktime"`
	Vin           []Vin         `json:"vin"`
	Vout          []Vout        `json:"vout"`
	Fee           *block.Amount `json:"fee,omitempty"`
	Hex           string        `json:"hex,omitempty"`
	BlockHash     block.Hash    `json:"blockhash,omitzero"`
	Confirmations *int          `json:"confirmations,omitempty"`
	Time          uint32        `json:"time,omitempty"`
	BlockTime     uint32        `json:"blocktime,omitempty"`
}

// Vin is an input: of a coinbase transaction with Coinbase, of any other with the coin
// that it spends.
type Vin struct {
	Coinbase  string      `json:"coinbase,omitempty"` // hex
	TxID      block.Hash  `json:"txid,omitzero"`
	Vout      *uint32     `json:"vout,omitempty"`
	ScriptSig *ScriptSig  `json:"scriptSig,omitempty"`
	Prevout   *PrevoutOut `json:"prevout,omitempty"`
	Sequence  uint32      `json:"sequence"`
}

// PrevoutOut is the coin that an input spends.
type PrevoutOut struct {
	Generated    bool         `json:"generated"` // of a coinbase
	Height       block.Height `json:"height"`
	Value        block.Amount `json:"value"`
	ScriptPubKey Script       `json:"scriptPubKey"`
}

// ScriptSig is an input's script.
type ScriptSig struct {
	Asm string `json:"asm"`
	Hex string `json:"hex"`
}

// Vout is an output.
type Vout struct {
	Value        block.Amount `json:"value"`
	N            uint32       `json:"n"`
	ScriptPubKey Script       `json:"scriptPubKey"`
}

// Script is an output's script.
type Script struct {
	Asm     string     `json:"asm"`
	Desc    string     `json:"desc"` // output descriptor (BIP380)
	Hex     string     `json:"hex"`
	Address string     `json:"address,omitempty"`
	Type    block.Kind `json:"type"`
}

// DecodedScript is the result of decodescript.
type DecodedScript struct {
	Asm     string     `json:"asm"`
	Desc    string     `json:"desc"`
	Address string     `json:"address,omitempty"`
	Type    block.Kind `json:"type"`
}

// TestAccept is one row of testmempoolaccept.
type TestAccept struct {
	TxID         block.Hash  `json:"txid"`
	WTxID        block.Hash  `json:"wtxid"` // the same
	PackageError string      `json:"package-error,omitempty"`
	Allowed      *bool       `json:"allowed,omitempty"` // nil: not judged
	VSize        int         `json:"vsize,omitempty"`
	Fees         *AcceptFees `json:"fees,omitempty"`
	RejectReason string      `json:"reject-reason,omitempty"`
}

// AcceptFees are the fees of a transaction that would be accepted.
type AcceptFees struct {
	Base     block.Amount `json:"base"`
	FeeRate  block.Amount `json:"effective-feerate"` // coins per 1,000 bytes
	Includes []block.Hash `json:"effective-includes"`
}

// MempoolInfo is the result of getmempoolinfo. Rates are coins per 1,000 bytes.
type MempoolInfo struct {
	Loaded              bool         `json:"loaded"`
	Size                int          `json:"size"`  // transactions
	Bytes               int          `json:"bytes"` // of all of them
	Usage               int          `json:"usage"` // memory in bytes, about
	TotalFee            block.Amount `json:"total_fee"`
	MaxMempool          int          `json:"maxmempool"` // bytes
	MempoolMinFee       block.Amount `json:"mempoolminfee"`
	MinRelayTxFee       block.Amount `json:"minrelaytxfee"`
	IncrementalRelayFee block.Amount `json:"incrementalrelayfee"`
	UnbroadcastCount    int          `json:"unbroadcastcount"`
	FullRBF             bool         `json:"fullrbf"`
}

// PoolSequence is what getrawmempool answers with mempool_sequence.
type PoolSequence struct {
	TxIDs    []block.Hash `json:"txids"`
	Sequence uint64       `json:"mempool_sequence"` // grows with each transaction that enters or leaves
}

// PrevoutSpend is a row of gettxspendingprevout.
type PrevoutSpend struct {
	OutpointArg
	Spend block.Hash `json:"spendingtxid,omitzero"` // absent if no transaction in the mempool spends it
}

// Prioritised is a value of getprioritisedtransactions, in the smallest unit.
type Prioritised struct {
	FeeDelta    int64  `json:"fee_delta"`
	InMempool   bool   `json:"in_mempool"`
	ModifiedFee *int64 `json:"modified_fee,omitempty"` // if it is in the mempool
}

// MempoolEntry is the result of getmempoolentry, and a value of getrawmempool's map.
type MempoolEntry struct {
	VSize           int          `json:"vsize"`
	Weight          int          `json:"weight"`
	Time            int64        `json:"time"`
	Height          block.Height `json:"height"` // of the tip when it came
	DescendantCount int          `json:"descendantcount"`
	DescendantSize  int          `json:"descendantsize"`
	AncestorCount   int          `json:"ancestorcount"`
	AncestorSize    int          `json:"ancestorsize"`
	WTxID           block.Hash   `json:"wtxid"`
	Fees            MempoolFees  `json:"fees"`
	Depends         []block.Hash `json:"depends"`
	SpentBy         []block.Hash `json:"spentby"`
	Replaceable     bool         `json:"bip125-replaceable"`
	Unbroadcast     bool         `json:"unbroadcast"`
}

// PendingTx is a row of getpending.
type PendingTx struct {
	TxID    block.Hash    `json:"txid"`
	TimeMS  int64         `json:"time_ms"` // when it came
	Size    int           `json:"size"`
	Fee     block.Amount  `json:"fee"`
	FeeRate block.Amount  `json:"feerate"`  // coins per 1,000 bytes
	Counts  block.Amount  `json:"modified"` // the fee that this node compares, see prioritisetransaction
	Depends []block.Hash  `json:"depends"`  // transactions of the mempool whose outputs it spends
	From    []PendingCoin `json:"from"`
	To      []PendingCoin `json:"to"`
}

// PendingCoin is a coin that a PendingTx spends or creates.
type PendingCoin struct {
	TxID    block.Hash   `json:"txid,omitzero"` // that created a spent one
	Vout    *uint32      `json:"vout,omitempty"`
	Value   block.Amount `json:"value"`
	Address string       `json:"address"` // "": the script has none
}

// MempoolFees is the fee of an entry of the mempool, alone and with its relatives.
type MempoolFees struct {
	Base       block.Amount `json:"base"`
	Modified   block.Amount `json:"modified"`
	Ancestor   block.Amount `json:"ancestor"`
	Descendant block.Amount `json:"descendant"`
}

// Template is the result of getblocktemplate (BIP22, BIP23).
type Template struct {
	Capabilities      []string          `json:"capabilities"`
	Version           int32             `json:"version"`
	Rules             []string          `json:"rules"`
	VBAvailable       map[string]int    `json:"vbavailable"`
	VBRequired        int               `json:"vbrequired"`
	PreviousBlockHash block.Hash        `json:"previousblockhash"`
	Transactions      []TemplateTx      `json:"transactions"`
	CoinbaseAux       map[string]string `json:"coinbaseaux"`
	CoinbaseValue     int64             `json:"coinbasevalue"` // smallest unit: reward and fees
	LongPollID        string            `json:"longpollid"`
	Target            string            `json:"target"`
	MinTime           uint32            `json:"mintime"`
	Mutable           []string          `json:"mutable"`
	NonceRange        string            `json:"noncerange"`
	SigOpLimit        int               `json:"sigoplimit"`
	SizeLimit         int               `json:"sizelimit"`
	CurTime           uint32            `json:"curtime"`
	Bits              string            `json:"bits"`
	Height            block.Height      `json:"height"`
}

// TemplateTx is a transaction of a Template.
type TemplateTx struct {
	Data    string     `json:"data"` // hex
	TxID    block.Hash `json:"txid"`
	Hash    block.Hash `json:"hash"`
	Depends []int      `json:"depends"` // places in the list, from 1
	Fee     int64      `json:"fee"`     // smallest unit
	SigOps  int        `json:"sigops"`
	Weight  int        `json:"weight"`
}

// GeneratedBlock is the result of generateblock.
type GeneratedBlock struct {
	Hash block.Hash `json:"hash"`
	Hex  string     `json:"hex,omitempty"` // if it was not submitted
}

// MiningInfo is the result of getmininginfo.
type MiningInfo struct {
	Blocks        block.Height `json:"blocks"`
	BlockWeight   *int         `json:"currentblockweight,omitempty"` // of the last block that was assembled; absent before the first
	BlockTx       *int         `json:"currentblocktx,omitempty"`     // transactions in it, without the coinbase
	Difficulty    Float        `json:"difficulty"`
	NetworkHashPS Float        `json:"networkhashps"` // estimated over the last 120 blocks
	PooledTx      int          `json:"pooledtx"`
	Chain         string       `json:"chain"`
	Warnings      []string     `json:"warnings"`

	Network     string  `json:"network"` // its name; Chain has Core's word, as in BlockchainInfo
	Mining      bool    `json:"mining"`
	Address     string  `json:"address"`      // that the miner pays; "" if it is off
	Hashrate    Float   `json:"hashrate"`     // of this node over the last seconds, hashes per second
	HashrateCap float64 `json:"hashrate_cap"` // 0: none
	Found       int     `json:"found"`        // blocks since the start
	Hashes      uint64  `json:"hashes"`       // tried since the start
}

// SmartFee is the result of estimatesmartfee.
type SmartFee struct {
	FeeRate *block.Amount `json:"feerate,omitempty"` // coins per 1,000 bytes
	Errors  []string      `json:"errors,omitempty"`
	Blocks  int           `json:"blocks"`
}
