package kernels_test

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.org/chainrule/kernels"

	"github.com/stretchr/testify/require"
)

// TestPTXIsOfItsSource compares the hash that the build wrote into each PTX with
// that of the sources here.
func TestPTXIsOfItsSource(t *testing.T) {
	for _, stem := range kernels.Stems() {
		h := sha256.New()
		sources(t, h, stem+".cu", map[string]bool{})
		require.Contains(t, head(t, stem), "sha256 "+hex.EncodeToString(h.Sum(nil)), "%s.cu has changed: run make ptx", stem)
	}
}

// TestEverySourceHasPTX finds a source that was never built, and PTX whose source
// is gone.
func TestEverySourceHasPTX(t *testing.T) {
	files, err := filepath.Glob("*.cu")
	require.NoError(t, err)
	var stems []string
	for _, f := range files {
		stems = append(stems, strings.TrimSuffix(f, ".cu"))
	}
	require.Equal(t, stems, kernels.Stems(), "run make ptx")
}

// TestPTXIsPortable asks for the version that drivers from 550 on accept, and for
// bare file names.
func TestPTXIsPortable(t *testing.T) {
	path := regexp.MustCompile(`\.file\s+\d+ "[^"]*[/\\]`)
	for _, stem := range kernels.Stems() {
		ptx, err := kernels.PTX(stem)
		require.NoError(t, err)
		require.Contains(t, string(ptx), ".version 8.4\n.target sm_80\n", stem)
		require.NotRegexp(t, path, string(ptx), stem)
	}
}

func TestPTXOfNoStem(t *testing.T) {
	_, err := kernels.PTX("../kernels")
	require.EqualError(t, err, `kernels: no stem "../kernels"`)
}

var include = regexp.MustCompile(`(?m)^#include "([^"]+)"`)

// sources writes a file and what it includes, each once, in the order of the
// includes: as kernels/build does.
func sources(t *testing.T, h hash.Hash, name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	h.Write(text)
	for _, m := range include.FindAllSubmatch(text, -1) {
		sources(t, h, string(m[1]), seen)
	}
}

// head is the first line of a stem's PTX.
func head(t *testing.T, stem string) string {
	ptx, err := kernels.PTX(stem)
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(ptx), "\n")
	return line
}
