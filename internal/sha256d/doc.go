// Package sha256d hashes many block headers that differ in the nonce alone, as fast as the
// processor can. Only pow.Search uses it, and explains what is searched and why. To
// understand proof of work, nothing here needs to be read.
//
//	sha256d.go          the midstate, and a portable kernel on crypto/sha256
//	sha_amd64.s         SHA instructions, two nonces at a time
//	avx512_amd64.s      AVX-512, sixteen nonces at a time
//
// All kernels return the same result; pow's tests compare each with a plain loop. The
// package knows 80 bytes and 32 bits of a target, and must not know blocks or networks.
package sha256d
