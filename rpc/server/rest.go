package server

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
)

// This file is the door beside JSON-RPC: Core's REST interface (its doc/REST-interface.md
// and src/rest.cpp), on the same port, which needs no password and changes nothing. What it
// answers is what the method of the same subject answers; paths, messages and statuses are
// Core's. restutxos.go has its largest resource.

// restPath begins the paths of all resources.
const restPath = "/rest/"

// resources are what REST answers, by how the rest of the path begins, in the order in which
// they are tried.
var resources = []struct {
	prefix string
	answer func(*restCall) (restData, error)
}{
	{"tx/", restTx},
	{"block/notxdetails/", restBlock(1)},
	{"block/", restBlock(3)},
	{"headers/", restHeaders},
	{"blockhashbyheight/", restBlockHash},
	{"chaininfo", restInfo(getBlockchainInfo)},
	{"mempool/", restMempool},
	{"getutxos", restUTXOs},
}

// restCall is a request that is being answered.
type restCall struct {
	*call
	param  string // of the path, after the resource's prefix and without the format
	format string // bin, hex, json or, if it is missing or another, ""
	query  url.Values
	sent   []byte // the body
}

// restData is a resource in its forms; only the one that was asked for is made.
type restData struct {
	raw  func() ([]byte, error) // its bytes, for bin and hex; nil: there is only JSON
	show func() (any, error)    // what JSON shows
}

// restError is a refusal: an HTTP status and Core's message.
type restError struct {
	status  int
	message string
}

