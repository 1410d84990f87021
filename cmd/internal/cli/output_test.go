package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a stranger may send does nothing on a terminal but stand there.
func TestHarmless(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"a block\tof 3\n", "a block\tof 3\n"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"},
		{"\x1b[32;1mgreen", "\x1b[32;1mgreen"},
		{"\x1b[8mhidden", "[8mhidden"},
		{"\x1b[30;40mblack on black", "[30;40mblack on black"},
		{"\x1b[2J\x1b[Hgone", "[2J[Hgone"},
		{"\x1b]0;title\a", "]0;title"},
		{"\x1b]52;c;cm0gLXJm\x1b\\", "]52;c;cm0gLXJm\\"}, // sets the clipboard
		{"\x1b", ""},
		{"\x1b\x1b[31m", "\x1b[31m"},
		{"paid\rlost", "paidlost"},
		{"a\bb\x7f\x00", "ab"},
		{"\u009b31m", "31m"},                   // CSI in one character
		{"\u202eevil\u2066", "evil"},           // writes from right to left
		{"ünï ✓ 日本", "ünï ✓ 日本"},               // text
		{"\xff\xfe\x1b[5n", "\ufffd\ufffd[5n"}, // bytes that are no text
	} {
		if got := harmless(row.text); got != row.want {
			t.Errorf("%q: %q, want %q", row.text, got, row.want)
		}
	}
}

// The first variable that is set decides, as for any program (POSIX, "Environment variables").
func TestLocale(t *testing.T) {
	for _, row := range []struct {
		all, ctype, lang string
		utf8             bool
	}{
		{"", "", "", true}, {"", "", "C", false}, {"", "", "POSIX", false}, {"", "", "en_US.UTF-8", true}, {"", "", "C.utf8", true},
		{"C", "", "en_US.UTF-8", false}, {"", "C", "en_US.UTF-8", false}, {"de_DE.UTF-8", "C", "C", true}, {"", "", "de_DE.ISO-8859-1", false},
	} {
		got := hasUTF8(func(name string) string {
			return map[string]string{"LC_ALL": row.all, "LC_CTYPE": row.ctype, "LANG": row.lang}[name]
		})
		if got != row.utf8 {
			t.Errorf("LC_ALL=%s LC_CTYPE=%s LANG=%s: UTF-8 %t, want %t", row.all, row.ctype, row.lang, got, row.utf8)
		}
	}
}

// Every sign beyond ASCII in a text of this program has a plain form, except for those of trees,
// which are drawn with others at once.
func TestSignsHavePlainForms(t *testing.T) {
	const root = "../../.."
	texts := 0
	for _, dir := range []string{"cmd", "testnet", "wallet", "payer", "node", "p2p", "store", "network", "blockfile", "rpc"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "draw/picture.go") || strings.HasSuffix(path, "draw/svg.go") || strings.HasSuffix(path, "cli/output.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				texts++
				text, _ := strconv.Unquote(lit.Value)
				for _, r := range plain.Replace(text) {
					if r > 0x7e && utf8.ValidString(text) { // else they are bytes
						t.Errorf("%s: %s has no plain form of %q: add it to plain (output.go)", path, lit.Value, r)
						return true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if texts < 1000 {
		t.Errorf("only %d texts", texts)
	}
}
