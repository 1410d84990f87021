//go:build unix

package testnet

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"toychain/block"
	"toychain/internal/atomicfile"
	"toychain/network"
	"toychain/peer"
	"toychain/rpc"
)

// fakeNode is a process that takes a node's arguments and answers as much RPC as this
// package calls: it has peers and a tip, and no chain. Two of them are connected if one had to
// dial the other, both run, and neither has the other on its blocklist.
type fakeNode struct {
	name, id, addr string

	mu      sync.Mutex
	known   map[string]string // address by ID: the peers that it dialed, and those that dialed it
	blocked []string
	banned  []string
	links   map[string]peer.Link // by id
	dir     string               // <datadir>: its file tip, which a test writes, is the chain
	mining  rpc.MiningInfo
}

// runFakeNode is "toychain node run".
func runFakeNode(args []string) int {
	f := flag.NewFlagSet("node run", flag.ContinueOnError)
	netName := f.String("network", "", "")
	data := f.String("datadir", "", "")
	listen := f.String("listen", "", "")
	addr := f.String("rpc", "", "")
	name := f.String("name", "", "")
	f.String("hashrate", "", "")
	f.Bool("rest", false, "")
	clock := f.Duration("clock-offset", 0, "")
	tied := f.Bool("exit-on-stdin-close", false, "")
	var peers []string
	f.Func("peer", "", func(s string) error { peers = append(peers, s); return nil })
	if err := f.Parse(args); err != nil {
		return 2
	}
	if _, err := os.Stat(filepath.Join(*data, "broken")); err == nil {
		fmt.Println("error: the database is damaged")
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if *tied {
		go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		fmt.Println("error:", err, *listen)
		return 1
	}
	n := &fakeNode{name: *name, id: "id-of-" + *name, addr: l.Addr().String(), known: map[string]string{}, links: map[string]peer.Link{}, dir: *data}
	if *clock != 0 {
		fmt.Println("born with a clock off by", *clock)
	}
	server := httptest.NewUnstartedServer(n)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	for _, p := range peers {
		n.callPeer(p)
	}
	params, err := network.Load(*netName)
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	dir := filepath.Join(*data, params.Name)
	os.MkdirAll(dir, 0o700)
	os.WriteFile(filepath.Join(dir, cookieFile), []byte("user:pass"), 0o600)
	atomicfile.Replace(filepath.Join(dir, addrFile), atomicfile.Synced([]byte(n.addr+"\n")))
	fmt.Println("fake node", *name, "on", n.addr)
	<-ctx.Done()
	os.Remove(filepath.Join(dir, addrFile))
	fmt.Println("goodbye")
	return 0
}

// callPeer calls the node at a multiaddr. Its address for peers is that of its RPC.
func (n *fakeNode) callPeer(multiaddr string) {
	parts := strings.Split(multiaddr, "/") // "", ip4, host, tcp, port, p2p, id
	addr, id := parts[2]+":"+parts[4], parts[6]
	n.mu.Lock()
	n.known[id] = addr
	n.mu.Unlock()
	n.greet(addr)
}

// greet announces this node to another fake node, and reports whether that accepts it. If it is
// too busy to answer, it learns of this node from the next greeting.
func (n *fakeNode) greet(addr string) bool {
	client := http.Client{Timeout: time.Second} // it may be paused
	resp, err := client.Get("http://" + addr + "/hello?id=" + n.id + "&addr=" + n.addr)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	switch r.URL.Path {
	case "/hello":
		n.mu.Lock()
		defer n.mu.Unlock()
		n.known[id] = r.URL.Query().Get("addr")
		if slices.Contains(n.blocked, id) || slices.Contains(n.banned, id) {
			w.WriteHeader(http.StatusForbidden)
		}
	default:
		var call struct {
			Method string
			Params []json.RawMessage
		}
		json.NewDecoder(r.Body).Decode(&call)
		if n.refuses(call.Method) {
			json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": 1, "error": map[string]any{"code": -1, "message": "not today"}})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": 1, "result": n.answer(call.Method, call.Params)})
	}
}

