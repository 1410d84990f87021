package export

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"toychain/consensus"
	"toychain/network"
	"toychain/p2p"
	"toychain/testnet"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// Config is what to write.
type Config struct {
	Dir      string  // made if it is missing; it must not have a testnet
	Nodes    int     // 1 to topology.MaxNodes
	Network  string  // toy, regtest, main, or the path of a parameters file
	Mine     bool    // each node mines from its start on
	MineTo   string  // address that all miners pay; "": one for each node, see testnet.MinersWords
	Hashrate float64 // cap of each node's background miner in hashes per second; 0: none
	Image    string  // of the containers, like toychain:0.1.0
	Port     int     // this machine's port for the RPC of n1; n2 has the next one. 0: FirstPort
	// Secret returns 32 random bytes for a purpose; nil: from the system.
	Secret func(purpose string) [32]byte
}

// FirstPort is the default port of n1's RPC on this machine.
const FirstPort = 18601

// Inside a container.
const (
	peerPort   = 4001
	rpcPort    = 18555
	paramsDir  = "/etc/toychain"
	paramsFile = "network.toml"
	rpcUser    = "toychain"
	namespace  = "toychain" // of Kubernetes
)

// constants are for the templates. A node that has just been started takes 25 MiB (measured in
// interop/containers), a busy one more. The Go runtime has a limit below the hard one, so that
// it collects garbage before it is killed.
var constants = map[string]any{
	"Memory": 128, "MemoryGo": 100, "MemoryRest": 48, // MiB
	"UserID":   65532, // "nonroot" of many images; any number but 0 would do
	"PeerPort": peerPort, "RPCPort": rpcPort, "Data": "/data", "ParamsDir": paramsDir, "ParamsFile": paramsFile, "Namespace": namespace,
}

// plan is the content of both kinds of files.
type plan struct {
	Network    string // as a node in a container names it
	Name       string // of the network
	Parameters string // text of the parameters file; "" for a preset
	Image      string
	User       string // of the RPC
	Password   string
	Nodes      []node
	Is         map[string]any // the constants above
	dir        string         // absolute
}

// node is one node of a plan.
type node struct {
	Name   string
	Key    string // as a key file has it
	PeerID string
	Args   []string // of the program
	Port   int      // of its RPC on this machine
}

// plan makes the plan. rpcHost is where each node listens for clients in its container.
func (cfg Config) plan(rpcHost string) (*plan, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	params, err := network.Load(cfg.Network)
	if err != nil {
		return nil, err
	}
	text, err := network.Text(params)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	p := &plan{Network: params.Name, Name: params.Name, Parameters: text, Image: cfg.Image, User: rpcUser, Is: constants, dir: dir}
	if text != "" {
		p.Network = paramsDir + "/" + paramsFile
	}
	password := cfg.secret("rpc")
	p.Password = hex.EncodeToString(password[:])
	net := topology.Network{Nodes: topology.Names(cfg.Nodes)}
	for i, name := range net.Nodes {
		key, id, err := p2p.NewKey(cfg.secret(name))
		if err != nil {
			return nil, fmt.Errorf("key of %s: %w", name, err)
		}
		p.Nodes = append(p.Nodes, node{Name: name, Key: key, PeerID: string(id), Port: cfg.port() + i})
	}
	planned := net.Planned()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		n.Args = []string{"node", "run", "--name", n.Name,
			"--listen", fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", peerPort),
			"--rpc", fmt.Sprintf("%s:%d", rpcHost, rpcPort)}
		mining, err := cfg.mining(params, i)
		if err != nil {
			return nil, err
		}
		n.Args = append(n.Args, mining...)
		for _, to := range p.Nodes {
			if slices.Contains(planned, topology.Pair{n.Name, to.Name}) {
				n.Args = append(n.Args, "--peer", to.multiaddr())
			}
		}
	}
	return p, nil
}

func (cfg Config) check() error {
	switch {
	case cfg.Dir == "":
		return errors.New("no directory named")
	case cfg.Nodes < 1 || cfg.Nodes > topology.MaxNodes:
		return fmt.Errorf("%d nodes: want 1 to %d", cfg.Nodes, topology.MaxNodes)
	case cfg.Hashrate < 0:
		return fmt.Errorf("a hashrate of %v: want 0 (no cap) or more", cfg.Hashrate)
	case cfg.Image == "" || strings.ContainsAny(cfg.Image, " \t\n\"'"):
		return fmt.Errorf("image %q: want a name like toychain:0.1.0", cfg.Image)
	case cfg.port() < 1 || cfg.port()+cfg.Nodes-1 > 65535:
		return fmt.Errorf("ports from %d on for %d nodes: want 1 to 65535", cfg.port(), cfg.Nodes)
	}
	return nil
}

func (cfg Config) port() int { return cmp.Or(cfg.Port, FirstPort) }

func (cfg Config) secret(purpose string) (out [32]byte) {
	if cfg.Secret != nil {
		return cfg.Secret(purpose)
	}
	rand.Read(out[:]) // never fails
	return out
}

// mining returns the part of a node's command line that makes it mine.
func (cfg Config) mining(params *consensus.Params, i int) (args []string, err error) {
	if cfg.Mine {
		to := cfg.MineTo
		if to == "" {
			to, err = testnet.MinerAddress(params, i)
		} else if _, bad := wallet.ParseAddress(to, params.Prefixes); bad != nil {
			err = fmt.Errorf("mining for %s: %w", to, bad)
		}
		args = append(args, "--mine", to)
	}
	if cfg.Hashrate > 0 {
		args = append(args, "--hashrate", strconv.FormatFloat(cfg.Hashrate, 'f', -1, 64))
	}
	return args, err
}

// multiaddr returns where the other containers reach a node: by its name.
func (n node) multiaddr() string {
	return fmt.Sprintf("/dns4/%s/tcp/%d/p2p/%s", n.Name, peerPort, n.PeerID)
}
