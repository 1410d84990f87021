package rpc

import (
	"strconv"

	"toychain/block"
	"toychain/pow"
)

// This file has the results of the methods about the chain; types_tx.go, types_net.go
// and types_own.go have the others. The tags are Bitcoin Core 28's names, in its order;
// what toychain adds comes last. A hash is 64 hex digits in the order in which it is
// displayed, an amount a number with eight decimals, and a time is in seconds since
// 1970 unless its name ends in _ms.

// Float is a number that is printed as Core prints it, with 16 significant digits.
type Float float64

// MarshalJSON writes what C's %.16g writes.
func (f Float) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(f), 'g', 16, 64), nil
}

// BlockchainInfo is the result of getblockchaininfo.
type BlockchainInfo struct {
	Chain                string       `json:"chain"` // in Core's words: main, or regtest for every other network; see Network.Name
	Blocks               block.Height `json:"blocks"`
	Headers              block.Height `json:"headers"` // of the best header, whose block may not be here yet
	BestBlockHash        block.Hash   `json:"bestblockhash"`
	Difficulty           Float        `json:"difficulty"`
	Time                 uint32       `json:"time"`
	MedianTime           uint32       `json:"mediantime"`
	VerificationProgress Float        `json:"verificationprogress"` // 0 to 1
	InitialBlockDownload bool         `json:"initialblockdownload"` // while catching up
	ChainWork            pow.Work     `json:"chainwork"`
	SizeOnDisk           int64        `json:"size_on_disk"` // bytes
	Pruned               bool         `json:"pruned"`
	Warnings             []string     `json:"warnings"`

	Bits    string  `json:"bits"`   // of the tip, eight hex digits
	Target  string  `json:"target"` // the same as 64 hex digits
	Next    Next    `json:"next"`
	Network Network `json:"network"`
}

// Next is what the block after the tip must fulfil.
type Next struct {
	Height     block.Height `json:"height"`
	Bits       string       `json:"bits"`
	Difficulty Float        `json:"difficulty"`
	Retarget   int          `json:"retarget"` // blocks until the target changes; 0: it never does
	Subsidy    block.Amount `json:"subsidy"`  // what its coinbase may create, without fees
}

// Network is what the nodes of a network agree on (consensus.Params).
type Network struct {
	Name     string       `json:"name"`
	Digest   block.Hash   `json:"digest"`
	Genesis  block.Hash   `json:"genesis"`
	Limit    string       `json:"limit"`   // easiest target, compact
	Window   int          `json:"window"`  // blocks between changes of the target; 0: never
	Spacing  int          `json:"spacing"` // seconds between blocks to aim at
	Future   int          `json:"future"`  // seconds that a block may be ahead of a node's clock
	Subsidy  block.Amount `json:"subsidy"`
	Halving  block.Height `json:"halving"`
	Maturity block.Height `json:"maturity"`
}

// DeploymentInfo is the result of getdeploymentinfo.
type DeploymentInfo struct {
	Hash        block.Hash            `json:"hash"`
	Height      block.Height          `json:"height"`
	Deployments map[string]Deployment `json:"deployments"` // by the name of the rule
}

// Deployment is a rule that came after the first version of Bitcoin.
type Deployment struct {
	Type   string       `json:"type"`   // buried: the height is a part of the parameters
	Active bool         `json:"active"` // it holds in the block after the one asked for
	Height block.Height `json:"height"` // of the first block in which it holds
}

// IndexInfo is the state of an index in the result of getindexinfo.
type IndexInfo struct {
	Synced bool         `json:"synced"`
	Height block.Height `json:"best_block_height"`
}

// Header is the result of getblockheader, and the first part of getblock's.
type Header struct {
	Hash              block.Hash   `json:"hash"`
	Confirmations     int          `json:"confirmations"` // -1: on another branch
	Height            block.Height `json:"height"`
	Version           int32        `json:"version"`
	VersionHex        string       `json:"versionHex"`
	MerkleRoot        block.Hash   `json:"merkleroot"`
	Time              uint32       `json:"time"`
	MedianTime        uint32       `json:"mediantime"`
	Nonce             uint32       `json:"nonce"`
	Bits              string       `json:"bits"`
	Difficulty        Float        `json:"difficulty"`
	ChainWork         pow.Work     `json:"chainwork"`
	Txs               int          `json:"nTx"`
	PreviousBlockHash block.Hash   `json:"previousblockhash,omitzero"`
	NextBlockHash     block.Hash   `json:"nextblockhash,omitzero"` // on the best chain
}

// Block is the result of getblock with verbosity 1.
type Block struct {
	Header
	BlockSizes
	Tx []block.Hash `json:"tx"`
}

// FullBlock is the result of getblock with verbosity 2 (and 3, with prevouts).
type FullBlock struct {
	Header
	BlockSizes
	Tx []Tx `json:"tx"`
}

