package rpc

import (
	"encoding/json"

	"toychain/block"
)

// Arguments for the examples in help texts.
const (
	exampleHash    = `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`
	exampleAddress = `"mkHS9ne12qx9pS9VojpwU5xtRd4T7X7ZUt"`
	examplePeer    = `12D3KooWBhMbLvQUVQPEsfn4xEGWkvGZZ1qSBWBfBzR5VjF8pqgq`
)

// The methods about the block chain.
var (
	GetBestBlockHash = Method[None, block.Hash]{Info{Name: "getbestblockhash", Category: "Blockchain", Returns: "hash",
		About: "Returns the hash of the best block: the tip of the chain with the most work."}}
	GetBlockchainInfo = Method[None, BlockchainInfo]{Info{Name: "getblockchaininfo", Category: "Blockchain", Returns: "object",
		About: "Returns the state of the chain: height, difficulty, work, and what the next block must fulfil."}}
	GetBlockCount = Method[None, block.Height]{Info{Name: "getblockcount", Category: "Blockchain", Returns: "number",
		About: "Returns the height of the best chain. Genesis has height 0."}}
	GetBlockHash = Method[HeightArg, block.Hash]{Info{Name: "getblockhash", Category: "Blockchain", Returns: "hash", Example: "1000",
		About: "Returns the hash of the block at a height of the best chain."}}
	GetChainTips = Method[None, []Tip]{Info{Name: "getchaintips", Category: "Blockchain",
		Returns: `[{"height", "hash", "branchlen", "status"}]`,
		About: "Returns the tips of all branches of the block tree, including that of the best chain. " +
			"status is active; valid-fork: it was or could be the best chain; valid-headers: its transactions were never " +
			"validated; headers-only: some of them are missing; invalid: it breaks a rule, or was invalidated by a user."}}
	GetDeploymentInfo = Method[GetDeploymentInfoArgs, DeploymentInfo]{Info{Name: "getdeploymentinfo", Category: "Blockchain", Returns: "object",
		Example: exampleHash, About: "Returns from which heights the later rules hold, and which hold after a block."}}
	GetDifficulty = Method[None, Float]{Info{Name: "getdifficulty", Category: "Blockchain", Returns: "number",
		About: "Returns how many times harder than Bitcoin's easiest target the target of the tip is."}}
	GetBlock = Method[GetBlockArgs, any]{Info{Name: "getblock", Category: "Blockchain", Returns: "hex, or an object", Example: exampleHash,
		About: "Returns a block."}} // a string, Block or FullBlock
	GetBlockHeader = Method[GetBlockHeaderArgs, any]{Info{Name: "getblockheader", Category: "Blockchain", Returns: "hex, or an object",
		Example: exampleHash, About: "Returns the header of a block."}} // a string or Header
	GetTxOut = Method[GetTxOutArgs, *TxOut]{Info{Name: "gettxout", Category: "Blockchain", Returns: "object or null",
		Example: exampleHash + " 1", About: "Returns an unspent output, or null."}}
	GetTxOutSetInfo = Method[GetTxOutSetInfoArgs, CoinStats]{Info{Name: "gettxoutsetinfo", Category: "Blockchain", Returns: "object", Long: true,
		About: "Returns sums over all coins, and a hash that is equal on every node with the same chain."}}
	GetBlockStats = Method[GetBlockStatsArgs, any]{Info{Name: "getblockstats", Category: "Blockchain", Returns: "object",
		Example: "1000 '[\"totalfee\",\"txs\"]'",
		About:   "Returns statistics over the transactions of a block, in the smallest unit of money."}} // a BlockStats, or a part of one
	GetChainTxStats = Method[GetChainTxStatsArgs, ChainTxStats]{Info{Name: "getchaintxstats", Category: "Blockchain", Returns: "object",
		Example: "2016", About: "Returns the number of transactions in the chain, and their rate."}}

	InvalidateBlock = Method[BlockArg, Null]{Info{Name: "invalidateblock", Category: "Blockchain", Returns: "null", Example: exampleHash,
		About: "Treats a block and all its descendants as if it broke a rule."}}
	ReconsiderBlock = Method[BlockArg, Null]{Info{Name: "reconsiderblock", Category: "Blockchain", Returns: "null", Example: exampleHash,
		About: "Undoes invalidateblock, for the block, its ancestors and its descendants."}}
	PreciousBlock = Method[BlockArg, Null]{Info{Name: "preciousblock", Category: "Blockchain", Returns: "null", Example: exampleHash,
		About: "Treats a block as if it had been received before all others with the same work."}}
	VerifyChain = Method[VerifyChainArgs, bool]{Info{Name: "verifychain", Category: "Blockchain", Returns: "boolean", Long: true, Example: "3 100",
		About: "Validates the last blocks of the best chain again, with the coins that they spent."}}

	WaitForBlock = Method[WaitForBlockArgs, BlockRef]{Info{Name: "waitforblock", Category: "Blockchain", Returns: `{"hash", "height"}`,
		Long: true, Example: exampleHash + " 1000", About: "Waits until a block is the tip, and returns the tip."}}
	WaitForBlockHeight = Method[WaitForBlockHeightArgs, BlockRef]{Info{Name: "waitforblockheight", Category: "Blockchain", Returns: `{"hash", "height"}`,
		Long: true, Example: "100 1000", About: "Waits until the best chain reaches a height, and returns the tip."}}
	WaitForNewBlock = Method[WaitForNewBlockArgs, BlockRef]{Info{Name: "waitfornewblock", Category: "Blockchain", Returns: `{"hash", "height"}`,
		Long: true, Example: "1000", About: "Waits until the tip changes, and returns the new one."}}
)

