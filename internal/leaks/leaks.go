// Package leaks checks at the end of a package's tests that no goroutines are left.
package leaks

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is the time that goroutines have to end. goleveldb drains its pool for a second
// after Close, longer than goleak waits by itself.
const patience = 30 * time.Second

// Runner is a *testing.M.
type Runner interface{ Run() int }

// Main runs the tests of a package and exits: with their result, or, if they passed, with 1
// if goroutines are left. A TestMain calls it.
func Main(m Runner) {
	code := m.Run()
	if code == 0 {
		if err := find(patience); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// find returns nil as soon as no goroutine except the caller's is left.
func find(patience time.Duration) error {
	for end := time.Now().Add(patience); ; {
		err := goleak.Find() // which itself tries for half a second
		if err == nil || !time.Now().Before(end) {
			return err
		}
	}
}
