// Command tab is eight nodes in virtual time, for a page: it is built for js/wasm by
// explorer/lab.sh, and the page calls its function toychainLab with an order as JSON. Built for
// anything else it reads orders from stdin, one on a line, and writes an answer for each: so tests can
// go through it without a browser.
//
//	echo '{"step_ms": 100}' | tab 7 8
package main

import (
	"context"
	"encoding/json"
	"strconv"

	"toychain/explorer/tab"
)

// open starts nodes from a seed and a number, as text.
func open(seed, nodes string) (*tab.Tab, error) {
	s, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(nodes)
	if err != nil {
		return nil, err
	}
	return tab.New(context.Background(), s, n)
}

// answer carries out an order. What is wrong is in the answer.
func answer(t *tab.Tab, order string) string {
	var o tab.Order
	err := json.Unmarshal([]byte(order), &o)
	var a tab.Answer
	if err == nil {
		a, err = t.Answer(context.Background(), o)
	}
	if err != nil {
		a.Error = err.Error()
	}
	text, err := json.Marshal(a)
	if err != nil {
		return `{"error": "an answer that is no JSON"}` // our own types
	}
	return string(text)
}
