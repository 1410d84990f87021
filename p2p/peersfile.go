package p2p

import (
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

// The peers file, peers.json, holds the address manager's two tables. It is a convenience:
// without it, or if it is damaged, a node finds its peers again through its seeds.
//
//	{"version": 2,
//	 "tried": [{"id": "12D3Koo…", "addrs": ["/ip4/127.0.0.1/tcp/7000"], "good": "2026-01-03T18:15:05Z"}],
//	 "new": [{"id": "12D3Koo…", "addrs": ["/ip4/127.0.0.1/tcp/7001"], "source": "12D3Koo…"}]}
//
// Version 1 had one list, "peers", of all that joined, and does not say where they were
// dialed: it is read as what each said of itself.
type peersFile struct {
	Version int         `json:"version"`
	Peers   []savedPeer `json:"peers,omitempty"` // version 1
	Tried   []savedPeer `json:"tried"`
	New     []savedPeer `json:"new"`
}

// savedPeer is an entry of one of the tables.
type savedPeer struct {
	ID     corepeer.ID    `json:"id"`
	Addrs  []ma.Multiaddr `json:"addrs"`
	Good   time.Time      `json:"good,omitzero"`    // when it last joined
	Source corepeer.ID    `json:"source,omitempty"` // of hearsay; "": the peer itself
	Group  string         `json:"group,omitempty"`  // of the source
}

const (
	peersVersion  = 2
	maxPeersBytes = 4 << 20 // more is damage: full tables need half of it
)

// loadPeers reads the peers file. A missing file has no peers. A damaged one is renamed and
// reported with a warning, and has no peers either: that is no reason not to start.
func loadPeers(path string, log *slog.Logger) (peers peersFile) {
	if path == "" {
		return peers
	}
	raw, err := readAtMost(path, maxPeersBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return peers
	}
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
	return peersFile{}
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

// parsePeersFile parses the whole file or returns an error, never a part of it. It returns
// the present version.
func parsePeersFile(raw []byte) (peersFile, error) {
	var f peersFile
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return peersFile{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return peersFile{}, errors.New("something follows the end")
	}
	if f.Version == 1 && len(f.Tried)+len(f.New) == 0 {
		f = peersFile{Version: peersVersion, New: f.Peers}
	}
	if f.Version != peersVersion || len(f.Peers) > 0 {
		return peersFile{}, fmt.Errorf("version %d, want %d", f.Version, peersVersion)
	}
	if len(f.Tried) > maxTried || len(f.New) > maxNew {
		return peersFile{}, fmt.Errorf("%d and %d peers, at most %d and %d", len(f.Tried), len(f.New), maxTried, maxNew)
	}
	for i, p := range slices.Concat(f.Tried, f.New) {
		if p.ID == "" || slices.ContainsFunc(p.Addrs, func(a ma.Multiaddr) bool { return len(a) == 0 }) {
			return peersFile{}, fmt.Errorf("peer %d: its id or an address is empty", i)
		}
	}
	return f, nil
}

func encodePeersFile(f peersFile) ([]byte, error) {
	out, err := json.MarshalIndent(f, "", " ")
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
	tried, heard := n.addrman.tables()
	n.mu.Unlock()
	raw, err := encodePeersFile(peersFile{Version: peersVersion, Tried: tried, New: heard})
	if err != nil {
		return err
	}
	return writeFile(n.cfg.PeersFile, raw)
}
