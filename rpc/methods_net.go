package rpc

import (
	"encoding/json"

	"toychain/block"
)

// The methods about the node and its peers.
var (
	GetMemoryInfo = Method[GetMemoryInfoArgs, map[string]map[string]int]{Info{Name: "getmemoryinfo", Category: "Control", Returns: "object",
		About: "Returns the memory that is locked, for keys of coins. A node has none. For the memory that it uses see /metrics."}}
	GetRPCInfo = Method[None, RPCInfo]{Info{Name: "getrpcinfo", Category: "Control", Returns: "object",
		About: "Returns the calls that are being answered."}}
	Help = Method[HelpArgs, string]{Info{Name: "help", Category: "Control", Returns: "text", Example: `"getblock"`,
		About: "Returns what a method does and how it is called."}}
	Stop = Method[StopArgs, string]{Info{Name: "stop", Category: "Control", Returns: "text",
		About: "Stops the node."}}
	Uptime = Method[None, int64]{Info{Name: "uptime", Category: "Control", Returns: "number",
		About: "Returns for how many seconds the node has been running."}}

	AddNode = Method[AddNodeArgs, Null]{Info{Name: "addnode", Category: "Network", Returns: "null", Long: true,
		Example: `"/ip4/127.0.0.1/tcp/7000/p2p/` + examplePeer + `" "add"`,
		About:   "Adds or removes a peer to stay connected with, or dials one once."}}
	DisconnectNode = Method[DisconnectNodeArgs, Null]{Info{Name: "disconnectnode", Category: "Network", Returns: "null",
		Example: `"` + examplePeer + `"`, About: "Closes the connection to a peer, which may connect again."}}
	GetAddedNodeInfo = Method[GetAddedNodeInfoArgs, []AddedNode]{Info{Name: "getaddednodeinfo", Category: "Network",
		Returns: `[{"addednode", "connected", "addresses": [{"address", "connected"}]}]`,
		About:   "Returns the peers that the user named, with --peer or addnode, and whether they are connected."}}
	GetAddrManInfo = Method[None, map[string]AddrManCount]{Info{Name: "getaddrmaninfo", Category: "Network", Returns: `{network: {"new", "tried", "total"}}`,
		About: "Returns how many peers the node knows, by network: new ones by hearsay, tried ones that it was connected with."}}
	GetNodeAddresses = Method[GetNodeAddressesArgs, []NodeAddress]{Info{Name: "getnodeaddresses", Category: "Network", Example: "0",
		Returns: `[{"time", "services", "address", "port", "network"}]`,
		About:   "Returns addresses of peers that the node knows."}}
	GetNetTotals = Method[None, any]{Info{Name: "getnettotals", Category: "Network", Returns: "object",
		About: "Returns how many bytes went over the network since the node started."}}
	GetConnectionCount = Method[None, int]{Info{Name: "getconnectioncount", Category: "Network", Returns: "number",
		About: "Returns the number of connected peers."}}
	GetNetworkInfo = Method[None, NetworkInfo]{Info{Name: "getnetworkinfo", Category: "Network", Returns: "object",
		About: "Returns the node's identity on the network, and the addresses under which it can be dialled."}}
	GetPeerInfo = Method[None, []Peer]{Info{Name: "getpeerinfo", Category: "Network", Returns: "[object]",
		About: "Returns the connected peers."}}
	Ping = Method[None, Null]{Info{Name: "ping", Category: "Network", Returns: "null",
		About: "Does nothing: peers are pinged from time to time in any case, see pingtime in getpeerinfo."}}
	SetNetworkActive = Method[SetNetworkActiveArgs, bool]{Info{Name: "setnetworkactive", Category: "Network", Returns: "boolean", Example: "false",
		About: "Switches the peer-to-peer network off or on."}}
	ClearBanned = Method[None, Null]{Info{Name: "clearbanned", Category: "Network", Returns: "null",
		About: "Lifts all bans."}}
	ListBanned = Method[None, []Ban]{Info{Name: "listbanned", Category: "Network", Returns: "[object]",
		About: "Returns the banned peers."}}
	SetBan = Method[SetBanArgs, Null]{Info{Name: "setban", Category: "Network", Returns: "null", Example: `"` + examplePeer + `" "add" 600`,
		About: "Bans a peer, or lifts its ban."}}
)

