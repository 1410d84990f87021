//go:build unix

package server

import "syscall"

// fewConns returns most, or a quarter of the file descriptors that this process may have: the
// chain's files and the peers need some, too.
func fewConns(most int) int {
	var n syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &n); err == nil && uint64(n.Cur)/4 < uint64(most) {
		return max(int(n.Cur/4), 16)
	}
	return most
}
