package server

import (
	"errors"
	"strings"

	"toychain/consensus"
	"toychain/mempool"
	"toychain/rpc"
)

// refusal makes the error of a transaction that the pool does not take.
func rejection(err error) *rpc.Error {
	reason := mempool.Reason(err)
	switch {
	case errors.Is(err, mempool.ErrConfirmed):
		return fail(rpc.CodeAlreadyInChain, "Transaction outputs already in utxo set")
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		return fail(rpc.CodeVerify, "%s", consensus.BadMissingOrSpent)
	case reason == "":
		return internalError(err)
	}
	exact, more := splitReason(err, reason)
	if more != "" {
		exact += ", " + more
	}
	return fail(rpc.CodeVerifyRejected, "%s", exact)
}

// explain takes the text of an error apart: Core's reason, with what stands in
// brackets right after it, and whatever else was found.
func splitReason(err error, reason string) (exact, more string) {
	text := err.Error()
	at := strings.Index(text, reason)
	if at < 0 {
		return reason, text
	}
	before, after := text[:at], text[at+len(reason):]
	end := -1
	switch consensus.Rule(reason) {
	case consensus.BadVersion: // bad-version(0x00000001)
		end = strings.IndexByte(after, ')')
	case consensus.BadScript: // mandatory-script-verify-flag-failed (why)
		end = strings.LastIndexByte(after, ')')
	}
	exact, after = reason+after[:end+1], after[end+1:]
	before, after = strings.TrimSuffix(before, ": "), strings.TrimLeft(after, ": ")
	if before != "" && after != "" {
		before += ": "
	}
	return exact, before + after
}

// reasonOf returns the reject reason of a block or transaction, "" if err is our own
// trouble.
func reasonOf(err error) string {
	reason := mempool.Reason(err)
	if reason == "" {
		return ""
	}
	exact, _ := splitReason(err, reason)
	return exact
}
