package rpc

import (
	"toychain/block"
	"toychain/peer"
)

// The methods that Bitcoin Core does not have.
var (
	GetBlockTree = Method[GetBlockTreeArgs, Tree]{Info{Name: "getblocktree", Category: "Toychain", Example: "100",
		About: "Returns all blocks of all branches, in the order in which they arrived. Folded, a tree of any size is a short answer: " +
			"a block that does not follow its parent there says how many are left out before it, and which one is below those. " +
			"With the sequence number of an earlier answer only what changed since is returned.",
		Returns: `{"tip", "height", "from": blocks below are left out, "seq", "changes": true if blocks are only those that changed, "blocks": [{"hash", "prev", "height", "time", "received_ms", "complete_ms", "order", "bits", "difficulty", ` +
			`"chainwork", "txs", "size", "status", "message", "address", "folded", "under"}]}`}}
	GetReorgs = Method[GetReorgsArgs, []Reorg]{Info{Name: "getreorgs", Category: "Toychain", Example: "10",
		About: "Returns the journal of reorganisations, the oldest first: which blocks left and joined the best chain, and what " +
			"became of the transactions in those that left. They were returned to the mempool, reconfirmed in a block that joined, or " +
			"conflicted: made impossible by another transaction. confirmed_since lists the returned ones that are confirmed now.",
		Returns: `[{"time_ms", "from", "to", "fork", "depth", "left", "joined", "returned", ` +
			`"reconfirmed": [{"txid", "block", "height"}], "conflicted": [{"txid", "by", "by_block"}], "confirmed_since": [as reconfirmed]}]`}}
	GetStaleRate = Method[GetStaleRateArgs, StaleRate]{Info{Name: "getstalerate", Category: "Toychain", Example: "1 1000",
		About: "Returns the stale rate: the share of this node's valid blocks with their transactions that are not on its " +
			"best chain; and the fork rate: the share of the best chain's heights that have more than one such block.",
		Returns: `{"from", "to", "blocks", "stale", "rate", "heights", "forked", "fork_rate"}`}}
	GetTxHistory = Method[TxArg, TxHistory]{Info{Name: "gettxhistory", Category: "Toychain", Example: exampleHash, Long: true,
		About: "Returns the history of a transaction on every branch: which blocks hold it, when it was confirmed, returned to the mempool, " +
			"confirmed again or made impossible, and by what; which other transactions spend its inputs, and which spend its outputs.",
		Returns: `{"txid", "fate", "pending_since_ms", "blocks": [a block as in getblocktree, and "index"], "events": [{"time_ms", "event", ` +
			`"block", "reorg", "by", "by_block"}], "spends": [{"txid", "vout", "value", "address", "rivals"}], ` +
			`"coins": [{"vout", "value", "address", "spent_by": [{"txid", "block", "active"}]}]}`}}
	GetAddressHistory = Method[GetAddressHistoryArgs, []HistoryRow]{Info{Name: "getaddresshistory", Category: "Toychain", Example: exampleAddress, Long: true,
		About: "Returns the transactions of the best chain that pay an address or spend its coins, the oldest first, " +
			"then those of the mempool (height -1). Of several addresses, each transaction is one row. With details, rows name " +
			"the other side, and there are rows for what reorganisations took: status is stale, or conflicted if the best chain " +
			"or the mempool spends the coin by another transaction, or never created it.",
		Returns: `[{"txid", "height", "blockhash", "time", "received", "sent", "net", "status": confirmed, pending, conflicted or stale, ` +
			`"addresses": those of the call, "coinbase", "others", "by", "by_block"}]`}}
	GetAddressUTXOs = Method[GetAddressUTXOsArgs, []UTXO]{Info{Name: "getaddressutxos", Category: "Toychain", Example: exampleAddress + " true",
		About:   "Returns the coins of an address, or of several.",
		Returns: `[{"txid", "vout", "amount", "scriptPubKey", "height", "coinbase", "confirmations", "mature", "pending_spent_by"}]`}}

	SetClock = Method[SetClockArgs, Clock]{Info{Name: "setclock", Category: "Toychain", Example: "7200", Returns: `{"offset", "time"}`,
		About: "Sets the node's clock wrong, relative to the machine's. Its blocks carry that time, and it refuses a block " +
			"that is too far ahead of that time (getblockchaininfo: network.future)."}}
	SetLink = Method[SetLinkArgs, peer.Link]{Info{Name: "setlink", Category: "Toychain", Returns: "the link",
		Example: examplePeer + ` '{"delay_ms": 200}'`,
		About: "Sets the faults of the link to a peer. What this node sends is delayed, or throttled to a bandwidth in bytes per second; " +
			"of the gossip that it receives a share is lost (0 to 1); one_way makes it ignore the peer."}}
	SetMining = Method[SetMiningArgs, MiningInfo]{Info{Name: "setmining", Category: "Toychain", Example: exampleAddress + " 20000",
		Returns: "object, as getmininginfo", About: "Starts or stops the background miner."}}
	SetPartition = Method[SetPartitionArgs, []peer.ID]{Info{Name: "setpartition", Category: "Toychain", Returns: "[id]",
		Example: `'["` + examplePeer + `"]'`,
		About: "Partitions the network: connections to these peers are closed and refused from now on, all others are allowed. " +
			"Set it on both sides."}}
	SubmitBlocks = Method[SubmitBlocksArgs, []*string]{Info{Name: "submitblocks", Category: "Toychain", Returns: "[null or string]",
		Example: `'["blockhex", "blockhex"]'`,
		About:   "Submits many blocks, which are written to the disk together and not published: peers ask for those of the best chain. The results are those of submitblock."}}
)