// The arguments of these methods.
type (
	BlockArg struct {
		Block block.Hash `rpc:"blockhash" help:"the block"`
	}
	HeightArg struct {
		Height int64 `rpc:"height" help:"height on the best chain"`
	}
	GetBlockArgs struct {
		Block     block.Hash `rpc:"blockhash" help:"the block, of any branch"`
		Verbosity *Verbosity `rpc:"verbosity|verbose?" help:"0: hex; 1: with txids; 2: with transactions; 3: also with the coins that they spend (default 1)"`
	}
	GetBlockHeaderArgs struct {
		Block   block.Hash `rpc:"blockhash" help:"the block, of any branch"`
		Verbose *bool      `rpc:"verbose?" help:"false: hex (default true)"`
	}
	GetTxOutArgs struct {
		TxID    block.Hash `rpc:"txid" help:"the transaction"`
		Index   uint32     `rpc:"n" help:"number of the output"`
		Mempool *bool      `rpc:"include_mempool?" help:"count what the mempool creates and spends (default true)"`
	}
	GetTxOutSetInfoArgs struct {
		HashType     *string         `rpc:"hash_type?" help:"hash_serialized_3 or none (default hash_serialized_3)"`
		HashOrHeight json.RawMessage `rpc:"hash_or_height?" help:"not supported: there is no index of past coin sets"`
		UseIndex     bool            `rpc:"use_index?" help:"ignored"`
	}
	GetDeploymentInfoArgs struct {
		Block *block.Hash `rpc:"blockhash?" help:"the block, of any branch (default the tip)"`
	}
	GetBlockStatsArgs struct {
		HashOrHeight json.RawMessage `rpc:"hash_or_height" help:"the block"`
		Stats        []string        `rpc:"stats?" help:"names of the values to return; none: all (default none)"`
	}
	GetChainTxStatsArgs struct {
		Blocks *int        `rpc:"nblocks?" help:"number of blocks to count (default a month's)"`
		Block  *block.Hash `rpc:"blockhash?" help:"the last of them (default the tip)"`
	}
	VerifyChainArgs struct {
		Level  *int `rpc:"checklevel?" help:"0 to 4, as in Core; everything is checked in any case (default 3)"`
		Blocks *int `rpc:"nblocks?" help:"number of blocks; 0: all (default 6)"`
	}
	WaitForBlockArgs struct {
		Block   block.Hash `rpc:"blockhash" help:"the block"`
		Timeout int64      `rpc:"timeout?" help:"milliseconds; 0: for ever (default 0)"`
	}
	WaitForBlockHeightArgs struct {
		Height  int64 `rpc:"height" help:"the height"`
		Timeout int64 `rpc:"timeout?" help:"milliseconds; 0: for ever (default 0)"`
	}
	WaitForNewBlockArgs struct {
		Timeout int64 `rpc:"timeout?" help:"milliseconds; 0: for ever (default 0)"`
	}
)
