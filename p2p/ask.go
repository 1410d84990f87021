package p2p

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"toychain/block"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// ErrNotJoined: a request to a peer that is not connected, has not told its
// status yet, or to which SetLink made us deaf.
var ErrNotJoined = errors.New("not one of our peers now")

// RequestHeaders asks for the headers that follow the first hash of the locator
// which is on the peer's best chain; at most MaxHeaders, none when it has
// nothing newer. The locator has at most MaxLocator hashes. Whether the headers
// are worth anything is not looked at.
func (n *Net) RequestHeaders(ctx context.Context, p peer.ID, locator []block.Hash, stop block.Hash) (hs []block.Header, err error) {
	if len(locator) > peer.MaxLocator {
		return nil, fmt.Errorf("locator of %d hashes, at most %d", len(locator), peer.MaxLocator)
	}
	err = n.ask(ctx, p, kindGetHeaders, encodeGetHeaders(locator, stop), func(a *answer) error {
		_, payload, err := a.frame(kindHeaders)
		if err != nil {
			return err
		}
		hs, err = parseHeaders(payload)
		return err
	})
	return hs, err
}

// RequestBlocks asks for at most MaxBlocksAsked blocks and hands each to each,
// in the order asked, as soon as it is here. Each block's header has the hash
// asked for; more is not looked at. An error of each ends the request and is
// returned. *MissingError says which blocks the peer does not have.
func (n *Net) RequestBlocks(ctx context.Context, p peer.ID, ids []block.Hash, each func(raw []byte) error) error {
	if len(ids) > peer.MaxBlocksAsked {
		return fmt.Errorf("%d blocks asked for, at most %d", len(ids), peer.MaxBlocksAsked)
	}
	return n.askEach(ctx, p, kindGetBlocks, kindBlock, ids, each, func(raw []byte) block.Hash {
		return block.Sum(raw[:min(len(raw), block.HeaderSize)])
	})
}

// RequestTxs is RequestBlocks for at most MaxTxsAsked pending transactions.
func (n *Net) RequestTxs(ctx context.Context, p peer.ID, ids []block.Hash, each func(raw []byte) error) error {
	if len(ids) > peer.MaxTxsAsked {
		return fmt.Errorf("%d transactions asked for, at most %d", len(ids), peer.MaxTxsAsked)
	}
	return n.askEach(ctx, p, kindGetTxs, kindTx, ids, each, block.Sum)
}

// RequestPool asks which transactions are pending at the peer: at most MaxPoolIDs.
func (n *Net) RequestPool(ctx context.Context, p peer.ID) (ids []block.Hash, err error) {
	err = n.ask(ctx, p, kindGetPool, nil, func(a *answer) error {
		_, payload, err := a.frame(kindPool)
		if err != nil {
			return err
		}
		ids, err = parseHashes(payload, 0, peer.MaxPoolIDs)
		return err
	})
	return ids, err
}

