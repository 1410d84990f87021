package explorer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"toychain/block"
	"toychain/rpc"
)

// exported is what an exported site's page begins with.
type exported struct {
	Snapshot
	Pages []block.Hash `json:"pages"` // blocks that have a page
}

// lastPages is how many of the last blocks have a page in an exported site, beside those at forks.
const lastPages = 100

// Export writes a site into a new directory that plays what is in the log on any web server,
// without this program, and has the lab if its files are in a directory. The error is os.ErrExist if
// there is something.
//
// clients are nodes that may be asked what is in the blocks that get a page, and their transactions; nil:
// none.
func Export(ctx context.Context, dir string, log *Log, labDir string, clients func() []*rpc.Client) error {
	if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
		return fmt.Errorf("%s: %w: choose a new directory", dir, os.ErrExist)
	}
	assets, policy, err := loadAssets()
	if err != nil {
		return err
	}
	files := make(map[string][]byte)
	for name, a := range assets {
		if filepath.Ext(name) != ".html" {
			files["assets/"+name] = a.plain
		}
	}
	text, _ := log.Snapshot()
	var out exported
	if err := json.Unmarshal(text, &out.Snapshot); err != nil {
		return err
	}
	out.Live, out.Pages = false, []block.Hash{}
	var state State
	log.Now(func(now *State) { state = now.clone() })
	blocks, txs, err := collect(ctx, &Server{cfg: Config{Clients: clients}}, &state)
	if err != nil {
		return err
	}
	there := func(page string) bool { return blocks[page] != nil || txs[page] != nil }
	pages := template.Must(templates.Clone()).Funcs(template.FuncMap{"ext": func() string { return ".html" }, "link": linkTo(there, ".html")})
	for page, v := range blocks {
		if files[page+".html"], err = executed(pages, "block", v); err != nil {
			return err
		}
		out.Pages = append(out.Pages, v.Hash)
	}
	slices.SortFunc(out.Pages, func(a, b block.Hash) int { return bytes.Compare(a[:], b[:]) })
	for page, v := range txs {
		if files[page+".html"], err = executed(pages, "tx", v); err != nil {
			return err
		}
	}
	if files["snapshot.json"], err = json.Marshal(&out); err != nil {
		return err
	}
	// What only a server can say is left out: frames, and that is all that it is for.
	unframed := func(policy string) string { return strings.Replace(policy, "; frame-ancestors 'none'", "", 1) }
	l := lab{dir: labDir}
	if l.there() {
		for name := range labFiles {
			files["lab/"+name] = l.file(name).plain
		}
		page := labIndex
		page.Policy = unframed(labPolicy)
		if files["lab/index.html"], err = executed(pages, "index.html", &page); err != nil {
			return err
		}
	}
	if files["index.html"], err = executed(pages, "index.html", &index{Imports: importMap, Source: out.Source, Static: "snapshot.json", Policy: unframed(policy), Nodes: state.Nodes, HasLab: l.there()}); err != nil {
		return err
	}
	return writeAll(dir, files)
}

// collect returns what the pages of blocks and of their transactions show, by page. A block that no node
// knows more of shows what the recording has.
func collect(ctx context.Context, s *Server, state *State) (blocks map[string]*blockView, txs map[string]*txView, err error) {
	blocks, txs = make(map[string]*blockView), make(map[string]*txView)
	for _, b := range state.paged() {
		v := &blockView{Block: *b, Note: "Its header and transactions are not in the recording."}
		v.nodes(state)
		blocks["block/"+b.Hash.String()] = v
		full, err := s.fullBlock(ctx, b.Hash)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			continue // the note says so
		}
		v.Note = ""
		v.fill(&full)
		s.stale(ctx, v)
		for i := range full.Tx {
			id := full.Tx[i].TxID
			if page := "tx/" + id.String(); txs[page] == nil && len(txs) < maxTxPages {
				if tx, err := s.tx(ctx, id); err == nil {
					txs[page] = &tx
				}
			}
		}
	}
	return blocks, txs, nil
}

// maxTxPages is how many transactions have a page in an exported site. Ours: some megabytes.
const maxTxPages = 2_000

// paged returns the blocks that have pages in an exported site: those at forks, and the last ones.
func (s *State) paged() (out []*Block) {
	kids := make(map[block.Hash]int)
	var top block.Height
	for i := range s.Blocks {
		kids[s.Blocks[i].under()]++
		top = max(top, s.Blocks[i].Height)
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if kids[b.Hash] > 1 || kids[b.under()] > 1 || b.Height > top-lastPages {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b *Block) int { return int(a.Height - b.Height) })
	return out
}

func executed(t *template.Template, name string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := t.ExecuteTemplate(&out, name, data)
	return out.Bytes(), err
}

func writeAll(dir string, files map[string][]byte) (err error) {
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755))
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
	}
	return err
}
