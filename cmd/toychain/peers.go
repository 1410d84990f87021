package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"
	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) peersCommand() *cobra.Command {
	return cli.Noun("peers", "List, add, drop and ban the node's peers.",
		"toychain peers list\ntoychain peers add /ip4/192.168.1.7/tcp/4001/p2p/12D3KooW…",
		a.peersListCommand(), a.peersAddCommand(), a.peersDropCommand(), a.peersBanCommand())
}

func (a *app) peersListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", SuggestFor: []string{"ls", "show"}, Short: "List the connected peers.",
		Example: "toychain peers list\ntoychain peers list --banned",
	}
	banned := cmd.Flags().Bool("banned", false, "list the banned peers instead")
	var missing []string // addresses that the node dials in vain
	return show(a, cmd, a.dial, func(ctx context.Context, n target, _ []string) (any, error) {
		if *banned {
			return rpc.ListBanned.Call(ctx, n.Client, rpc.None{})
		}
		info, err := rpc.GetNetworkInfo.Call(ctx, n.Client, rpc.None{})
		if err != nil {
			return nil, err
		}
		missing = info.Missing
		return rpc.GetPeerInfo.Call(ctx, n.Client, rpc.None{})
	}, func(w io.Writer, v any) {
		if bans, ok := v.([]rpc.Ban); ok {
			a.printBans(w, bans)
		} else {
			a.printPeers(w, v.([]rpc.Peer), missing)
		}
	})
}

func (a *app) printPeers(t io.Writer, peers []rpc.Peer, missing []string) {
	switch {
	case len(peers) == 0 && len(missing) == 0:
		fmt.Fprint(t, "no peers: add one with 'toychain peers add',\nor start the node with --peer\n")
		return
	case len(peers) == 0:
		fmt.Fprintf(t, "no peers; the node's log says why, and it keeps dialling\n  %s\n", strings.Join(missing, "\n  "))
		return
	}
	names := a.peerNames()
	fmt.Fprintln(t, "peer\t\theight\tping\tsince\taddress")
	for _, p := range peers {
		direction, height, ping := "outbound", "?", "?"
		if p.Inbound {
			direction = "inbound"
		}
		if p.Joined {
			height = cli.Count(p.Height)
		}
		if p.PingTime != nil {
			ping = fmt.Sprintf("%.1f ms", float64(*p.PingTime)*1000)
		}
		at, _, _ := strings.Cut(p.Multiaddr, "/p2p/") // the ID is in the first column
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", cmp.Or(names[p.PeerID], p.PeerID), direction, height, ping,
			cli.Span(time.Since(time.Unix(p.ConnTime, 0))), at)
	}
}

// peerNames maps peer IDs to the names of the testnet's nodes, if --node names one.
func (a *app) peerNames() map[string]string {
	names := make(map[string]string)
	if a.global.node == "" {
		return names
	}
	if t, err := a.openTestnet(); err == nil {
		for _, n := range t.Nodes() {
			names[n.PeerID] = n.Name
		}
	}
	return names
}

func (a *app) printBans(t io.Writer, bans []rpc.Ban) {
	if len(bans) == 0 {
		fmt.Fprintln(t, "no peer is banned")
		return
	}
	names := a.peerNames()
	fmt.Fprintln(t, "peer\tbanned for another")
	for _, b := range bans {
		fmt.Fprintf(t, "%s\t%s\n", cmp.Or(names[b.Address], b.Address), cli.Span(time.Duration(b.TimeRemaining)*time.Second))
	}
}

func (a *app) peersAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add MULTIADDR", SuggestFor: []string{"connect"}, Short: "Connect to a peer, and again whenever the connection is lost.",
		Example: "toychain peers add /ip4/192.168.1.7/tcp/4001/p2p/12D3KooW…",
		Args:    cli.Args(1, 1, "MULTIADDR, as the other node prints it when it starts"),
	}
	wait := cmd.Flags().Duration("wait", 5*time.Second, "`TIME` to wait for the connection")
	return on(cmd, a.dial, func(ctx context.Context, n target, given []string) error {
		if err := checkMultiaddr("", given[0], true); err != nil {
			return err
		}
		if *wait < 0 {
			return cli.Usagef("--wait %s: want 0 or more", *wait)
		}
		_, id, _ := strings.Cut(given[0], "/p2p/")
		if err := n.AddPeer(ctx, given[0]); err != nil && !hasCode(err, rpc.CodeNodeAdded) {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, *wait)
		defer cancel()
		err := cli.Until(ctx, 20*time.Millisecond, func() (bool, error) {
			peers, err := rpc.GetPeerInfo.Call(ctx, n.Client, rpc.None{})
			joined := func(p rpc.Peer) bool { return p.PeerID == id && p.Joined }
			return slices.ContainsFunc(peers, joined), err
		})
		switch {
		case err == nil:
			fmt.Fprintln(a.Stdout, "connected to", id)
		case errors.Is(err, context.DeadlineExceeded):
			fmt.Fprintln(a.Stderr, "not connected yet; the node keeps trying")
		default:
			return err
		}
		return nil
	})
}

