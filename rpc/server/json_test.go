package server

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"toychain/rpc"
)

// FuzzParts holds the taking apart of valid JSON against encoding/json's.
func FuzzParts(f *testing.F) {
	for _, s := range []string{
		`[]`, `{}`, ` [ 1 , -2.5e+3,true,null ] `, `["a\\","\"]",",","\u00e9\ud800","é"]`, `[[[]],{"a":[{}]},"x"]`,
		`{"a":1,"a":2,"b\\\"c":"}"}`, "{\r\n\t\"a\" :\n0 , \"\":\"\xff\"}", `["\\\\"]`, `"a"`, `12`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		switch kindOf(raw) {
		case rpc.KindArray:
			var want []json.RawMessage
			json.Unmarshal(raw, &want)
			got := elements(raw)
			if len(got) != len(want) {
				t.Fatalf("%s: %d elements, want %d", raw, len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%s: element %d is %s, want %s", raw, i, got[i], want[i])
				}
			}
		case rpc.KindObject:
			var want map[string]json.RawMessage
			json.Unmarshal(raw, &want)
			if got := object(raw); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s, want %s", raw, got, want)
			}
		default:
			var want string
			json.Unmarshal(raw, &want)
			if got := text(raw); got != want {
				t.Errorf("%s: text %q, want %q", raw, got, want)
			}
		}
	})
}

// A block is one long string: taking the call that brings it apart costs about as much
// as looking at each byte once.
func BenchmarkSubmitRequest(b *testing.B) {
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"submitblock","params":["` + string(bytes.Repeat([]byte("0af9"), 50_000)) + `"]}`)
	m := &method{params: rpc.SubmitHeader.Params()}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		calls, _, err := splitBatch(body)
		if err != nil {
			b.Fatal(err)
		}
		req, err := parseRequest(calls[0])
		if err != nil {
			b.Fatal(err)
		}
		args, err := m.arrange(req.params)
		if err != nil || len(text(args[0])) != 200_000 {
			b.Fatal(err)
		}
	}
}
