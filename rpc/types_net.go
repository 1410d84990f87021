package rpc

import (
	"toychain/block"
	"toychain/peer"
)

// NetworkInfo is the result of getnetworkinfo.
type NetworkInfo struct {
	Version            int            `json:"version"`    // of the version of Bitcoin Core whose dialect this is
	Subversion         string         `json:"subversion"` // /Satoshi:28.1.0/toychain:x.y.z
	ProtocolVersion    int            `json:"protocolversion"`
	LocalServices      string         `json:"localservices"`
	LocalServicesNames []string       `json:"localservicesnames"`
	LocalRelay         bool           `json:"localrelay"`
	TimeOffset         int            `json:"timeoffset"`
	Connections        int            `json:"connections"`
	ConnectionsIn      int            `json:"connections_in"`
	ConnectionsOut     int            `json:"connections_out"`
	NetworkActive      bool           `json:"networkactive"`
	Networks           []NetworkKind  `json:"networks"`
	RelayFee           block.Amount   `json:"relayfee"` // coins per 1,000 bytes
	IncrementalFee     block.Amount   `json:"incrementalfee"`
	LocalAddresses     []LocalAddress `json:"localaddresses"`
	Warnings           []string       `json:"warnings"`

	Name       string    `json:"name"` // the name that the user gave the node; may be ""
	PeerID     string    `json:"peer_id"`
	Multiaddrs []string  `json:"multiaddrs"` // complete, with /p2p/, ready for --peer
	Partition  []peer.ID `json:"partition"`  // peers that this node may not connect to
	Missing    []string  `json:"missing"`    // peers to stay connected with that are not connected; it keeps dialling
}

// NetworkKind is a row of NetworkInfo.Networks.
type NetworkKind struct {
	Name             string `json:"name"`
	Limited          bool   `json:"limited"`
	Reachable        bool   `json:"reachable"`
	Proxy            string `json:"proxy"`
	ProxyCredentials bool   `json:"proxy_randomize_credentials"`
}

// LocalAddress is a row of NetworkInfo.LocalAddresses.
type LocalAddress struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
	Score   int    `json:"score"`
}

// Peer is a row of getpeerinfo.
type Peer struct {
	ID             int          `json:"id"`   // number of the connection, never used twice
	Addr           string       `json:"addr"` // host:port
	Network        string       `json:"network"`
	Services       string       `json:"services"`
	ServicesNames  []string     `json:"servicesnames"`
	RelayTxes      bool         `json:"relaytxes"`
	LastSend       int64        `json:"lastsend"` // 0: never
	LastRecv       int64        `json:"lastrecv"`
	LastTx         int64        `json:"last_transaction"` // 0: never
	LastBlock      int64        `json:"last_block"`       // 0: never
	BytesSent      uint64       `json:"bytessent"`
	BytesRecv      uint64       `json:"bytesrecv"`
	ConnTime       int64        `json:"conntime"`
	TimeOffset     int          `json:"timeoffset"`
	PingTime       *Float       `json:"pingtime,omitempty"` // seconds
	Version        int          `json:"version"`
	SubVer         string       `json:"subver"`
	Inbound        bool         `json:"inbound"`
	HBTo           bool         `json:"bip152_hb_to"`
	HBFrom         bool         `json:"bip152_hb_from"`
	StartingHeight block.Height `json:"startingheight"`
	Presynced      block.Height `json:"presynced_headers"` // always -1: there is no presync
	SyncedHeaders  block.Height `json:"synced_headers"`
	SyncedBlocks   block.Height `json:"synced_blocks"`
	Inflight       []int        `json:"inflight"`
	AddrRelay      bool         `json:"addr_relay_enabled"` // false: addresses are not relayed
	AddrProcessed  int          `json:"addr_processed"`
	AddrLimited    int          `json:"addr_rate_limited"`
	Permissions    []string     `json:"permissions"`
	MinFeeFilter   block.Amount `json:"minfeefilter"` // always 0: peers do not announce theirs
	SentPerMsg     noMessages   `json:"bytessent_per_msg"`
	RecvPerMsg     noMessages   `json:"bytesrecv_per_msg"`
	ConnectionType string       `json:"connection_type"` // inbound, outbound-full-relay or manual
	Transport      string       `json:"transport_protocol_type"`
	SessionID      string       `json:"session_id"`

	PeerID    string       `json:"peer_id"`
	Multiaddr string       `json:"multiaddr"` // of the other end of the connection, with /p2p/
	Joined    bool         `json:"joined"`    // its status was received: it is a node of this network
	Tip       block.Hash   `json:"tip"`       // as last announced; zeros before it joined
	Height    block.Height `json:"height"`
	Link      *peer.Link   `json:"link,omitempty"` // what setlink set
}

// noMessages stands for Core's sums by type of message: these types are Bitcoin's
// peer-to-peer protocol, which is not spoken here.
type noMessages struct{}

// Ban is a row of listbanned.
type Ban struct {
	Address       string `json:"address"` // peer ID
	Created       int64  `json:"ban_created"`
	Until         int64  `json:"banned_until"`
	Duration      int64  `json:"ban_duration"`   // seconds
	TimeRemaining int64  `json:"time_remaining"` // seconds
}

// Clock is the result of setclock.
type Clock struct {
	Offset int64 `json:"offset"` // seconds ahead of the machine's clock
	Time   int64 `json:"time"`   // the time that it shows
}

// AddressInfo is the result of validateaddress.
type AddressInfo struct {
	IsValid        bool   `json:"isvalid"`
	Address        string `json:"address,omitempty"`
	ScriptPubKey   string `json:"scriptPubKey,omitempty"`
	IsScript       *bool  `json:"isscript,omitempty"`
	IsWitness      *bool  `json:"iswitness,omitempty"`
	ErrorLocations *[]int `json:"error_locations,omitempty"`
	Error          string `json:"error,omitempty"` // why it is not valid
}

// RPCInfo is the result of getrpcinfo.
type RPCInfo struct {
	ActiveCommands []ActiveCommand `json:"active_commands"`
	LogPath        string          `json:"logpath"`
}

// ActiveCommand is a call that is being answered.
type ActiveCommand struct {
	Method   string `json:"method"`
	Duration int64  `json:"duration"` // microseconds so far
}

// AddedNode is a row of getaddednodeinfo.
type AddedNode struct {
	AddedNode string         `json:"addednode"` // a multiaddr
	Connected bool           `json:"connected"`
	Addresses []AddedAddress `json:"addresses"` // of its connections
}

// AddedAddress is a connection to a peer that the user named.
type AddedAddress struct {
	Address   string `json:"address"`   // host:port
	Connected string `json:"connected"` // inbound or outbound
}

// AddrManCount is a value of getaddrmaninfo.
type AddrManCount struct {
	New   int `json:"new"`   // known by hearsay only
	Tried int `json:"tried"` // connected once at least
	Total int `json:"total"`
}

// NodeAddress is a row of getnodeaddresses.
type NodeAddress struct {
	Time     int64  `json:"time"`     // when the peer was last connected; 0: never
	Services int    `json:"services"` // 1: the whole chain
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Network  string `json:"network"`
}