// The methods about mining.
var (
	GenerateBlock = Method[GenerateBlockArgs, GeneratedBlock]{Info{Name: "generateblock", Category: "Mining", Returns: `{"hash", "hex"}`, Long: true,
		Example: exampleAddress + " '[]'", About: "Mines one block with exactly these transactions."}}
	GenerateToAddress = Method[GenerateToAddressArgs, []block.Hash]{Info{Name: "generatetoaddress", Category: "Mining", Returns: "[hash]", Long: true,
		Example: "3 " + exampleAddress, About: "Mines blocks on top of the tip, with real proof of work on all cores."}}
	GetMiningInfo = Method[None, MiningInfo]{Info{Name: "getmininginfo", Category: "Mining", Returns: "object",
		About: "Returns the state of the miner, and the hash rate of the network."}}
	GetNetworkHashPS = Method[GetNetworkHashPSArgs, Float]{Info{Name: "getnetworkhashps", Category: "Mining", Returns: "number",
		About: "Estimates the hashes per second of all miners together."}}
	GetBlockTemplate = Method[GetBlockTemplateArgs, any]{Info{Name: "getblocktemplate", Category: "Mining", Long: true, Example: `'{"rules": ["segwit"]}'`,
		Returns: "object; for a proposal null or the reason for its rejection",
		About:   "Returns what a miner needs to build the next block (BIP22, BIP23), or validates a block without proof of work."}} // a Template or *string
	SubmitBlock = Method[SubmitBlockArgs, *string]{Info{Name: "submitblock", Category: "Mining", Returns: "null or string (BIP22)", Example: `"blockhex"`,
		About: "Submits a block. The result is null if it is on the best chain now, otherwise the reason why not."}}
	SubmitHeader = Method[SubmitHeaderArgs, Null]{Info{Name: "submitheader", Category: "Mining", Returns: "null", Example: `"headerhex"`,
		About: "Submits a header."}}
)

// The arguments of these methods.
type (
	HelpArgs struct {
		Command *string `rpc:"command?" help:"a method (default: a list of all)"`
	}
	GetMemoryInfoArgs struct {
		Mode *string `rpc:"mode?" help:"stats; mallocinfo is not available (default stats)"`
	}
	StopArgs struct {
		Wait int64 `rpc:"wait?" help:"ignored: Core's own tests give it"`
	}
	AddNodeArgs struct {
		Node        string `rpc:"node" help:"the peer's multiaddr with /p2p/; for remove its ID is enough"`
		Command     string `rpc:"command" help:"add: dial it now and whenever it is not connected; remove: no longer; onetry: dial it once"`
		V2Transport bool   `rpc:"v2transport?" help:"ignored"`
	}
	GetAddedNodeInfoArgs struct {
		Node *string `rpc:"node?" help:"only this peer: its ID, or its multiaddr with /p2p/ (default all)"`
	}
	GetNodeAddressesArgs struct {
		Count   *int    `rpc:"count?" help:"how many at most; 0: all (default 1)"`
		Network *string `rpc:"network?" help:"only of this one: ipv4 or ipv6 (default all)"`
	}
	DisconnectNodeArgs struct {
		Address *string `rpc:"address?" help:"the peer's ID, multiaddr or host:port"`
		NodeID  *int    `rpc:"nodeid?" help:"its number in getpeerinfo"`
	}
	SetNetworkActiveArgs struct {
		State bool `rpc:"state" help:"true: on"`
	}
	SetBanArgs struct {
		Peer     string `rpc:"subnet" help:"the peer's ID, or its multiaddr with /p2p/"`
		Command  string `rpc:"command" help:"add or remove"`
		Time     int64  `rpc:"bantime?" help:"seconds; 0: a day (default 0)"`
		Absolute bool   `rpc:"absolute?" help:"bantime is the end of the ban, in seconds since 1970 (default false)"`
	}
	GenerateBlockArgs struct {
		Output string   `rpc:"output" help:"the address to pay"`
		Txs    []string `rpc:"transactions" help:"txids of the mempool, or transactions in hex, in the block's order"`
		Submit *bool    `rpc:"submit?" help:"false: return the block instead of submitting it (default true)"`
	}
	GenerateToAddressArgs struct {
		Blocks   int     `rpc:"nblocks" help:"number of blocks"`
		Address  string  `rpc:"address" help:"the address to pay"`
		MaxTries *uint64 `rpc:"maxtries?" help:"nonces to try for each (default 1000000)"`
	}
	GetNetworkHashPSArgs struct {
		Blocks *int `rpc:"nblocks?" help:"number of blocks to estimate from; -1: those since the target changed (default 120)"`
		Height *int `rpc:"height?" help:"height of the last of them; -1: the tip (default -1)"`
	}
	GetBlockTemplateArgs struct {
		Request Object `rpc:"template_request?" help:"{\"mode\": \"template\" or \"proposal\", \"data\": \"blockhex\", \"longpollid\", \"capabilities\", \"rules\"}"`
	}
	SubmitBlockArgs struct {
		Block string          `rpc:"hexdata" help:"the block"`
		Dummy json.RawMessage `rpc:"dummy?" help:"ignored"`
	}
	SubmitHeaderArgs struct {
		Header string `rpc:"hexdata" help:"the header"`
	}
)
