package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
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
	if !s.quick.wait(r.Context(), s.waiting) {
		rejectBusy(w)
		return
	}
	to := &reply{w: w, place: s.quick}
	defer func() { to.leave() }()
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
		to.place.release()
		to.place = s.long
	}
	switch cut := s.answer(r.Context(), to, calls, batch, err); {
	case cut == errBusy:
		rejectBusy(w)
	case cut != nil:
		panic(http.ErrAbortHandler) // closes the connection
	default:
		to.end()
	}
}

// busy are Core's words that no place is free.
const busy = "Work queue depth exceeded"

func rejectBusy(w http.ResponseWriter) { http.Error(w, busy, http.StatusServiceUnavailable) }

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

// answer answers what parseBody returned. It has no body if the caller wants none. The error
// is errBusy, if nothing is answered because there is no place for it, or errCut.
func (s *Server) answer(ctx context.Context, to *reply, calls []parsedCall, batch bool, err *rpc.Error) error {
	to.status, to.kind = http.StatusOK, jsonType
	switch {
	case err != nil:
		none := request{id: null}
		to.status = none.httpStatus(err)
		to.put(string(none.answer(nil, err)))
	case batch:
		if err := s.answerBatch(ctx, to, calls); err != nil {
			return err
		}
	default:
		failed, err := s.answerCall(ctx, to, &calls[0])
		if err != nil {
			return err
		}
		to.status = calls[0].req.httpStatus(failed)
	}
	if to.total == 0 {
		to.status, to.kind = http.StatusNoContent, ""
		return nil
	}
	to.put("\n")
	return nil
}

// answerBatch answers calls one after the other, in one array.
func (s *Server) answerBatch(ctx context.Context, to *reply, calls []parsedCall) error {
	answered := false
	for i := range calls {
		c := &calls[i]
		if to.total > maxBatchAnswer {
			c.err = fail(rpc.CodeMisc, "not called: the answers to this batch are over %d bytes; ask for less at once", maxBatchAnswer)
		}
		if !c.req.notification() {
			to.put(map[bool]string{false: "[", true: ","}[answered])
			answered = true
		}
		to.late = time.Time{}
		if _, err := s.answerCall(ctx, to, c); err != nil {
			return err
		}
		if err := to.spill(); err != nil {
			return errCut
		}
	}
	if answered || len(calls) == 0 {
		to.put(map[bool]string{false: "[]", true: "]"}[answered])
	}
	return nil
}

// answerCall adds the answer to one call, unless that is a notification, and returns how the
// call failed. The error is that of answer.
func (s *Server) answerCall(ctx context.Context, to *reply, c *parsedCall) (failed *rpc.Error, err error) {
	req, failed := &c.req, c.err
	m := s.methods[req.method]
	if failed == nil && m == nil {
		failed = fail(rpc.CodeMethodNotFound, "Method not found")
		if req.wallet { // a method of Core's wallet, most likely
			failed = fail(rpc.CodeWalletNotFound, "Requested wallet does not exist or is not loaded: no node of toychain has wallets, see toychain wallet")
		}
	}
	var result any
	written := false
	if failed != nil {
		s.metrics.called("", 0, failed)
	} else {
		now := &runningCall{m.Name, time.Now()}
		s.running.Store(now, nil)
		defer s.running.Delete(now)
		result, failed = s.run(ctx, m, req.params)
		if st, is := result.(stream); is && failed == nil && !req.notification() {
			if !st.made && !s.toLarge(ctx, to) {
				if to.total == 0 {
					return nil, errBusy
				}
				failed = fail(rpc.CodeMisc, busy)
			} else {
				failed, err = s.writeStream(req, m, to, st)
				written = failed == nil
			}
		}
		s.metrics.called(m.Name, time.Since(now.since), failed)
	}
	if err == nil && !written && !req.notification() {
		to.put(string(req.answer(result, failed)))
	}
	return failed, err
}

// toLarge moves a request to a place for large answers, for which it may have to wait, and
// reports whether it has one. Calls that may take long have places that are few enough.
func (s *Server) toLarge(ctx context.Context, to *reply) bool {
	if to.place != s.quick {
		return true
	}
	to.leave()
	if !s.large.wait(ctx, s.waiting) {
		return false
	}
	to.place = s.large
	return true
}

// writeStream adds the answer to a call whose result is a stream. If that fails before a piece
// of it is sent, nothing is added, and the failure is the answer; if it fails later, cut is
// errCut. A panic is a bug of ours and must not stop the node.
func (s *Server) writeStream(req *request, m *method, to *reply, st stream) (failed *rpc.Error, cut error) {
	made, total, sent := to.made.Len(), to.total, to.sent
	defer func() {
		if p := recover(); p != nil {
			failed = s.bug(m, p)
		}
		switch {
		case failed == nil:
		case to.sent > sent:
			cut = errCut
		default:
			to.made.Truncate(made)
			to.total = total
		}
	}()
	req.open(to)
	if err := st.write(to); err != nil {
		return rpcError(err), nil
	}
	req.close(to)
	return nil, nil
}

// run calls the method. A panic is a bug of ours and must not stop the node.
func (s *Server) run(ctx context.Context, m *method, params json.RawMessage) (result any, err *rpc.Error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, s.bug(m, p)
		}
	}()
	args, err := m.arrange(params)
	if err != nil {
		return nil, err
	}
	return m.answer(&call{ctx: ctx, server: s, node: s.node, method: m}, args)
}

func (s *Server) bug(m *method, p any) *rpc.Error {
	s.log.Error("a call failed: this is a bug", "method", m.Name, "panic", p, "stack", string(debug.Stack()))
	return fail(rpc.CodeMisc, "internal error in %s: this is a bug in toychain", m.Name)
}
