package explorer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// labFiles are the files of the lab in the browser, which explorer/lab.sh makes, and their types.
var labFiles = map[string]string{"toychain-lab.wasm": "application/wasm", "wasm_exec.js": "text/javascript; charset=utf-8"}

// lab is the files of the lab, read once when they are first asked for.
type lab struct {
	dir  string // "": there is none
	once sync.Once
	all  map[string]*asset
}

// there reports whether the files are in the directory.
func (l *lab) there() bool {
	for name := range labFiles {
		if _, err := os.Stat(filepath.Join(l.dir, name)); l.dir == "" || err != nil {
			return false
		}
	}
	return true
}

// file returns a file, nil if it cannot be read.
func (l *lab) file(name string) *asset {
	l.once.Do(func() {
		l.all = make(map[string]*asset)
		for name, kind := range labFiles {
			text, err := os.ReadFile(filepath.Join(l.dir, name))
			if err != nil {
				continue // it is not found
			}
			l.all[name] = newAsset(kind, text)
		}
	})
	return l.all[name]
}

// newAsset returns a file of the page.
func newAsset(kind string, text []byte) *asset {
	sum := sha256.Sum256(text)
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	_, _ = z.Write(text) // memory takes it
	_ = z.Close()
	return &asset{kind: kind, etag: `"` + hex.EncodeToString(sum[:]) + `"`, plain: text, zip: zip.Bytes()}
}

// labPage answers with the lab's document. Only its policy lets WebAssembly be compiled.
func (s *Server) labPage(w http.ResponseWriter, r *http.Request) {
	if !s.lab.there() {
		s.missing(w, "The lab is not beside the program: explorer/lab.sh builds it (toychain-lab.wasm and wasm_exec.js).")
		return
	}
	w.Header().Set("Content-Security-Policy", labPolicy)
	s.render(w, http.StatusOK, "index.html", &labIndex)
}

func (s *Server) labFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if labFiles[name] == "" || !s.lab.there() {
		http.NotFound(w, r)
		return
	}
	serveAsset(w, r, s.lab.file(name))
}
