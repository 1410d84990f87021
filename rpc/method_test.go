package rpc

import (
	"encoding/json"
	"testing"

	"toychain/block"
)

// TestValues: arguments go by position. What is left out is missing at the end, and null
// before other arguments; an empty list that is required is no null.
func TestValues(t *testing.T) {
	var h block.Hash
	zeros := `"` + h.String() + `"`
	for _, row := range []struct {
		params []any
		want   string
	}{
		{values(GetBlock.Params(), GetBlockArgs{Block: h}), `[` + zeros + `]`},
		{values(GetBlock.Params(), GetBlockArgs{h, new(Verbosity(0))}), `[` + zeros + `,0]`},
		{values(GetBlockTree.Params(), GetBlockTreeArgs{}), `[]`},
		{values(VerifyChain.Params(), VerifyChainArgs{Blocks: new(0)}), `[null,0]`},
		{values(SetPartition.Params(), SetPartitionArgs{}), `[[]]`},
		{values(SendRawTransaction.Params(), SendRawTransactionArgs{Tx: "00", MaxFeeRate: new(block.Amount(0))}), `["00",0.00000000]`},
		{values(Ping.Params(), None{}), `[]`},
	} {
		if got, err := json.Marshal(row.params); err != nil || string(got) != row.want {
			t.Errorf("%s, %v, want %s", got, err, row.want)
		}
	}
}

// TestParams: what a parameter is can be read from its field.
func TestParams(t *testing.T) {
	for i, want := range []Param{
		{"inputs", KindArray, false, `the coins to spend: {"txid", "vout", "sequence"}`},
		{"outputs", KindAny, false, `the outputs: {"address": amount, "data": "hex"}, or an array of such objects`},
		{"locktime", KindNumber, true, "the first height or time at which it is valid (default 0)"},
		{"replaceable", KindBool, true, "signal that it may be replaced, BIP125 (default true)"},
	} {
		if got := CreateRawTransaction.Params()[i]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	for _, row := range []struct {
		params []Param
		at     int
		want   Kind
	}{
		{GetBlock.Params(), 0, KindString}, {GetBlock.Params(), 1, KindAny}, {SendRawTransaction.Params(), 1, KindAmount},
		{GetBlockTemplate.Params(), 0, KindObject}, {SetLink.Params(), 1, KindObject}, {GetTxOutProof.Params(), 0, KindArray},
	} {
		if got := row.params[row.at]; got.Kind != row.want {
			t.Errorf("%+v, want kind %s", got, row.want)
		}
	}
	if p := GetBlock.Params()[1]; !p.Is("verbose") || !p.Is("verbosity") || p.Is("verbos") {
		t.Errorf("the names of %+v", p)
	}
}
