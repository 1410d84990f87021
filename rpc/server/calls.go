package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/rpc"
)

// walletPath begins the paths of the wallets that a node of Core's has. Calls that need no
// wallet are answered there as anywhere.
const walletPath = "/wallet/"

// handleCalls answers one call or a batch.
func (s *Server) handleCalls(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "JSONRPC server handles only POST requests", http.StatusMethodNotAllowed)
		return
	}
	place := s.quick
	if !place.take() {
		rejectBusy(w)
		return
	}
	defer func() { place.release() }()
	body, status := readBody(w, r, maxBody)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	// From here on only the end of the connection cuts a call short.
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	calls, batch, err := parseBody(body)
	for i := range calls {
		calls[i].req.wallet = strings.HasPrefix(r.URL.Path, walletPath)
	}
	isLong := func(c parsedCall) bool {
		m := s.methods[c.req.method]
		return c.err == nil && m != nil && m.Long
	}
	if slices.ContainsFunc(calls, isLong) {
		if !s.long.take() {
			rejectBusy(w)
			return
		}
		place.release()
		place = s.long
	}
	reply, status := s.answer(r.Context(), calls, batch, err)
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(transferTimeout))
	if reply != nil {
		w.Header().Set("Content-Type", jsonType)
		reply = append(reply, '\n')
		w.Header().Set("Content-Length", strconv.Itoa(len(reply))) // one write, in one piece
	}
	w.WriteHeader(status)
	w.Write(reply)
	http.NewResponseController(w).Flush()
}

// rejectBusy answers with Core's words that no place is free.
func rejectBusy(w http.ResponseWriter) {
	http.Error(w, "Work queue depth exceeded", http.StatusServiceUnavailable)
}

// readBody reads a request's body of at most so many bytes and returns it, or the HTTP status
// that says why not.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, int) {
	if r.ContentLength > most {
		return nil, http.StatusRequestEntityTooLarge
	}
	var body bytes.Buffer
	body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusRequestTimeout
	}
	return body.Bytes(), http.StatusOK
}

// parsedCall is a call of a body, or what is wrong with it.
type parsedCall struct {
	req request
	err *rpc.Error
}

// parseBody parses one call or a batch.
func parseBody(body []byte) (calls []parsedCall, batch bool, err *rpc.Error) {
	raw, batch, err := splitBatch(body)
	if err == nil && len(raw) > maxBatch {
		err = fail(rpc.CodeInvalidRequest, "a batch of %d calls, at most %d", len(raw), maxBatch)
	}
	if err != nil {
		return nil, batch, err
	}
	calls = make([]parsedCall, len(raw))
	for i := range raw {
		calls[i].req, calls[i].err = parseRequest(raw[i])
	}
	return calls, batch, nil
}

// answer answers what parseBody returned. The reply is nil if the caller wants none.
func (s *Server) answer(ctx context.Context, calls []parsedCall, batch bool, err *rpc.Error) (reply []byte, status int) {
	switch {
	case err != nil:
		none := request{id: null}
		return none.answer(nil, err), none.httpStatus(err)
	case batch:
		return s.answerBatch(ctx, calls)
	}
	req := calls[0].req
	result, err := s.answerCall(ctx, &req, calls[0].err)
	if req.notification() {
		return nil, http.StatusNoContent
	}
	return req.answer(result, err), req.httpStatus(err)
}

// answerBatch answers calls one after the other, in one array.
func (s *Server) answerBatch(ctx context.Context, calls []parsedCall) ([]byte, int) {
	out := []byte{'['}
	for _, c := range calls {
		var result any
		err := fail(rpc.CodeMisc, "not called: the answers to this batch are over %d bytes; ask for less at once", maxBatchAnswer)
		if len(out) <= maxBatchAnswer {
			result, err = s.answerCall(ctx, &c.req, c.err)
		}
		if c.req.notification() {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, c.req.answer(result, err)...)
	}
	if len(out) == 1 && len(calls) > 0 {
		return nil, http.StatusNoContent
	}
	return append(out, ']'), http.StatusOK
}

// answerCall answers one call. err is what parseRequest returned with it.
func (s *Server) answerCall(ctx context.Context, req *request, err *rpc.Error) (any, *rpc.Error) {
	m := s.methods[req.method]
	if err == nil && m == nil {
		err = fail(rpc.CodeMethodNotFound, "Method not found")
		if req.wallet { // a method of Core's wallet, most likely
			err = fail(rpc.CodeWalletNotFound, "Requested wallet does not exist or is not loaded: no node of toychain has wallets, see toychain wallet")
		}
	}
	if err != nil {
		s.metrics.called("", 0, err)
		return nil, err
	}
	now := &runningCall{m.Name, time.Now()}
	s.running.Store(now, nil)
	defer s.running.Delete(now)
	result, err := s.run(ctx, m, req.params)
	s.metrics.called(m.Name, time.Since(now.since), err)
	return result, err
}

// run calls the method. A panic is a bug of ours and must not stop the node.
func (s *Server) run(ctx context.Context, m *method, params json.RawMessage) (result any, err *rpc.Error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("a call failed: this is a bug", "method", m.Name, "panic", p, "stack", string(debug.Stack()))
			result, err = nil, fail(rpc.CodeMisc, "internal error in %s: this is a bug in toychain", m.Name)
		}
	}()
	args, err := m.arrange(params)
	if err != nil {
		return nil, err
	}
	return m.answer(&call{ctx: ctx, server: s, node: s.node, method: m}, args)
}
