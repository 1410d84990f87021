package main

import (
	"context"
	"errors"
	"io"
	"testing"
)

// TestEnters: each call waits for one Enter, or for the end of its context.
func TestEnters(t *testing.T) {
	keys, typed := io.Pipe()
	pause := enters(keys)
	go func() {
		io.WriteString(typed, "x\n\n")
		typed.Close()
	}()
	for range 2 {
		if err := pause(t.Context(), 0); err != nil {
			t.Error(err)
		}
	}
	if err := pause(t.Context(), 0); err == nil {
		t.Error("the end of the input is not told of")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, _ := io.Pipe()
	if err := enters(silent)(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("ended while it waits: %v", err)
	}
}
