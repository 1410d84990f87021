package p2p

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// The peers file, peers.json, holds the addresses of peers that joined at least once. It is
// a convenience: without it, or if it is damaged, a node finds its peers again through its
// seeds.
//
//	{"version": 1,
//	 "peers": [{"id": "12D3Koo…", "addrs": ["/ip4/127.0.0.1/tcp/7000"], "good": "2026-01-03T18:15:05Z"}]}
type peersFile struct {
	Version int        `json:"version"`
	Peers   []goodPeer `json:"peers"`
}

type goodPeer struct {
	ID    corepeer.ID    `json:"id"`
	Addrs []ma.Multiaddr `json:"addrs"`
	Good  time.Time      `json:"good"` // when it last joined
}

const (
	peersVersion  = 1
	maxPeersBytes = 4 << 20 // more is damage: maxKnownPeers peers need a quarter of it
)

// loadPeers reads the peers file. A missing file has no peers. A damaged one is renamed and
// reported with a warning, and has no peers either: that is no reason not to start.
func loadPeers(path string, log *slog.Logger) []goodPeer {
	if path == "" {
		return nil
	}
	raw, err := readAtMost(path, maxPeersBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var peers []goodPeer
	if err == nil {
		peers, err = parsePeersFile(raw)
	}
	if err == nil {
		return peers
	}
	aside := path + ".damaged"
	if e := os.Rename(path, aside); e != nil {
		aside = "not set aside: " + e.Error()
	}
	log.Warn("the file of peers' addresses is damaged; starting without it", "file", path, "err", err, "kept", aside)
	return nil
}

func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return raw, err
}

// parsePeersFile parses the whole file or returns an error, never a part of it.
func parsePeersFile(raw []byte) ([]goodPeer, error) {
	var f peersFile
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the end")
	}
	if f.Version != peersVersion {
		return nil, fmt.Errorf("version %d, want %d", f.Version, peersVersion)
	}
	if len(f.Peers) > maxKnownPeers {
		return nil, fmt.Errorf("%d peers, at most %d", len(f.Peers), maxKnownPeers)
	}
	for i, p := range f.Peers {
		if p.ID == "" || slices.ContainsFunc(p.Addrs, func(a ma.Multiaddr) bool { return len(a) == 0 }) {
			return nil, fmt.Errorf("peer %d: its id or an address is empty", i)
		}
	}
	return f.Peers, nil
}

// encodePeersFile encodes the good peers, those that joined last first.
func encodePeersFile(peers []goodPeer) ([]byte, error) {
	slices.SortFunc(peers, func(a, b goodPeer) int {
		return cmp.Or(b.Good.Compare(a.Good), cmp.Compare(a.ID, b.ID))
	})
	out, err := json.MarshalIndent(peersFile{peersVersion, peers[:min(len(peers), maxKnownPeers)]}, "", " ")
	return append(out, '\n'), err
}

// savePeers writes the peers file if the address manager changed since the last time.
func (n *Net) savePeers() error {
	if n.cfg.PeersFile == "" {
		return nil
	}
	n.mu.Lock()
	if !n.unsaved {
		n.mu.Unlock()
		return nil
	}
	n.unsaved = false
	peers := []goodPeer{} // [] in JSON, not null
	for id, c := range n.addrman.peers {
		if !c.lastJoined.IsZero() && len(c.addrs) > 0 {
			peers = append(peers, goodPeer{id, slices.Clone(c.addrs), c.lastJoined.UTC().Truncate(time.Second)})
		}
	}
	n.mu.Unlock()
	raw, err := encodePeersFile(peers)
	if err != nil {
		return err
	}
	return writeFile(n.cfg.PeersFile, raw)
}