// refuses reports whether the node refuses a call: if its directory has a file "refuse once" or
// "refuse" with the name of the method. The first one is removed.
func (n *fakeNode) refuses(method string) bool {
	once := filepath.Join(n.dir, "refuse once")
	for _, file := range []string{once, filepath.Join(n.dir, "refuse")} {
		if b, err := os.ReadFile(file); err == nil && string(b) == method {
			os.Remove(once)
			return true
		}
	}
	return false
}

// read decodes a parameter, unless it was left out.
func read(params []json.RawMessage, i int, v any) {
	if i < len(params) {
		json.Unmarshal(params[i], v)
	}
}

// answer returns the result of a method, of those that this package calls.
func (n *fakeNode) answer(method string, params []json.RawMessage) any {
	switch method {
	case "getnetworkinfo":
		host, port, _ := net.SplitHostPort(n.addr)
		n.mu.Lock()
		defer n.mu.Unlock()
		var blocked []peer.ID
		for _, id := range n.blocked {
			blocked = append(blocked, peer.ID(id))
		}
		return rpc.NetworkInfo{Name: n.name, Partition: blocked, PeerID: n.id, Multiaddrs: []string{"/ip4/" + host + "/tcp/" + port + "/p2p/" + n.id}}
	case "addnode":
		var to string
		read(params, 0, &to)
		n.callPeer(to)
	case "setclock":
		var seconds int64
		read(params, 0, &seconds)
		fmt.Println("told of a clock off by", time.Duration(seconds)*time.Second)
	case "setlink":
		n.mu.Lock()
		defer n.mu.Unlock()
		var id string
		var l peer.Link
		read(params, 0, &id)
		read(params, 1, &l)
		n.links[id] = l
	case "setpartition":
		n.mu.Lock()
		defer n.mu.Unlock()
		n.blocked = nil
		read(params, 0, &n.blocked)
		return n.blocked
	case "listbanned":
		n.mu.Lock()
		defer n.mu.Unlock()
		out := []rpc.Ban{}
		for _, id := range n.banned {
			out = append(out, rpc.Ban{Address: id})
		}
		return out
	case "setban":
		n.mu.Lock()
		defer n.mu.Unlock()
		var id, command string
		read(params, 0, &id)
		read(params, 1, &command)
		n.banned = slices.DeleteFunc(n.banned, func(b string) bool { return b == id })
		if command == "add" {
			n.banned = append(n.banned, id)
		}
	case "getpeerinfo":
		return n.peers()
	case "getblockchaininfo":
		b, _ := os.ReadFile(filepath.Join(n.dir, "tip"))
		return rpc.BlockchainInfo{Chain: "toy", Blocks: block.Height(len(b)), BestBlockHash: block.Sum(b)}
	case "setmining":
		n.mu.Lock()
		defer n.mu.Unlock()
		read(params, 0, &n.mining.Address)
		n.mining.Mining = n.mining.Address != ""
		read(params, 1, &n.mining.HashrateCap)
		return n.mining
	case "getmininginfo":
		n.mu.Lock()
		defer n.mu.Unlock()
		n.mining.PooledTx = 2
		return n.mining
	case "getblocktree":
		b, _ := os.ReadFile(filepath.Join(n.dir, "tip"))
		return rpc.Tree{Tip: block.Sum(b), Blocks: []rpc.TreeBlock{{Hash: block.Sum(b), Txs: 1}}}
	}
	return nil
}

// peers returns the connected peers.
func (n *fakeNode) peers() []rpc.Peer {
	n.mu.Lock()
	known, blocked, links := map[string]string{}, slices.Concat(n.blocked, n.banned), maps.Clone(n.links)
	for id, addr := range n.known {
		known[id] = addr
	}
	n.mu.Unlock()
	out := []rpc.Peer{}
	for id, addr := range known {
		if !slices.Contains(blocked, id) && n.greet(addr) {
			l := links[id]
			out = append(out, rpc.Peer{PeerID: id, Joined: !l.OneWay, Link: &l})
		}
	}
	return out
}