// BlockSizes is the size of a block in three ways, which say the same: there is no SegWit.
type BlockSizes struct {
	StrippedSize int `json:"strippedsize"`
	Size         int `json:"size"`
	Weight       int `json:"weight"` // 4 times Size
}

// Tip is one row of getchaintips.
type Tip struct {
	Height    block.Height `json:"height"`
	Hash      block.Hash   `json:"hash"`
	BranchLen block.Height `json:"branchlen"` // blocks above the best chain
	Status    string       `json:"status"`    // active, valid-fork, valid-headers, headers-only, invalid
}

// TxOut is the result of gettxout, which is null if there is no such coin.
type TxOut struct {
	BestBlock     block.Hash   `json:"bestblock"`
	Confirmations int          `json:"confirmations"` // 0: in the mempool
	Value         block.Amount `json:"value"`
	ScriptPubKey  Script       `json:"scriptPubKey"`
	Coinbase      bool         `json:"coinbase"`
}

// UTXOs is what REST's getutxos answers (BIP64).
type UTXOs struct {
	Height block.Height `json:"chainHeight"`
	Tip    block.Hash   `json:"chaintipHash"`
	Bitmap string       `json:"bitmap"` // for each outpoint that was asked for 1 if it is unspent, 0 if not
	UTXOs  []RESTCoin   `json:"utxos"`  // of the ones, in their order
}

// RESTCoin is an unspent output in UTXOs.
type RESTCoin struct {
	Height       block.Height `json:"height"` // 2147483647: in the mempool
	Value        block.Amount `json:"value"`
	ScriptPubKey Script       `json:"scriptPubKey"`
}

// CoinStats is the result of gettxoutsetinfo.
type CoinStats struct {
	Height         block.Height `json:"height"`
	BestBlock      block.Hash   `json:"bestblock"`
	TxOuts         int          `json:"txouts"`
	BogoSize       int64        `json:"bogosize"`
	HashSerialized block.Hash   `json:"hash_serialized_3,omitzero"`
	TotalAmount    block.Amount `json:"total_amount"`
	Transactions   int          `json:"transactions"` // with at least one unspent output
	DiskSize       int64        `json:"disk_size"`    // bytes
}

// ChainTxStats is the result of getchaintxstats.
type ChainTxStats struct {
	Time             uint32       `json:"time"`
	TxCount          int          `json:"txcount"`
	FinalBlockHash   block.Hash   `json:"window_final_block_hash"`
	FinalBlockHeight block.Height `json:"window_final_block_height"`
	BlockCount       int          `json:"window_block_count"`
	Interval         *int64       `json:"window_interval,omitempty"` // seconds
	WindowTxCount    *int         `json:"window_tx_count,omitempty"`
	TxRate           *Float       `json:"txrate,omitempty"` // per second
}

// BlockStats is the result of getblockstats. Unlike elsewhere, amounts are in the
// smallest unit, and fee rates in such units per byte.
type BlockStats struct {
	AvgFee             int64        `json:"avgfee"`
	AvgFeeRate         int64        `json:"avgfeerate"`
	AvgTxSize          int64        `json:"avgtxsize"`
	BlockHash          block.Hash   `json:"blockhash"`
	FeeRatePercentiles [5]int64     `json:"feerate_percentiles"` // 10th, 25th, 50th, 75th, 90th, by bytes
	Height             block.Height `json:"height"`
	Ins                int64        `json:"ins"`
	MaxFee             int64        `json:"maxfee"`
	MaxFeeRate         int64        `json:"maxfeerate"`
	MaxTxSize          int64        `json:"maxtxsize"`
	MedianFee          int64        `json:"medianfee"`
	MedianTime         uint32       `json:"mediantime"`
	MedianTxSize       int64        `json:"mediantxsize"`
	MinFee             int64        `json:"minfee"`
	MinFeeRate         int64        `json:"minfeerate"`
	MinTxSize          int64        `json:"mintxsize"`
	Outs               int64        `json:"outs"`
	Subsidy            int64        `json:"subsidy"`
	SWTotalSize        int64        `json:"swtotal_size"`
	SWTotalWeight      int64        `json:"swtotal_weight"`
	SWTxs              int64        `json:"swtxs"`
	Time               uint32       `json:"time"`
	TotalOut           int64        `json:"total_out"`
	TotalSize          int64        `json:"total_size"`
	TotalWeight        int64        `json:"total_weight"`
	TotalFee           int64        `json:"totalfee"`
	Txs                int64        `json:"txs"`
	UTXOIncrease       int64        `json:"utxo_increase"`
	UTXOSizeInc        int64        `json:"utxo_size_inc"`
	UTXOIncreaseActual int64        `json:"utxo_increase_actual"`
	UTXOSizeIncActual  int64        `json:"utxo_size_inc_actual"`
}

// BlockRef names a block. It is the result of waitfornewblock and the like: the tip.
type BlockRef struct {
	Hash   block.Hash   `json:"hash"`
	Height block.Height `json:"height"`
}
