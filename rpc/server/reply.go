package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// This file writes answers. A small one is sent in one piece, with its length. A large one (a
// block with all its transactions, a mempool, a tree) would take many times its bytes if it were
// made first: as values, as text, and once for each client. It is sent as it is made, in pieces.

const (
	// replyPiece is how many bytes an answer may have to be sent in one piece, and about how
	// many a piece of a larger one has.
	replyPiece = 64 << 10
	// manyRows is how many rows a result may have to be encoded at once.
	manyRows = 100
)

// reply is an answer on its way to a client.
type reply struct {
	w      http.ResponseWriter
	status int
	kind   string // its content type; "": it has no body
	place  places // that the request holds

	made  bytes.Buffer // and not sent
	total int          // bytes made, sent or not
	sent  int          // how many pieces; the head goes with the first
	late  time.Time    // when the client must have read what is sent now
	json  *json.Encoder
}

// stream is a result that is written as it is made. Its text is what the encoder would make of
// the whole. made says that what it shows is in memory anyway; any other is written from one of
// the places for large answers.
type stream struct {
	write func(*reply) error
	made  bool
}

// errCut: an answer cannot be finished, and its beginning is sent. Closing the connection is all
// that is left to tell the client so.
var errCut = errors.New("the answer was cut off")

// errBusy: there is no place in which an answer could be made.
var errBusy = errors.New("no place is free")

// leave gives the request's place to another.
func (r *reply) leave() {
	if r.place != nil {
		r.place.release()
	}
	r.place = nil
}

// put adds text.
func (r *reply) put(text string) {
	r.made.WriteString(text)
	r.total += len(text)
}

// value adds a value as JSON, without the escapes that only HTML needs.
func (r *reply) value(v any) error {
	if r.json == nil {
		r.json = json.NewEncoder(&r.made)
		r.json.SetEscapeHTML(false)
	}
	before := r.made.Len()
	if err := r.json.Encode(v); err != nil {
		return err
	}
	r.made.Truncate(r.made.Len() - 1) // the encoder ends with a new line
	r.total += r.made.Len() - before
	return nil
}

// spill sends what is made, if it is a piece.
func (r *reply) spill() error {
	if r.made.Len() < replyPiece {
		return nil
	}
	return r.send()
}

func (r *reply) send() error {
	c := http.NewResponseController(r.w)
	if r.late.IsZero() {
		r.late = time.Now().Add(transferTimeout)
		c.SetWriteDeadline(r.late)
	}
	if r.sent++; r.sent == 1 {
		if r.kind != "" {
			r.w.Header().Set("Content-Type", r.kind)
		}
		r.w.WriteHeader(r.status)
	}
	_, err := r.w.Write(r.made.Bytes())
	r.made.Reset()
	return err
}

// end sends the rest. An answer that is not cut has its length in the head.
func (r *reply) end() {
	if r.sent == 0 && r.kind != "" {
		r.w.Header().Set("Content-Length", strconv.Itoa(r.made.Len()))
	}
	if r.send() == nil {
		http.NewResponseController(r.w).Flush()
	}
}

// array adds rows.
func (r *reply) array(rows iter.Seq2[any, error]) error {
	r.put("[")
	first := true
	for row, err := range rows {
		if err != nil {
			return err
		}
		if !first {
			r.put(",")
		}
		first = false
		if err := r.value(row); err != nil {
			return err
		}
		if err := r.spill(); err != nil {
			return err
		}
	}
	r.put("]")
	return nil
}

// object adds an object with the members of head, at least one, and after them one with rows.
func (r *reply) object(head any, name string, rows iter.Seq2[any, error]) error {
	if err := r.value(head); err != nil {
		return err
	}
	r.made.Truncate(r.made.Len() - 1) // the bracket
	r.total--
	r.put(`,"` + name + `":`)
	err := r.array(rows)
	r.put("}")
	return err
}

// table adds an object of rows by their names.
func (r *reply) table(rows iter.Seq2[string, any]) error {
	r.put("{")
	first := true
	for name, row := range rows {
		if !first {
			r.put(",")
		}
		first = false
		r.put(`"` + name + `":`)
		if err := r.value(row); err != nil {
			return err
		}
		if err := r.spill(); err != nil {
			return err
		}
	}
	r.put("}")
	return nil
}

// hex adds bytes as a string of hex digits.
func (r *reply) hex(raw []byte) error {
	r.put(`"`)
	for len(raw) > 0 {
		n := min(len(raw), replyPiece/2)
		r.put(hex.EncodeToString(raw[:n]))
		raw = raw[n:]
		if err := r.spill(); err != nil {
			return err
		}
	}
	r.put(`"`)
	return nil
}

// eachOf returns n rows that are made one by one.
func eachOf(n int, row func(int) (any, error)) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for i := range n {
			if !yield(row(i)) {
				return
			}
		}
	}
}

// inRows returns a result of many rows as a stream of them, and any other as it is.
func inRows(result any) any {
	v := reflect.ValueOf(result)
	if v.Kind() != reflect.Slice || v.Len() <= manyRows || v.Type().Elem().Kind() == reflect.Uint8 {
		return result
	}
	return stream{made: true, write: func(to *reply) error {
		return to.array(eachOf(v.Len(), func(i int) (any, error) { return v.Index(i).Interface(), nil }))
	}}
}

// open adds what comes before the result in the answer to a call, and close what comes after it:
// what answer has there.
func (q *request) open(to *reply) {
	if q.v2 {
		to.put(`{"jsonrpc":"2.0","result":`)
	} else {
		to.put(`{"result":`)
	}
}

func (q *request) close(to *reply) {
	if !q.v2 {
		to.put(`,"error":null`)
	}
	if len(q.id) > 0 {
		to.put(`,"id":`)
		to.put(string(marshal(q.id)))
	}
	to.put("}")
}
