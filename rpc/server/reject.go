package server

import (
	"errors"
	"strings"

	"toychain/consensus"
	"toychain/mempool"
	"toychain/rpc"
)

// rejection returns the error for a transaction that the mempool rejects, nil if err is nil.
func rejection(err error) error {
	reason := mempool.Reason(err)
	switch {
	case errors.Is(err, mempool.ErrConfirmed):
		return fail(rpc.CodeAlreadyInChain, "Transaction outputs already in utxo set")
	case errors.Is(err, mempool.ErrOrphan), consensus.RuleOf(err) == consensus.BadMissingOrSpent:
		return fail(rpc.CodeVerify, "%s", consensus.BadMissingOrSpent)
	case reason == "":
		return err
	}
	exact, more := splitReason(err, reason)
	if more != "" {
		exact += ", " + more
	}
	return fail(rpc.CodeVerifyRejected, "%s", exact)
}

// splitReason splits the text of an error: Core's reason with the brackets right after
// it, and the details that we add.
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

// reasonOf returns the reason why a block or transaction is rejected, "" if err is an
// internal error.
func reasonOf(err error) string {
	reason := mempool.Reason(err)
	if reason == "" {
		return ""
	}
	exact, _ := splitReason(err, reason)
	return exact
}
