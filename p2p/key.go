package p2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"toychain/internal/atomicfile"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/crypto"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// The key file holds the node's Ed25519 key: libp2p's encoding in base64 and a newline. It
// is the node's identity on the network, not money: with it one can impersonate the node.

// NewKey derives a node's key from a secret of 32 random bytes. It returns the key as a key
// file holds it, without the newline, and the node's peer ID, so that a node can be named in
// other nodes' seeds before it runs for the first time.
func NewKey(secret [32]byte) (text string, id peer.ID, err error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(secret[:]))
	if err != nil {
		return "", "", err
	}
	name, err := corepeer.IDFromPrivateKey(key)
	if err != nil {
		return "", "", err
	}
	raw, err := crypto.MarshalPrivateKey(key)
	return base64.StdEncoding.EncodeToString(raw), peer.ID(name.String()), err
}

// ownKey returns the key that the Config names.
func ownKey(cfg Config) (crypto.PrivKey, error) {
	if cfg.Key == "" {
		return loadKey(cfg.KeyFile, cfg.Log)
	}
	key, err := parseKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	return key, nil
}

// CheckKey returns what is wrong with the text of a key file, without the text.
func CheckKey(text string) error {
	_, err := parseKey(text)
	return err
}

// parseKey parses the text of a key file.
func parseKey(text string) (crypto.PrivKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("not base64")
	}
	key, err := crypto.UnmarshalPrivateKey(raw)
	if err != nil {
		return nil, errors.New("not a private key")
	}
	if key.Type() != crypto.Ed25519 {
		return nil, errors.New("not an ed25519 key")
	}
	return key, nil
}

// loadKey reads the key file, or creates it. An empty path returns a key for this run only.
func loadKey(path string, log *slog.Logger) (crypto.PrivKey, error) {
	if path == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("node key %s is damaged (%v): restore it, or remove it and the node gets a new name", path, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		log.Warn("node key was readable by others; now it is not", "file", path, "mode", info.Mode().Perm())
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, fmt.Errorf("node key: %w", err)
		}
	}
	return key, nil
}

func makeKey(path string) (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := base64.StdEncoding.EncodeToString(raw) + "\n"
	if err := writeFile(path, []byte(text)); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	return key, nil
}

// writeFile writes a file completely or not at all, readable by its owner only, and its
// directory.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(path, atomicfile.Synced(data))
}
