package explorer

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

//go:embed web
var web embed.FS

// asset is a file of the page.
type asset struct {
	kind       string // its MIME type
	etag       string // from its content: a file in the binary has no time
	plain, zip []byte
}

// imports is the import map: where the page's modules find their libraries. The policy names its
// hash, so no other script can be in the page.
const imports = `{"imports":{"preact":"./assets/preact.mjs","preact/hooks":"./assets/hooks.mjs","htm":"./assets/htm.mjs","uplot":"./assets/uplot.mjs"}}`

// loadAssets reads the page's files, and returns the policy for all answers.
func loadAssets() (map[string]*asset, string, error) {
	out := make(map[string]*asset)
	err := fs.WalkDir(web, "web", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := web.ReadFile(name)
		if err != nil {
			return err
		}
		kind := mime.TypeByExtension(path.Ext(name))
		if path.Ext(name) == ".mjs" {
			kind = "text/javascript; charset=utf-8"
		}
		out[path.Base(name)] = newAsset(kind, text)
		return nil
	})
	return out, policyFor(imports, ""), err
}

// policyFor returns the policy of a document with this import map, and more that its scripts may do.
func policyFor(imports, more string) string {
	sum := sha256.Sum256([]byte(imports))
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'" + more, "style-src 'self'",
		"img-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
}

// The lab's document is in a folder of the site, so its import map is another one.
var (
	labImports = strings.ReplaceAll(imports, `"./`, `"../`)
	labPolicy  = policyFor(labImports, " 'wasm-unsafe-eval'")
	labIndex   = index{Imports: template.HTML(`<script type="importmap">` + labImports + `</script>`), Source: "nodes in this tab", Root: "../", Lab: true}
)

func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	a := s.assets[r.PathValue("file")]
	if a == nil || strings.HasSuffix(r.PathValue("file"), ".html") {
		http.NotFound(w, r)
		return
	}
	serveAsset(w, r, a)
}

// serveAsset answers with a file, compressed if the reader can take that.
func serveAsset(w http.ResponseWriter, r *http.Request, a *asset) {
	head := w.Header()
	head.Set("ETag", a.etag)
	head.Set("Cache-Control", "no-cache") // asked for each time, sent only if it is another version
	head.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", a.kind)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		_, _ = w.Write(a.zip)
		return
	}
	_, _ = w.Write(a.plain)
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"time": clock, "plural": plural, "coins": coins, "ext": func() string { return "" }, "link": linkTo(func(string) bool { return true }, ""),
}).ParseFS(web, "web/*.html"))

// linkTo returns the template function that links to a page below the site, like tx/TXID, if there is
// one: else it is the text alone.
func linkTo(there func(page string) bool, ext string) any {
	return func(kind string, id any, text string, fragment ...string) template.HTML {
		page := kind + "/" + url.PathEscape(fmt.Sprint(id))
		text = template.HTMLEscapeString(text)
		if !there(page) {
			return template.HTML(text)
		}
		return template.HTML(fmt.Sprintf(`<a href="../%s%s">%s</a>`, template.HTMLEscapeString(page+ext), template.HTMLEscapeString(strings.Join(fragment, "")), text))
	}
}

// render answers with a template.
func (s *Server) render(w http.ResponseWriter, status int, name string, data any) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, data); err != nil {
		http.Error(w, fmt.Sprintf("%s: %v", name, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

const importMap = template.HTML(`<script type="importmap">` + imports + `</script>`)

// index is what the page's frame shows.
type index struct {
	Imports       template.HTML
	Token, Source string
	Static        string // of an exported site: the file with its snapshot
	Policy        string // the same: what a server would send as a header
	Root          string // where the site's other documents are: "" or "../"
	Lab           bool   // it is the lab's document
	HasLab        bool   // there is a lab
	Nodes         []Node
}

// page answers with the page. Without JavaScript it is the table of tips.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	data := index{Imports: importMap, Source: s.cfg.Log.Source, HasLab: s.lab.there()}
	if s.cfg.Controls != nil {
		data.Token = s.token
	}
	s.cfg.Log.Now(func(now *State) { data.Nodes = append(data.Nodes, now.Nodes...) })
	s.render(w, http.StatusOK, "index.html", &data)
}
