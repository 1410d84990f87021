package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"toychain/rpc"
)

// jsonType is the content type of every JSON-RPC answer.
const jsonType = "application/json"

// request is one call, not parsed further. Bitcoin Core's dialect has two versions,
// which the member "jsonrpc" distinguishes: "2.0" is the standard's; "1.0" or none is
// Bitcoin's from the beginning, in which failed calls fail as HTTP requests, too.
type request struct {
	v2     bool
	id     json.RawMessage // as received; nil: there is none
	method string
	params json.RawMessage // an array, an object, or nil for none
	wallet bool            // it was sent to the path of a wallet
}

var null = json.RawMessage("null")

// notification reports whether the caller wants no answer, not even an error.
func (r *request) notification() bool { return r.v2 && r.id == nil }

// parseRequest parses one call, which is valid JSON. Together with an error it returns
// what is needed to answer the call.
func parseRequest(raw json.RawMessage) (request, *rpc.Error) {
	r := request{id: null}
	if kindOf(raw) != rpc.KindObject {
		return r, fail(rpc.CodeInvalidRequest, "Invalid Request object")
	}
	m := object(raw)
	r.id = m["id"]
	switch version := m["jsonrpc"]; {
	case kindOf(version) == rpc.KindNull, text(version) == "1.0":
	case text(version) == "2.0":
		r.v2 = true
	case kindOf(version) == rpc.KindString:
		return r, fail(rpc.CodeInvalidRequest, "JSON-RPC version not supported")
	default:
		return r, fail(rpc.CodeInvalidRequest, "jsonrpc field must be a string")
	}
	switch kindOf(m["method"]) {
	case rpc.KindNull:
		return r, fail(rpc.CodeInvalidRequest, "Missing method")
	case rpc.KindString:
		r.method = text(m["method"])
	default:
		return r, fail(rpc.CodeInvalidRequest, "Method must be a string")
	}
	switch kindOf(m["params"]) {
	case rpc.KindNull:
	case rpc.KindArray, rpc.KindObject:
		r.params = m["params"]
	default:
		return r, fail(rpc.CodeInvalidRequest, "Params must be an array or object")
	}
	return r, nil
}

// splitBatch returns the calls of a body, one or a batch. They are valid JSON.
func splitBatch(body []byte) (calls []json.RawMessage, batch bool, err *rpc.Error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, false, fail(rpc.CodeParse, "Parse error")
	}
	if !fewValues(body, maxValues) {
		return nil, false, fail(rpc.CodeInvalidRequest, "a request of more than %d JSON values", maxValues)
	}
	switch kindOf(body) {
	case rpc.KindObject:
		return []json.RawMessage{body}, false, nil
	case rpc.KindArray:
		return elements(body), true, nil
	}
	return nil, false, fail(rpc.CodeParse, "Top-level object parse error")
}

// response is the answer to a call.
type response struct {
	Version string          `json:"jsonrpc,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   any             `json:"error,omitempty"`
	ID      json.RawMessage `json:"id,omitempty"`
}

// answer returns the answer to a call. Version 1 has both result and error, one of them
// null; version 2 has only one of them.
func (r *request) answer(result any, err *rpc.Error) []byte {
	out := response{Version: "2.0", ID: r.id}
	if !r.v2 {
		out = response{Result: null, Error: null, ID: r.id}
	}
	switch {
	case err != nil:
		out.Error = err
	case result != nil:
		out.Result = result
	default:
		out.Result = null
	}
	text, e := tryMarshal(out)
	if e != nil {
		return r.answer(nil, fail(rpc.CodeMisc, "the result cannot be written: %v", e))
	}
	return text
}

// httpStatus returns the status of the answer to a single call.
func (r *request) httpStatus(err *rpc.Error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case err.Code == rpc.CodeInvalidRequest:
		return http.StatusBadRequest
	case r.v2:
		return http.StatusOK
	case err.Code == rpc.CodeMethodNotFound:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// tryMarshal returns v as JSON, without the escapes that only HTML needs.
func tryMarshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// marshal is tryMarshal for types of ours, with which it cannot fail.
func marshal(v any) []byte {
	b, err := tryMarshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
