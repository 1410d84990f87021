// Package longtest divides the work of tests into what always runs and what runs only
// in the long mode, which the environment switches on for all packages at once:
//
//	TOYCHAIN_TEST_LONG=1 go test ./...
//
// .ci/run does so. A test that is worth its time at a smaller size uses Pick; one that is
// not uses Only.
package longtest

import (
	"os"
	"testing"
)

// Env is the variable that switches the long mode on if it is set to any text.
const Env = "TOYCHAIN_TEST_LONG"

// On reports whether long tests are wanted.
func On() bool { return os.Getenv(Env) != "" }

// Only skips the test unless long tests are wanted.
func Only(t testing.TB) {
	t.Helper()
	if !On() {
		t.Skipf("a long test: run it with %s=1", Env)
	}
}

// Pick returns long if long tests are wanted, and otherwise usual.
func Pick[T any](usual, long T) T {
	if On() {
		return long
	}
	return usual
}