// The arguments of these methods.
type (
	TxArg struct {
		TxID block.Hash `rpc:"txid" help:"the transaction"`
	}
	GetBlockTreeArgs struct {
		From    int64          `rpc:"fromheight?" help:"the lowest height to return (default 0)"`
		Folded  bool           `rpc:"folded?" help:"true: only the blocks near tips and forks, and at the same heights on other branches (default false)"`
		Heights []block.Height `rpc:"heights?" help:"folded: also the blocks at these heights, as [from, to, from, to]"`
		Since   *int64         `rpc:"since?" help:"folded: a sequence number of an earlier answer; only the blocks that changed since, if the node still knows which"`
	}
	GetReorgsArgs struct {
		Limit *int `rpc:"limit?" help:"return only the last ones, this many; 0: all (default 100)"`
	}
	GetStaleRateArgs struct {
		From *block.Height `rpc:"fromheight?" help:"the lowest height to count (default 1: genesis was not mined by chance)"`
		To   *block.Height `rpc:"toheight?" help:"the greatest height to count (default: the tip's)"`
	}
	GetAddressUTXOsArgs struct {
		Addresses Addresses `rpc:"address|addresses" help:"an address of this network, or an array of them"`
		Pending   bool      `rpc:"pending?" help:"true: also the outputs of the mempool, at height -1 (default false)"`
	}
	GetAddressHistoryArgs struct {
		Addresses Addresses `rpc:"address|addresses" help:"an address of this network, or an array of them"`
		Details   bool      `rpc:"details?" help:"true: also the other side, and what left the best chain (default false)"`
	}
	SetClockArgs struct {
		Offset int64 `rpc:"offset" help:"seconds ahead of the machine's clock; negative: behind it; 0: right again"`
	}
	SetLinkArgs struct {
		Peer string    `rpc:"peer" help:"the peer's ID, or its multiaddr with /p2p/"`
		Link peer.Link `rpc:"link" help:"{\"delay_ms\", \"jitter_ms\", \"loss\", \"one_way\", \"bandwidth\"}; {} removes all faults"`
	}
	SetMiningArgs struct {
		Address  string  `rpc:"address" help:"the address to pay; \"\" stops the miner"`
		Hashrate float64 `rpc:"hashrate?" help:"hashes per second at most; 0: no cap (default 0)"`
	}
	SetPartitionArgs struct {
		Peers []string `rpc:"peers" help:"IDs of the peers that this node may not connect to; [] heals"`
	}
	SubmitBlocksArgs struct {
		Blocks []string `rpc:"blocks" help:"the blocks, each after its parent"`
	}
)
