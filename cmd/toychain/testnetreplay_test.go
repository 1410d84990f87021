package main

import (
	"context"
	"errors"
	"io"
	"testing"
)

// TestEnters: waiting for Enter can be interrupted, and no Enter is lost by that.
func TestEnters(t *testing.T) {
	keys, typed := io.Pipe()
	pause := enters(keys)
	why := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := pause(ctx, 0); !errors.Is(err, why) {
		t.Errorf("ended while it waits: %v", err)
	}
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
}
