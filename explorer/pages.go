package explorer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/rpc"
)

// find goes to the page of what was typed: a height, a block's hash, a txid or an address.
func (s *Server) find(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.FormValue("q"))
	if h, err := strconv.ParseInt(q, 10, 32); err == nil {
		hash := ""
		s.cfg.Log.Now(func(now *State) {
			for _, n := range now.Nodes { // at this height of the first node's chain
				for b := now.Block(n.Tip); b != nil && hash == ""; b = now.Block(b.under()) {
					if b.Height == block.Height(h) {
						hash = b.Hash.String()
					}
				}
			}
		})
		if hash == "" {
			hash = s.hashAt(r.Context(), block.Height(h))
		}
		q = hash
	}
	hash, err := block.ParseHash(q)
	switch {
	case q == "":
		s.missing(w, "there is no block at this height")
	case err != nil:
		http.Redirect(w, r, "/address/"+url.PathEscape(q), http.StatusSeeOther)
	case s.known(r.Context(), hash):
		http.Redirect(w, r, "/block/"+hash.String(), http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/tx/"+hash.String(), http.StatusSeeOther)
	}
}

// known reports whether there is a block with this hash.
func (s *Server) known(ctx context.Context, hash block.Hash) (known bool) {
	s.cfg.Log.Now(func(now *State) { known = now.Block(hash) != nil })
	if !known {
		_, err := ask(ctx, s, func(ctx context.Context, c *rpc.Client) (rpc.Header, error) { return c.Header(ctx, hash) })
		known = err == nil
	}
	return known
}

func (s *Server) hashAt(ctx context.Context, h block.Height) string {
	hash, err := ask(ctx, s, func(ctx context.Context, c *rpc.Client) (block.Hash, error) {
		return rpc.GetBlockHash.Call(ctx, c, rpc.HeightArg{Height: int64(h)})
	})
	if err != nil {
		return ""
	}
	return hash.String()
}

func (s *Server) missing(w http.ResponseWriter, text string) {
	s.render(w, http.StatusNotFound, "missing", text)
}

var errNoNode = errors.New("no node runs that could be asked")

// ask asks one node after the other until one knows.
func ask[T any](ctx context.Context, s *Server, f func(context.Context, *rpc.Client) (T, error)) (out T, err error) {
	err = errNoNode
	if s.cfg.Clients == nil {
		return out, err
	}
	for _, c := range s.cfg.Clients() {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		out, err = f(ctx, c)
		cancel()
		if err == nil {
			return out, nil
		}
	}
	return out, err
}

// blockView is what the page of a block shows.
type blockView struct {
	Block
	Known  string // the nodes that have it
	Header []field
	Target comparison
	Txs    []rpc.Tx
	Merkle []merkleStep
	Stale  []fateOfTx // what became of its transactions, if it left a best chain
	Nodes  []string   // that stand on it
	Note   string     // why there is no more
}

// Coinbase returns what kind of transaction one is.
func (v *blockView) Coinbase(tx rpc.Tx) bool { return len(tx.Vin) > 0 && tx.Vin[0].Coinbase != "" }

func (s *Server) blockPage(w http.ResponseWriter, r *http.Request) {
	hash, err := block.ParseHash(r.PathValue("hash"))
	if err != nil {
		s.missing(w, fmt.Sprintf("%q is no block: want 64 hex digits", r.PathValue("hash")))
		return
	}
	var v blockView
	found := false
	s.cfg.Log.Now(func(now *State) {
		if b := now.Block(hash); b != nil {
			v.Block, found = *b, true
			v.nodes(now)
		}
	})
	full, err := s.fullBlock(r.Context(), hash)
	switch {
	case err == nil:
		v.fill(&full)
		s.stale(r.Context(), &v)
	case !found:
		s.missing(w, fmt.Sprintf("no block %s: %v", hash, err))
		return
	default:
		v.Note = "its header and transactions cannot be shown: " + err.Error()
	}
	s.render(w, http.StatusOK, "block", &v)
}

// fullBlock asks the nodes for a block.
func (s *Server) fullBlock(ctx context.Context, hash block.Hash) (rpc.FullBlock, error) {
	return ask(ctx, s, func(ctx context.Context, c *rpc.Client) (rpc.FullBlock, error) {
		return rpc.As[rpc.FullBlock](rpc.GetBlock).Call(ctx, c, rpc.GetBlockArgs{Block: hash, Verbosity: new(rpc.Verbosity(2))})
	})
}

// nodes says which nodes have the block, and which stand on it.
func (v *blockView) nodes(now *State) {
	var known []string
	for _, n := range now.Nodes {
		if v.Block.Known>>n.Bit&1 == 1 {
			known = append(known, n.Name)
		}
		if n.Tip == v.Hash {
			v.Nodes = append(v.Nodes, n.Name)
		}
	}
	v.Known = strings.Join(known, " ")
}

// fill adds what a node knows of the block.
func (v *blockView) fill(full *rpc.FullBlock) {
	v.Hash, v.Prev, v.Height, v.Time, v.Bits, v.Work = full.Hash, full.PreviousBlockHash, full.Height, full.Time, full.Bits, full.ChainWork
	v.Block.Txs, v.Size = len(full.Tx), full.Size
	v.Txs = full.Tx
	v.Header, v.Target = explainHeader(&full.Header)
	ids := make([]block.Hash, len(full.Tx))
	for i := range full.Tx {
		ids[i] = full.Tx[i].TxID
	}
	v.Merkle = merklePath(ids, 0)
}

