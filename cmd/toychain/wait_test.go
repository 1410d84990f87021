package main

import (
	"context"
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

func contextWithPatience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// busy is "busy NAME": sets a variable to the address of a port that is taken until
// the script ends.
func busy(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}
