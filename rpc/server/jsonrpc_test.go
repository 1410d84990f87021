package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"toychain/rpc"
)

// TestCallingForms plays what clients of all ages send, and demands Core 28's answers
// byte for byte.
func TestCallingForms(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"1.0 by number", `{"jsonrpc":"1.0","id":7,"method":"getblockcount","params":[]}`, 200, `{"result":0,"error":null,"id":7}`},
		{"no version", `{"id":"curl","method":"getblockcount","params":[]}`, 200, `{"result":0,"error":null,"id":"curl"}`},
		{"version null", `{"jsonrpc":null,"id":1,"method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":1}`},
		{"no params, no id", `{"method":"getblockcount"}`, 200, `{"result":0,"error":null}`},
		{"params null", `{"method":"getblockcount","params":null,"id":null}`, 200, `{"result":0,"error":null,"id":null}`},
		{"2.0", `{"jsonrpc":"2.0","id":1,"method":"getblockcount"}`, 200, `{"jsonrpc":"2.0","result":0,"id":1}`},
		{"2.0 with null id", `{"jsonrpc":"2.0","id":null,"method":"getblockcount"}`, 200, `{"jsonrpc":"2.0","result":0,"id":null}`},
		{"2.0 null result", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, 200, `{"jsonrpc":"2.0","result":null,"id":1}`},
		{"notification", `{"jsonrpc":"2.0","method":"getblockcount"}`, 204, ``},
		{"bad notification", `{"jsonrpc":"2.0","method":"getblockcount","params":[1]}`, 204, ``},
		{"ids of any type", `{"id":{"a":[1]},"method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":{"a":[1]}}`},
		{"named", `{"id":1,"method":"getblockheader","params":{"verbose":true,"blockhash":"00"}}`, 500,
			`{"result":null,"error":{"code":-8,"message":"blockhash must be of length 64 (not 2, for '00')"},"id":1}`},

		{"unknown method", `{"id":1,"method":"getinfo"}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"unknown method 2.0", `{"jsonrpc":"2.0","id":1,"method":"getinfo"}`, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"failure", `{"id":1,"method":"getblockhash","params":[42]}`, 500, `{"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":1}`},
		{"failure 2.0", `{"jsonrpc":"2.0","id":1,"method":"getblockhash","params":[42]}`, 200, `{"jsonrpc":"2.0","error":{"code":-8,"message":"Block height out of range"},"id":1}`},
		{"nothing", ``, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"garbage", `this is bad`, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"a string", `"getblockcount"`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"version a number", `{"jsonrpc":2,"id":1,"method":"getblockcount"}`, 400, `{"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"},"id":1}`},
		{"version 3", `{"jsonrpc":"3.0","id":1,"method":"getblockcount"}`, 400, `{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}`},
		{"no method", `{"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"method a number", `{"id":1,"method":3}`, 400, `{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}`},
		{"params a string", `{"id":1,"method":"getblockcount","params":"x"}`, 400, `{"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":1}`},
		{"other spelling of a member", `{"id":1,"Method":"getblockcount"}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},

		{"batch", `[{"id":1,"method":"getblockcount"},{"jsonrpc":"2.0","id":2,"method":"getblockcount"}]`, 200,
			`[{"result":0,"error":null,"id":1},{"jsonrpc":"2.0","result":0,"id":2}]`},
		{"batch with failures", `[{"id":1,"method":"nope"},1,{"jsonrpc":"2.0","id":2,"method":"nope"}]`, 200,
			`[{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1},` +
				`{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null},` +
				`{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":2}]`},
		{"batch with a notification", `[{"jsonrpc":"2.0","method":"getblockcount"},{"id":1,"method":"getblockcount"}]`, 200, `[{"result":0,"error":null,"id":1}]`},
		{"only notifications", `[{"jsonrpc":"2.0","method":"getblockcount"}]`, 204, ``},
		{"empty batch", `[]`, 200, `[]`},
	} {
		status, got := w.post(row.body)
		if status != row.status || got != row.want {
			t.Errorf("%s: %s\n got %d %s\nwant %d %s", row.name, row.body, status, got, row.status, row.want)
		}
	}
}

// TestParameters: by place, by name, both; and what is said about wrong ones.
func TestParameters(t *testing.T) {
	w := start(t)
	genesis := w.params.Genesis.Hash()
	for _, row := range []struct{ params, want string }{
		{`["` + genesis.String() + `", false]`, `"result":"01000000`},
		{`{"blockhash":"` + genesis.String() + `","verbose":false}`, `"result":"01000000`},
		{`{"args":["` + genesis.String() + `"],"verbose":false}`, `"result":"01000000`},
		{`{"args":["` + genesis.String() + `",false]}`, `"result":"01000000`},
		{`["` + genesis.String() + `", null]`, `"hash":"` + genesis.String()},
		{`{"blockhash":"` + genesis.String() + `","hash":1}`, `{"code":-8,"message":"Unknown named parameter hash"}`},
		{`{"blockhash":"00","blockhash":"11"}`, `{"code":-8,"message":"Parameter blockhash specified multiple times"}`},
		{`{"args":["00"],"blockhash":"11"}`, `{"code":-8,"message":"Parameter blockhash specified twice both as positional and named argument"}`},
		{`{"verbose":true}`, `{"code":-3,"message":"Wrong type passed:\n{\n    \"Position 1 (blockhash)\": \"JSON value of type null is not of expected type string\"\n}"}`},
		{`[3]`, `{"code":-3,"message":"Wrong type passed:\n{\n    \"Position 1 (blockhash)\": \"JSON value of type number is not of expected type string\"\n}"}`},
		{`[3, "x"]`, `\"Position 2 (verbose)\": \"JSON value of type string is not of expected type bool\"\n}"}`},
		{`[]`, `{"code":-1,"message":"getblockheader \"blockhash\" ( verbose )\n\nReturns the header of a block.`},
		{`["00", true, 1]`, `{"code":-1,"message":"getblockheader \"blockhash\" ( verbose )\n`},
		{`["zz"]`, `{"code":-8,"message":"blockhash must be of length 64 (not 2, for 'zz')"}`},
		{`["` + strings.Repeat("z", 64) + `"]`, `{"code":-8,"message":"blockhash must be hexadecimal string (not '` + strings.Repeat("z", 64) + `')"}`},
	} {
		if _, got := w.post(`{"id":1,"method":"getblockheader","params":` + row.params + `}`); !strings.Contains(got, row.want) {
			t.Errorf("%s:\n got %s\nwant %s", row.params, got, row.want)
		}
	}
	for _, n := range []string{"1.5", "1e3", "99999999999999999999"} {
		if _, got := w.post(`{"id":1,"method":"getblockhash","params":[` + n + `]}`); !strings.Contains(got, `{"code":-1,"message":"JSON integer out of range"}`) {
			t.Errorf("getblockhash %s: %s", n, got)
		}
	}
}

// FuzzRequest: whatever comes, no panic, and the answer is JSON with the caller's id.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"method":"getblock","params":["00",1]}`, `[{"jsonrpc":"2.0","method":"getblock"}]`, `{`, `[[[`, `null`,
		`{"id":"\ud800","method":"getblock","params":{"args":[1],"verbosity":null}}`, `[1,"a",{}]`,
	} {
		f.Add([]byte(s))
	}
	m := &method{params: []rpc.Param{{Name: "a", Kind: rpc.KindString}, {Name: "b|c", Kind: rpc.KindAmount, Optional: true},
		{Name: "d", Kind: rpc.KindAny, Optional: true}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		calls, _, err := splitBatch(body)
		if err != nil {
			return
		}
		for _, raw := range calls {
			req, err := parseRequest(raw)
			var args []json.RawMessage
			if err == nil {
				args, err = m.arrange(req.params)
			}
			if err == nil && len(args) != len(m.params) {
				t.Errorf("%s: %d arguments", raw, len(args))
			}
			answer := req.answer(args, err)
			if !json.Valid(answer) {
				t.Errorf("%s: answer %s", raw, answer)
			}
			if req.id != nil && !bytes.Contains(answer, []byte(`"id":`)) {
				t.Errorf("%s: answer without the id: %s", raw, answer)
			}
			if s := req.httpStatus(err); s < 200 || s > 599 || (err == nil) != (s == http.StatusOK) && !req.v2 {
				t.Errorf("%s: status %d for %v", raw, s, err)
			}
		}
	})
}