// fateOfTx is what became of a transaction of a block that left a best chain.
type fateOfTx struct {
	TxID block.Hash
	Text string
}

// stale says what became of the block's transactions, from the journals of the nodes that left it.
func (s *Server) stale(ctx context.Context, v *blockView) {
	in := make(map[block.Hash]bool)
	for i := range v.Txs {
		in[v.Txs[i].TxID] = !v.Coinbase(v.Txs[i])
	}
	r, err := ask(ctx, s, func(ctx context.Context, c *rpc.Client) (rpc.Reorg, error) {
		all, err := c.Reorgs(ctx, 0)
		for i := len(all) - 1; i >= 0 && err == nil; i-- {
			for _, left := range all[i].Left {
				if left.Hash == v.Hash {
					return all[i], nil
				}
			}
		}
		return rpc.Reorg{}, errors.Join(err, errors.New("it never left the best chain"))
	})
	if err != nil {
		return
	}
	for _, t := range r.Reconfirmed {
		if in[t.TxID] {
			v.Stale = append(v.Stale, fateOfTx{t.TxID, fmt.Sprintf("is in block %d %s too, which replaced it", t.Height, t.Block.Short())})
		}
	}
	for _, id := range r.Returned {
		if in[id] {
			v.Stale = append(v.Stale, fateOfTx{id, "returned to the mempool"})
		}
	}
	for _, c := range r.Conflicted {
		if in[c.TxID] {
			why := "the coin that it spends was never created on the new branch"
			if c.By != "" {
				why = "its coin was spent by " + c.By
			}
			v.Stale = append(v.Stale, fateOfTx{c.TxID, "became impossible: " + why})
		}
	}
}

// txView is what the page of a transaction shows.
type txView struct {
	rpc.TxHistory
	Tx     rpc.Tx
	Lines  []string // the scripts of its outputs in words
	Merkle []merkleStep
	Index  int
}

// Proof says in words how an input shows that it may spend its coin.
func (v *txView) Proof(input int) string {
	if input >= len(v.Tx.Vin) || v.Tx.Vin[input].ScriptSig == nil {
		return ""
	}
	in := &v.Tx.Vin[input]
	return proofWords(in.ScriptSig.Hex) + " " + sequenceWords(in.Sequence)
}

func (s *Server) txPage(w http.ResponseWriter, r *http.Request) {
	id, err := block.ParseHash(r.PathValue("txid"))
	if err != nil {
		s.missing(w, fmt.Sprintf("%q is no transaction: want 64 hex digits", r.PathValue("txid")))
		return
	}
	v, err := s.tx(r.Context(), id)
	if err != nil {
		s.missing(w, fmt.Sprintf("no transaction %s: %v", id, err))
		return
	}
	s.render(w, http.StatusOK, "tx", &v)
}

// tx asks the nodes about a transaction.
func (s *Server) tx(ctx context.Context, id block.Hash) (txView, error) {
	v, err := ask(ctx, s, func(ctx context.Context, c *rpc.Client) (v txView, err error) {
		if v.TxHistory, err = rpc.GetTxHistory.Call(ctx, c, rpc.TxArg{TxID: id}); err != nil {
			return v, err
		}
		if len(v.Blocks) == 0 {
			v.Tx, err = c.Tx(ctx, id)
			return v, err
		}
		in := v.Blocks[len(v.Blocks)-1]
		full, err := rpc.As[rpc.FullBlock](rpc.GetBlock).Call(ctx, c, rpc.GetBlockArgs{Block: in.Hash, Verbosity: new(rpc.Verbosity(2))})
		if err == nil && in.Index < len(full.Tx) {
			v.Tx, v.Index = full.Tx[in.Index], in.Index
			ids := make([]block.Hash, len(full.Tx))
			for i := range full.Tx {
				ids[i] = full.Tx[i].TxID
			}
			v.Merkle = merklePath(ids, in.Index)
		}
		return v, err
	})
	for i := range v.Tx.Vout {
		v.Lines = append(v.Lines, scriptWords(&v.Tx.Vout[i].ScriptPubKey))
	}
	return v, err
}

// addressView is what the page of an address shows.
type addressView struct {
	Address string
	Balance block.Amount // confirmed
	Coins   int
	Rows    []rpc.HistoryRow
	More    int // rows that are left out
}

// maxRows is how many transactions of an address are shown, the newest.
const maxRows = 200

func (s *Server) addressPage(w http.ResponseWriter, r *http.Request) {
	v, err := ask(r.Context(), s, func(ctx context.Context, c *rpc.Client) (v addressView, err error) {
		v.Address = r.PathValue("address")
		if v.Rows, err = c.AddressHistory(ctx, []string{v.Address}, true); err != nil {
			return v, err
		}
		coins, err := c.AddressUTXOs(ctx, []string{v.Address}, false)
		for _, u := range coins {
			v.Balance += u.Amount
			v.Coins++
		}
		return v, err
	})
	if err != nil {
		s.missing(w, fmt.Sprintf("nothing is known of %q: %v", r.PathValue("address"), err))
		return
	}
	if v.More = max(0, len(v.Rows)-maxRows); v.More > 0 {
		v.Rows = v.Rows[v.More:]
	}
	s.render(w, http.StatusOK, "address", &v)
}
