//go:build !amd64 || purego || portable

package pow

// kernels are the ways to search that this processor has, the fastest first.
var kernels = []kernel{portable}
