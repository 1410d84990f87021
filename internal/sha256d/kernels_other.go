//go:build !amd64 || purego || portable

package sha256d

// kernels are the ways to search that this processor has, the fastest first.
var kernels = []Kernel{portable}
