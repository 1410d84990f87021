package server

import (
	"toychain/rpc"
)

func decodeRawTransaction(c *call, a rpc.DecodeRawTransactionArgs) (rpc.Tx, *rpc.Error) {
	tx, err := decodeTx(a.Tx)
	if err != nil {
		return rpc.Tx{}, err
	}
	return c.tx(tx, nil, false), nil
}

func decodeScript(c *call, a rpc.DecodeScriptArgs) (rpc.DecodedScript, *rpc.Error) {
	raw, err := parseHex("argument", a.Script)
	if err != nil {
		return rpc.DecodedScript{}, err
	}
	s := c.script(raw)
	return rpc.DecodedScript{Asm: s.Asm, Desc: s.Desc, Address: s.Address, Type: s.Type}, nil
}
