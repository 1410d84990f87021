package main

import (
	"strings"
	"testing"

	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/history"
)

// TestMomentAmong: moves within one second are told apart, others have no milliseconds.
func TestMomentAmong(t *testing.T) {
	var all []history.NetReorg
	for _, ms := range []int64{1000, 5007, 5120, 9000} {
		all = append(all, history.NetReorg{Reorg: rpc.Reorg{TimeMS: ms}})
	}
	for i, want := range []string{":01", ":05.007", ":05.120", ":09"} {
		if got := momentAmong(all, i); !strings.HasSuffix(got, want) {
			t.Errorf("move %d was at %s, want …%s", i, got, want)
		}
	}
}

// TestPeersOf: peers fit into a row.
func TestPeersOf(t *testing.T) {
	for list, want := range map[string]string{
		"": "", "n2 n3": "n2 n3", "n1 n2 n3 n4 n5 n7 n8 n9 n10 n11 n12": "n1…n5 n7…n12",
		"n1 n3 n5 n7 n9 n11 n13 n15 n17": "9 peers",
	} {
		if got := peersOf(testnet.NodeStatus{Peers: strings.Fields(list)}); got != want {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}