func (e *restError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &restError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &restError{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// handleREST answers one request, if REST is on and the request is no other page's.
func (s *Server) handleREST(w http.ResponseWriter, r *http.Request) {
	if !s.cfg.REST {
		refuseREST(w, notFound("REST is off on this node: start it with --rest"))
		return
	}
	if err := checkSite(r); err != nil {
		refuseREST(w, err)
		return
	}
	if !s.rest.take() {
		rejectBusy(w)
		return
	}
	to := &reply{w: w, status: http.StatusOK, place: s.rest}
	defer to.leave()
	sent, status := readBody(w, r, maxRESTBody)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // as in handleCalls
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	switch err := s.answerREST(r, sent, to); {
	case err != nil && to.sent > 0:
		panic(http.ErrAbortHandler) // closes the connection
	case err != nil:
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(transferTimeout))
		refuseREST(w, err)
	default:
		to.end()
	}
}

// refuseREST answers with an error. One that is no restError is no fault of the caller's.
func refuseREST(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if known, ok := errors.AsType[*restError](err); ok {
		status = known.status
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%v\r\n", err)
}

// checkSite refuses what a browser sends for a page of another site. It says so itself, or the
// page has made a name of its own mean this machine (DNS rebinding): such a name has a dot,
// and is no address.
func checkSite(r *http.Request) error {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	host = strings.Trim(host, "[]")
	if strings.Contains(host, ".") && net.ParseIP(host) == nil {
		return &restError{http.StatusForbidden, "a page of " + clip(host) + " may not read this node: use its address, localhost, or a name without a dot"}
	}
	if fromElsewhere(r) {
		return &restError{http.StatusForbidden, "a page of another origin may not read this node"}
	}
	return nil
}

// answerREST adds a body.
func (s *Server) answerREST(r *http.Request, sent []byte, to *reply) error {
	path := strings.TrimPrefix(r.URL.EscapedPath(), restPath)
	for _, res := range resources {
		param, ok := strings.CutPrefix(path, res.prefix)
		if !ok {
			continue
		}
		q := &restCall{call: &call{ctx: r.Context(), server: s, node: s.node}, param: param, query: r.URL.Query(), sent: sent}
		if dot := strings.LastIndexByte(param, '.'); dot >= 0 && slices.Contains([]string{"bin", "hex", "json"}, param[dot+1:]) {
			q.param, q.format = param[:dot], param[dot+1:]
		}
		d, err := res.answer(q)
		if err != nil {
			return err
		}
		return d.encode(q.format, to)
	}
	return notFound("there is no resource %s: see Bitcoin Core's doc/REST-interface.md", clip(r.URL.EscapedPath()))
}

// encode adds a resource in a format.
func (d *restData) encode(format string, to *reply) error {
	switch {
	case format == "json":
		v, err := d.show()
		if err != nil {
			return err
		}
		to.kind = jsonType
		if st, is := v.(stream); is {
			err = st.write(to)
		} else {
			err = to.value(v)
		}
		to.put("\n")
		return err
	case d.raw == nil:
		return notFound("output format not found (available: json)")
	case format == "":
		return notFound("output format not found (available: .bin, .hex, .json)")
	}
	body, err := d.raw()
	if err != nil {
		return err
	}
	if format == "bin" {
		to.kind = "application/octet-stream"
		to.put(string(body))
		return nil
	}
	to.kind = "text/plain"
	to.put(hex.EncodeToString(body) + "\n")
	return nil
}

// restHash reads a hash of the path.
func restHash(s string) (block.Hash, error) {
	h, err := block.ParseHash(s)
	if err != nil {
		return h, badRequest("Invalid hash: %s", clip(s))
	}
	return h, nil
}

func restTx(q *restCall) (restData, error) {
	id, err := restHash(q.param)
	if err != nil {
		return restData{}, err
	}
	f, err := q.find(id)
	if code, ok := errors.AsType[*rpc.Error](err); ok && code.Code == rpc.CodeInvalidAddress {
		err = notFound("%s not found", id)
	}
	if err != nil {
		return restData{}, err
	}
	return restData{func() ([]byte, error) { return f.tx.Bytes(), nil }, func() (any, error) {
		out := q.tx(f.tx, nil, false)
		out.Hex, out.BlockHash = hex.EncodeToString(f.tx.Bytes()), f.info.Hash
		return out, nil
	}}, nil
}

// restBlock returns the answer with blocks in a verbosity of getblock's.
func restBlock(verbosity rpc.Verbosity) func(*restCall) (restData, error) {
	return func(q *restCall) (restData, error) {
		hash, err := restHash(q.param)
		if err != nil {
			return restData{}, err
		}
		known := func(err error) error {
			switch err {
			case error(errBlock):
				return notFound("%s not found", hash)
			case error(errBody):
				return notFound("%s not available (not fully downloaded)", hash)
			}
			return err
		}
		return restData{func() ([]byte, error) {
			b, err := q.body(hash)
			if err != nil {
				return nil, known(err)
			}
			return b.Bytes(), nil
		}, func() (any, error) {
			v, err := getBlock(q.call, rpc.GetBlockArgs{Block: hash, Verbosity: &verbosity})
			if st, is := v.(stream); is {
				return stream{write: func(to *reply) error { return known(st.write(to)) }}, nil
			}
			return v, known(err)
		}}, nil
	}
}

// restHeaders answers with headers of the best chain from a block on, and with none if the
// block is not on it.
func restHeaders(q *restCall) (restData, error) {
	parts, count := strings.Split(q.param, "/"), "5"
	switch {
	case len(parts) == 2: // Core: deprecated since 24
		count = parts[0]
	case len(parts) > 2:
		return restData{}, badRequest("Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>")
	case q.query.Has("count"):
		count = q.query.Get("count")
	}
	n, err := strconv.ParseUint(count, 10, 31)
	if err != nil || n < 1 || n > maxRESTHeaders {
		return restData{}, badRequest("Header count is invalid or out of acceptable range (1-%d): %s", maxRESTHeaders, clip(count))
	}
	hash, err := restHash(parts[len(parts)-1])
	if err != nil {
		return restData{}, err
	}
	infos, tip, err := q.upFrom(hash, int(n)+1) // the last one names its successor
	if err != nil {
		return restData{}, err
	}
	shown := infos[:min(int(n), len(infos))]
	return restData{func() (raw []byte, err error) {
		for i := range shown {
			h := shown[i].Entry.Header.Bytes()
			raw = append(raw, h[:]...)
		}
		return raw, nil
	}, func() (any, error) {
		out := make([]rpc.Header, len(shown))
		for i := range shown {
			var next block.Hash
			if i+1 < len(infos) {
				next = infos[i+1].Hash
			}
			out[i] = showHeader(&shown[i], int(tip.Height-shown[i].State.Height)+1, next)
		}
		return out, nil
	}}, nil
}

// upFrom returns the blocks of the best chain from one of them on, at most so many, and the
// tip; none if the block is not on it.
func (c *call) upFrom(hash block.Hash, most int) (out []chain.Info, tip consensus.State, err error) {
	err = c.node.Look(c.ctx, func(e *engine.Engine) {
		tip = e.Tree().Tip()
		for info, ok := e.Tree().Info(hash); ok && info.Active && len(out) < most; {
			out = append(out, info)
			next, _ := e.Tree().At(info.State.Height + 1)
			info, ok = e.Tree().Info(next)
		}
	})
	return out, tip, err
}

func restBlockHash(q *restCall) (restData, error) {
	height, err := strconv.ParseUint(q.param, 10, 31)
	if err != nil {
		return restData{}, badRequest("Invalid height: %s", clip(q.param))
	}
	hash, err := getBlockHash(q.call, rpc.HeightArg{Height: int64(height)})
	if outside, ok := errors.AsType[*rpc.Error](err); ok {
		err = notFound("%s", outside.Message)
	}
	return restData{func() ([]byte, error) {
		if q.format == "hex" { // in the order in which it is displayed
			slices.Reverse(hash[:])
		}
		return hash[:], nil
	}, func() (any, error) {
		return struct {
			Hash block.Hash `json:"blockhash"`
		}{hash}, nil
	}}, err
}

// restInfo returns the answer with what a method without arguments returns.
func restInfo[T any](method func(*call, rpc.None) (T, error)) func(*restCall) (restData, error) {
	return func(q *restCall) (restData, error) {
		return restData{show: func() (any, error) { return method(q.call, rpc.None{}) }}, nil
	}
}

func restMempool(q *restCall) (restData, error) {
	switch q.param {
	case "info":
		return restInfo(getMempoolInfo)(q)
	case "contents":
	default:
		return restData{}, badRequest("Invalid URI format. Expected /rest/mempool/<info|contents>.json")
	}
	verbose, bad := q.flag("verbose", true)
	sequence, bad2 := q.flag("mempool_sequence", false)
	if err := cmp.Or(bad, bad2); err != nil {
		return restData{}, err
	}
	args := rpc.GetRawMempoolArgs{Verbose: verbose, Sequence: sequence}
	if verbose && sequence {
		return restData{}, badRequest("Verbose results cannot contain mempool sequence values. (hint: set \"verbose=false\")")
	}
	return restData{show: func() (any, error) { return getRawMempool(q.call, args) }}, nil
}

// flag returns a parameter of the query that is true or false.
func (q *restCall) flag(name string, otherwise bool) (bool, error) {
	given := q.query.Get(name)
	switch {
	case !q.query.Has(name):
		return otherwise, nil
	case given != "true" && given != "false":
		return false, badRequest("The %q query parameter must be either \"true\" or \"false\".", name)
	}
	return given == "true", nil
}
