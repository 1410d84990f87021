package main

import (
	"net"
	"strconv"
	"time"

	"github.com/multiformats/go-multiaddr"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/rpc/server"
)

// Checks of values that several commands take, so that the same mistake gives the same words
// and the same exit code.

// checkMultiaddr rejects what is not a multiaddr and, if it is to be a peer's, one without its
// ID. flag is "" for an argument.
func checkMultiaddr(flag, text string, peer bool) error {
	if flag != "" {
		flag += " "
	}
	addr, err := multiaddr.NewMultiaddr(text)
	switch {
	case err == nil && peer:
		if _, err = addr.ValueForProtocol(multiaddr.P_P2P); err != nil {
			return cli.Usagef("%s%q is not the address of a peer: want one that ends in /p2p/ and the peer's ID, as the other node prints it when it starts", flag, text)
		}
	case err != nil && peer:
		return cli.Usagef("%s%q is not the address of a peer: want one like /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…: %w", flag, text, err)
	case err != nil:
		return cli.Usagef("%s%q: want an address like /ip4/127.0.0.1/tcp/4001: %w", flag, text, err)
	}
	return nil
}

// checkHostPort rejects what is not the address of a node for clients.
func checkHostPort(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return cli.Usagef("--rpc %q: want HOST:PORT, like 127.0.0.1:18555", text)
	}
	return nil
}

// checkClock rejects a clock that is more wrong than a node takes.
func checkClock(flag string, offset time.Duration) error {
	if most := server.MaxOffset * time.Second; offset.Abs() > most {
		return cli.Usagef("%s %s: want %d hours at most", flag, offset.Abs(), int(most.Hours()))
	}
	return nil
}

// beyond returns the error for a height above the tip's: that of a node that is asked for it.
func beyond(h, tip block.Height) error {
	text := "there is no block at height " + strconv.Itoa(int(h)) + ": the best chain ends at " + strconv.Itoa(int(tip))
	return &userError{text, &rpc.Error{Code: rpc.CodeInvalidParam, Message: text}}
}
