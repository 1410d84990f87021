package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"toychain/mempool"
	"toychain/rpc"
)

// TestBodyCosts: the largest body of a call costs less than 100 MB, whatever is in it, with
// everything that is allocated and dropped again.
func TestBodyCosts(t *testing.T) {
	w := start(t)
	fill := func(head, unit, tail string) string { // as much as a body may have
		n := (maxBody - len(head) - len(tail)) / len(unit)
		if values := strings.Count(unit, ",") + strings.Count(unit, ":") + strings.Count(unit, "{"); values > 0 {
			n = min(n, maxValues/values-10)
		}
		return head + strings.Repeat(unit, n) + tail
	}
	var members strings.Builder
	for i := range maxValues/2 - 10 {
		fmt.Fprintf(&members, `"%x":1,`, i)
	}
	for name, body := range map[string]string{
		"elements of a batch":   fill("[", "1,", "1]"),
		"empty calls":           fill("[", "{},", "{}]"),
		"deep":                  fill("[", "[", ""),
		"members of a call":     "{" + members.String() + `"id":1}`,
		"one member again":      fill("{", `"a":1,`, `"id":1}`),
		"named parameters":      `{"method":"getblock","params":{` + members.String() + `"x":1}}`,
		"positional parameters": fill(`{"method":"getblock","params":[`, "1,", "1]}"),
		"array as a parameter":  fill(`{"method":"createrawtransaction","params":[[`, "{},", "{}],{}]}"),
		"outputs":               `{"method":"createrawtransaction","params":[[],{` + members.String() + `"x":1}]}`,
		"hashes":                fill(`{"method":"gettxspendingprevout","params":[[`, "0,", "0]]}"),
		"transactions":          fill(`{"method":"testmempoolaccept","params":[[`, `"",`, `""]]}`),
		"descriptors":           fill(`{"method":"getblockstats","params":[0,[`, `"",`, `""]]}`),
		"script of names":       `{"method":"decodescript","params":["` + strings.Repeat("fe", mempool.MaxTxSize) + `"]}`,
		"block":                 fill(`{"method":"submitblock","params":["`, "00", `"]}`),
		"header":                fill(`{"method":"submitheader","params":["`, "00", `"]}`),
		"transaction":           fill(`{"method":"sendrawtransaction","params":["`, "00", `"]}`),
		"decoded transaction":   fill(`{"method":"decoderawtransaction","params":["0100000000fd`, "00", `"]}`),
		"script":                fill(`{"method":"decodescript","params":["`, "51", `"]}`),
		"longest script":        `{"method":"decodescript","params":["` + strings.Repeat("51", mempool.MaxTxSize) + `"]}`,
		"text":                  fill(`{"method":"`, "a", `"}`),
		"escapes":               fill(`{"method":"getblock","params":["`, `\u0041`, `"]}`),
		"id":                    fill(`{"method":"getblockcount","id":"`, "a", `"}`),
		"long number":           fill(`{"method":"getblockhash","params":[1`, "0", `]}`),
	} {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		answer := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w.server.handleCalls(answer, req)
		runtime.ReadMemStats(&after)
		cost := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-22s %3d MB  %d %.80s", name, cost>>20, answer.Code, answer.Body.String())
		if strings.Contains(answer.Body.String(), "JSON values") {
			t.Errorf("%s: refused for its values", name)
		}
		if cost > 100_000_000 {
			t.Errorf("%s: a body of %d bytes costs %d", name, len(body), cost)
		}
	}
}

// TestMaxValues: a body has at most so many values, those in strings not counted.
func TestMaxValues(t *testing.T) {
	for _, c := range []struct {
		body string
		n    int
	}{
		{`1`, 1}, {`"[,,,{"`, 1}, {`[]`, 2}, {`[1,2]`, 3}, {`{"a":1,"b":[]}`, 6}, {`["\\",1]`, 3}, {`["\",1,1",{}]`, 4},
	} {
		if !fewValues([]byte(c.body), c.n) || fewValues([]byte(c.body), c.n-1) {
			t.Errorf("%s does not have %d values", c.body, c.n)
		}
	}
	body := "[" + strings.Repeat("1,", maxValues) + "1]"
	if _, _, err := splitBatch([]byte(body)); err == nil || err.Code != rpc.CodeInvalidRequest {
		t.Errorf("too many values: %v", err)
	}
}

// TestInvalidUTF8: a body that is not UTF-8 is no JSON, wherever it is not.
func TestInvalidUTF8(t *testing.T) {
	for _, body := range []string{"{\"id\":\"\xff\",\"method\":\"getblockcount\"}", "{\"id\":1,\"method\":\"\xc0\x80\"}"} {
		if _, _, err := splitBatch([]byte(body)); err == nil || err.Code != rpc.CodeParse {
			t.Errorf("%q: %v", body, err)
		}
	}
}
