package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
)

// method is a method of package rpc and the function that answers it.
type method struct {
	rpc.Info
	params []rpc.Param
	answer func(*call, []json.RawMessage) (any, *rpc.Error)
}

// methods is the whole table, by category.
var methods = []method{
	on(rpc.GetBestBlockHash, getBestBlockHash),
	on(rpc.GetBlock, getBlock),
	on(rpc.GetBlockchainInfo, getBlockchainInfo),
	on(rpc.GetBlockCount, getBlockCount),
	on(rpc.GetBlockHash, getBlockHash),
	on(rpc.GetBlockHeader, getBlockHeader),
	on(rpc.GetBlockStats, getBlockStats),
	on(rpc.GetChainTips, getChainTips),
	on(rpc.GetChainTxStats, getChainTxStats),
	on(rpc.GetDeploymentInfo, getDeploymentInfo),
	on(rpc.GetDifficulty, getDifficulty),
	on(rpc.GetTxOut, getTxOut),
	on(rpc.GetTxOutSetInfo, getTxOutSetInfo),
	on(rpc.InvalidateBlock, override(engine.Invalidate)),
	on(rpc.PreciousBlock, override(engine.Precious)),
	on(rpc.ReconsiderBlock, override(engine.Reconsider)),
	on(rpc.VerifyChain, verifyChain),
	on(rpc.WaitForBlock, waitForBlock),
	on(rpc.WaitForBlockHeight, waitForBlockHeight),
	on(rpc.WaitForNewBlock, waitForNewBlock),

	on(rpc.GetMemoryInfo, getMemoryInfo),
	on(rpc.GetRPCInfo, getRPCInfo),
	on(rpc.Help, help),
	on(rpc.Stop, stop),
	on(rpc.Uptime, uptime),

	on(rpc.GetMempoolAncestors, relatives(parents)),
	on(rpc.GetMempoolDescendants, relatives(children)),
	on(rpc.GetMempoolEntry, getMempoolEntry),
	on(rpc.GetMempoolInfo, getMempoolInfo),
	on(rpc.GetRawMempool, getRawMempool),
	on(rpc.SaveMempool, saveMempool),
	on(rpc.GetTxSpendingPrevout, getTxSpendingPrevout),

	on(rpc.GenerateBlock, generateBlock),
	on(rpc.GenerateToAddress, generateToAddress),
	on(rpc.GetBlockTemplate, getBlockTemplate),
	on(rpc.GetMiningInfo, getMiningInfo),
	on(rpc.GetNetworkHashPS, getNetworkHashPS),
	on(rpc.GetPrioritisedTransactions, getPrioritisedTransactions),
	on(rpc.PrioritiseTransaction, prioritiseTransaction),
	on(rpc.SubmitBlock, submitBlock),
	on(rpc.SubmitHeader, submitHeader),

	on(rpc.AddNode, addNode),
	on(rpc.ClearBanned, clearBanned),
	on(rpc.DisconnectNode, disconnectNode),
	on(rpc.GetAddedNodeInfo, getAddedNodeInfo),
	on(rpc.GetAddrManInfo, getAddrManInfo),
	on(rpc.GetNodeAddresses, getNodeAddresses),
	on(rpc.GetNetTotals, getNetTotals),
	on(rpc.GetConnectionCount, getConnectionCount),
	on(rpc.GetNetworkInfo, getNetworkInfo),
	on(rpc.GetPeerInfo, getPeerInfo),
	on(rpc.ListBanned, listBanned),
	on(rpc.Ping, ping),
	on(rpc.SetBan, setBan),
	on(rpc.SetNetworkActive, setNetworkActive),

	on(rpc.CreateRawTransaction, createRawTransaction),
	on(rpc.DecodeRawTransaction, decodeRawTransaction),
	on(rpc.DecodeScript, decodeScript),
	on(rpc.GetRawTransaction, getRawTransaction),
	on(rpc.GetTxOutProof, getTxOutProof),
	on(rpc.SendRawTransaction, sendRawTransaction),
	on(rpc.TestMempoolAccept, testMempoolAccept),
	on(rpc.VerifyTxOutProof, verifyTxOutProof),

	on(rpc.GetAddressHistory, getAddressHistory),
	on(rpc.GetAddressUTXOs, getAddressUTXOs),
	on(rpc.As[any](rpc.GetBlockTree), getBlockTree),
	on(rpc.As[any](rpc.GetPending), getPending),
	on(rpc.GetReorgs, getReorgs),
	on(rpc.GetStaleRate, getStaleRate),
	on(rpc.GetTxHistory, getTxHistory),
	on(rpc.SetClock, setClock),
	on(rpc.SetLink, setLink),
	on(rpc.SetMining, setMining),
	on(rpc.SetPartition, setPartition),
	on(rpc.SubmitBlocks, submitBlocks),

	on(rpc.EstimateSmartFee, estimateSmartFee),
	on(rpc.GetIndexInfo, getIndexInfo),
	on(rpc.ValidateAddress, validateAddress),
	on(rpc.VerifyMessage, verifyMessage),
}

// on returns the row that answers calls of m by f, which gets arguments of the types
// that m describes and whose result is of m's type.
func on[A, R any](m rpc.Method[A, R], f func(*call, A) (R, error)) method {
	params := m.Params()
	return method{m.Info, params, func(c *call, raw []json.RawMessage) (any, *rpc.Error) {
		var args A
		if err := readArgs(params, raw, &args); err != nil {
			return nil, rpcError(err)
		}
		result, err := f(c, args)
		return inRows(result), rpcError(err)
	}}
}

// table returns the methods by their names.
func table() map[string]*method {
	all := make(map[string]*method)
	for _, m := range methods {
		all[m.Name] = &m
	}
	return all
}

// Methods maps the names of all methods to their parameters.
func Methods() map[string][]rpc.Param {
	all := make(map[string][]rpc.Param)
	for _, m := range methods {
		all[m.Name] = m.params
	}
	return all
}

// call is a call that is being answered.
type call struct {
	ctx    context.Context
	server *Server
	node   *node.Node
	method *method
}

// fail returns an error. Core's messages begin with a capital letter; programs compare
// them.
func fail(code rpc.Code, format string, args ...any) *rpc.Error {
	return &rpc.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// rpcError returns a handler's error as it is sent. One that fail did not make is no fault of
// the caller's.
func rpcError(err error) *rpc.Error {
	known, ok := errors.AsType[*rpc.Error](err)
	switch {
	case err == nil, ok:
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail(rpc.CodeMisc, "the node is stopping, or the caller is gone")
	}
	return fail(rpc.CodeMisc, "%v", err)
}

// look calls f on the goroutine that owns the engine. f must be quick, and return copies
// of what is needed.
func look[T any](c *call, f func(*engine.Engine) (T, error)) (out T, err error) {
	if e := c.node.Look(c.ctx, func(e *engine.Engine) { out, err = f(e) }); e != nil {
		return out, e
	}
	return out, err
}