// RequestAges asks how long ago blocks were born, at most MaxAgesAsked: see
// Handler.BlockAges. Each answer is for the moment in which the peer gave it.
func (n *Net) RequestAges(ctx context.Context, p peer.ID, ids []block.Hash) (ages []time.Duration, err error) {
	if len(ids) > MaxAgesAsked {
		return nil, fmt.Errorf("ages of %d blocks asked for, at most %d", len(ids), MaxAgesAsked)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	err = n.ask(ctx, p, kindGetAges, encodeHashes(ids), func(a *answer) error {
		_, payload, err := a.frame(kindAges)
		if err != nil {
			return err
		}
		ages, err = parseAges(payload, len(ids))
		return err
	})
	return ages, err
}

// requestPeers asks whom the peer is connected to, and where they listen.
func (n *Net) requestPeers(ctx context.Context, p peer.ID) (found []corepeer.AddrInfo, err error) {
	err = n.ask(ctx, p, kindGetPeers, nil, func(a *answer) error {
		_, payload, err := a.frame(kindPeers)
		if err != nil {
			return err
		}
		found, err = parsePeers(payload)
		return err
	})
	return found, err
}

// askEach asks for things by id and checks that each is what was asked for: that
// is no question of validity.
func (n *Net) askEach(ctx context.Context, p peer.ID, request, reply kind, ids []block.Hash,
	each func([]byte) error, idOf func([]byte) block.Hash) error {
	if len(ids) == 0 {
		return nil
	}
	missing := &peer.MissingError{Peer: p}
	err := n.ask(ctx, p, request, encodeHashes(ids), func(a *answer) error {
		for i, id := range ids {
			k, payload, err := a.frame(reply, kindMissing)
			if err != nil {
				return err
			}
			if k == kindMissing {
				if len(payload) != 32 || block.Hash(payload) != id {
					return garble("missing %x where %v was asked for", payload, id)
				}
				missing.IDs = append(missing.IDs, id)
				continue
			}
			if got := idOf(payload); got != id {
				return garble("%v %d is %v where %v was asked for", reply, i, got, id)
			}
			if err := each(payload); err != nil {
				return err
			}
			n.brought(p, reply)
		}
		return nil
	})
	if err == nil && len(missing.IDs) > 0 {
		return missing
	}
	return err
}

// answer is the peer's half of a request.
type answer struct{ stream network.Stream }

// frame reads the next frame, in at most frameTimeout.
func (a *answer) frame(wanted ...kind) (kind, []byte, error) {
	a.stream.SetReadDeadline(time.Now().Add(frameTimeout))
	k, payload, err := readFrame(a.stream, wanted...)
	if err == io.EOF {
		err = errors.New("it hung up without an answer")
	}
	return k, payload, err
}

// ask sends one request on a stream of its own and has read read the answer. A
// peer that breaks the protocol is blamed. Errors name the peer.
func (n *Net) ask(ctx context.Context, p peer.ID, k kind, request []byte, read func(*answer) error) error {
	id, err := decode(p)
	if err != nil {
		return err
	}
	r := n.enter()
	if r == nil {
		return errNotRunning
	}
	defer r.tasks.Done()
	n.mu.Lock()
	s := n.sessions[id]
	n.mu.Unlock()
	if s == nil || !s.isJoined() {
		return fmt.Errorf("peer %s: %w", p.Short(), ErrNotJoined)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
	case <-s.done:
		return fmt.Errorf("peer %s: %w", p.Short(), ErrNotJoined)
	}
	if err := ctx.Err(); err != nil { // there may have been a place all the same
		return fmt.Errorf("%v to peer %s: %w", k, p.Short(), err)
	}
	err = n.exchange(ctx, id, k, request, read)
	if isGarbled(err) {
		n.blame(id, err)
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%v to peer %s: %w", k, p.Short(), err)
	}
	return nil
}

func (n *Net) exchange(ctx context.Context, id corepeer.ID, k kind, request []byte, read func(*answer) error) error {
	stream, err := n.open(ctx, id)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { stream.Reset() })
	defer stop()
	if err = writeFrame(stream, k, request); err == nil {
		if err = stream.CloseWrite(); err == nil {
			err = read(&answer{stream})
		}
	}
	if err != nil {
		stream.Reset()
		return err
	}
	return stream.Close()
}

// open opens a stream of the sync protocol on a connection that stands.
func (n *Net) open(ctx context.Context, id corepeer.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "sync"), frameTimeout)
	defer cancel()
	return n.host.NewStream(ctx, id, n.names.sync)
}

// Stream opens a stream of the sync protocol to a peer that is connected, and says
// nothing on it. What is written there is up to the caller, who may break every rule
// of the protocol: it is for programs that try how a node takes that.
func (n *Net) Stream(ctx context.Context, p peer.ID) (network.Stream, error) {
	id, err := decode(p)
	if err != nil {
		return nil, err
	}
	s, err := n.open(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("stream to peer %s: %w", p.Short(), err)
	}
	return s, nil
}