func (a *app) peersDropCommand() *cobra.Command {
	return on(&cobra.Command{
		Use: "drop PEER...", SuggestFor: []string{"remove", "rm", "disconnect"}, Short: "Disconnect from peers, and forget their addresses.",
		Example: "toychain peers drop 12D3KooW…\ntoychain peers drop n2,n3 --node n1\ntoychain peers drop all",
		Long: `Disconnect from peers, and forget their addresses. They may connect again, and this node
may learn of them again from others: 'toychain peers ban' keeps a peer away.`,
		Args: cli.Args(1, math.MaxInt, "PEER, its ID"),
	}, a.dial, func(ctx context.Context, n target, given []string) error {
		return a.eachPeer(ctx, n, given, func(id, name string) error {
			if err := n.ForgetPeer(ctx, id); err != nil && !hasCode(err, rpc.CodeNodeNotAdded) {
				return err
			}
			if err := rpc.DisconnectNode.Do(ctx, n.Client, rpc.DisconnectNodeArgs{Address: &id}); err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "%s is dropped, and may connect again; to keep it away: toychain peers ban %s%s\n", name, name, a.nodeFlag())
			return nil
		})
	})
}

// nodeFlag returns the flag that names the testnet's node that is asked, if one is.
func (a *app) nodeFlag() string {
	if a.global.node == "" {
		return ""
	}
	return " --node " + a.global.node
}

// eachPeer calls do with the ID of each peer that the user means, and the user's word for it: see
// peerID, with commas between several, or all for those that are connected.
func (a *app) eachPeer(ctx context.Context, n target, said []string, do func(id, name string) error) error {
	var names []string
	for _, s := range said {
		names = append(names, strings.Split(s, ",")...)
	}
	if slices.Equal(names, []string{"all"}) {
		peers, err := rpc.GetPeerInfo.Call(ctx, n.Client, rpc.None{})
		if err != nil {
			return err
		}
		known := a.peerNames()
		names = nil
		for _, p := range peers {
			names = append(names, cmp.Or(known[p.PeerID], p.PeerID))
		}
	}
	for _, name := range names {
		id, err := a.peerID(ctx, n, name)
		if err == nil {
			err = do(id, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) peersBanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ban PEER...", Short: "Disconnect, and ban the peers for a while.",
		Example: "toychain peers ban 12D3KooW… --for 1h\ntoychain peers ban 12D3KooW… --lift\ntoychain peers ban n2,n3 --node n1",
		Args:    cli.Args(1, math.MaxInt, "PEER, its ID"),
	}
	how := cmd.Flags().Duration("for", 10*time.Minute, "`TIME` of the ban")
	lift := cmd.Flags().Bool("lift", false, "lift the ban")
	return on(cmd, a.dial, func(ctx context.Context, n target, given []string) error {
		if *how < time.Second {
			return cli.Usagef("--for %s: want a second or more", *how)
		}
		return a.eachPeer(ctx, n, given, func(id, _ string) error {
			if *lift {
				return rpc.SetBan.Do(ctx, n.Client, rpc.SetBanArgs{Peer: id, Command: "remove"})
			}
			return rpc.SetBan.Do(ctx, n.Client, rpc.SetBanArgs{Peer: id, Command: "add", Time: int64(how.Seconds())})
		})
	})
}

// peerID returns the ID of the peer that the user means: by its ID, the end of it if that
// is unique, an address that ends in it, or a node's name in a testnet.
func (a *app) peerID(ctx context.Context, n target, said string) (string, error) {
	for id, name := range a.peerNames() {
		if name == said {
			return id, nil
		}
	}
	if _, id, ok := strings.Cut(said, "/p2p/"); ok {
		return id, nil
	}
	peers, err := rpc.GetPeerInfo.Call(ctx, n.Client, rpc.None{})
	if err != nil {
		return "", err
	}
	var fits []string
	for _, p := range peers {
		if strings.HasSuffix(p.PeerID, said) {
			fits = append(fits, p.PeerID)
		}
	}
	switch len(fits) {
	case 0:
		if _, err := multiaddr.NewMultiaddr("/p2p/" + said); err != nil {
			return "", cli.Usagef("no peer %q: want the ID of a peer, or the end of it; 'toychain peers list%s' lists them", said, a.nodeFlag())
		}
		return said, nil // not connected: the node decides
	case 1:
		return fits[0], nil
	}
	return "", cli.Usagef("%s is the end of several peers' IDs: %s", said, strings.Join(fits, ", "))
}
