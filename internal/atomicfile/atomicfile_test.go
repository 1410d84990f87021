package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A file is written whole or not at all, and nothing else is left in its directory.
func TestWholeOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	trouble := errors.New("trouble")
	fails := func(f *os.File) error {
		f.WriteString("half")
		return trouble
	}
	is := func(want string) {
		t.Helper()
		text, _ := os.ReadFile(path)
		files, err := os.ReadDir(filepath.Dir(path))
		if string(text) != want || err != nil || len(files) > 1 || want == "" && len(files) > 0 {
			t.Fatalf("%q in %v (%v), want %q", text, files, err, want)
		}
	}
	if err := Create(path, fails); !errors.Is(err, trouble) {
		t.Error(err)
	}
	is("")
	if err := Create(path, Synced([]byte("one"))); err != nil {
		t.Error(err)
	}
	is("one")
	if err := Create(path, Synced([]byte("two"))); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	is("one")
	if err := Replace(path, fails); !errors.Is(err, trouble) {
		t.Error(err)
	}
	is("one")
	if err := Replace(path, Synced([]byte("three"))); err != nil {
		t.Error(err)
	}
	is("three")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
