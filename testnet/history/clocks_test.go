package history

import (
	"testing"
	"time"

	"toychain/rpc"
)

// TestClockLogs: a time that a node recorded with a wrong clock is corrected, if it is not ambiguous.
func TestClockLogs(t *testing.T) {
	clock := func(at int64, name, by string) Action {
		return Action{TimeMS: at, TookMS: 10, Verb: "clock", Args: []string{name, by}}
	}
	at := time.UnixMilli
	const hour = 3_600_000
	logs := Clocks([]Action{{Verb: "up"}, clock(5, "n4", "1h0m0s"), {TimeMS: 100, TookMS: 10, Verb: "up"},
		clock(1000, "n1", "2h0m0s"), clock(2000, "n1", "0s"), clock(1000, "n2", "-1s"), clock(3000, "n3", "-2h0m0s"), {Verb: "heal"}})
	if len(logs) != 4 {
		t.Errorf("logs of %d nodes, want 4: %v", len(logs), logs)
	}
	now := at(10_000)
	for _, row := range []struct {
		node    string
		written int64
		want    int64 // -1: ambiguous, or impossible
	}{
		{"n9", 500, 500},                                                // right all the time
		{"n4", 500, 500}, {"n4", 50 + hour, 50}, {"n4", 500 + hour, -1}, // right since the testnet came up again
		{"n1", 500, 500}, {"n1", 999, 999}, {"n1", 1005, 1005}, // during the command both offsets are possible
		{"n1", 1005 + 2*hour, 1005}, {"n1", 1999 + 2*hour, 1999}, {"n1", 2005 + 2*hour, 2005}, {"n1", 2010, 2010}, {"n1", 9000, 9000},
		{"n1", 1500, -1}, {"n1", 3000 + 2*hour, -1}, // its clock never showed that
		{"n2", 5, -1}, {"n2", 1005, -1}, {"n2", 1500, 2500}, {"n2", 2500, 3500}, // 1005 was twice
		{"n3", 4000 - 2*hour, -1}, {"n3", 2000, 2000}, // before its first command it may have been as wrong
		{"n3", 10_001, -1}, // in the future
	} {
		got, ok := logs[row.node].Right(at(row.written), now)
		if want := row.want >= 0; ok != want || ok && got.UnixMilli() != row.want {
			t.Errorf("%s wrote %d: that was %d, %v; want %d", row.node, row.written, got.UnixMilli(), ok, row.want)
		}
	}

	n := Journal{Node: "n1", Tree: rpc.Tree{Blocks: []rpc.TreeBlock{
		{Height: 0, ReceivedMS: 1500}, {Height: 1, ReceivedMS: 1500 + 2*hour, CompleteMS: 1501 + 2*hour}, {Height: 2, ReceivedMS: 3000}}},
		Reorgs: []rpc.Reorg{{TimeMS: 1502 + 2*hour}}}
	ok := logs["n1"].Correct(&n.Tree, n.Reorgs, now)
	if b := n.Tree.Blocks; !ok || b[0].ReceivedMS != 1500 || b[1].ReceivedMS != 1500 || b[1].CompleteMS != 1501 || b[2].ReceivedMS != 3000 ||
		b[2].CompleteMS != 0 || n.Reorgs[0].TimeMS != 1502 {
		t.Errorf("set right: %+v", n)
	}
	n.Tree.Blocks[1].ReceivedMS, n.Reorgs[0].TimeMS = 1600+2*hour, 1500
	if logs["n1"].Correct(&n.Tree, n.Reorgs, now) || n.Tree.Blocks[1].ReceivedMS != 1600+2*hour {
		t.Errorf("a time that never was is taken for one, or others are changed: %+v", n)
	}
}
