// Package interop holds toychain against software that it did not write: btcd's
// consensus code as an oracle, its full-block tests, its script engine and its
// RPC client. It is a module of its own, so that the main module's list of
// dependencies stays short, and all of it is tests.
package interop
