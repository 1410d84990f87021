// Package leaks ends a package's tests with a look at the goroutines that they left.
package leaks

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines that were told to end may take. goleveldb drains its
// pool for a second after Close, longer than goleak waits by itself.
const patience = 30 * time.Second

// Runner is a *testing.M.
type Runner interface{ Run() int }

// Main runs the tests of a package and ends the process: as they ended, or, if all was
// well, with 1 if goroutines are left that nobody ends. It is what TestMain does.
func Main(m Runner) {
	code := m.Run()
	if code == 0 {
		if err := find(patience); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// find returns nil as soon as no goroutine but the caller's is left.
func find(patience time.Duration) error {
	for end := time.Now().Add(patience); ; {
		err := goleak.Find() // which itself tries for half a second
		if err == nil || !time.Now().Before(end) {
			return err
		}
	}
}
