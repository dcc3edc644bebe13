package sim_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver/sim"
)

// Every kernel that ships loads: an instruction that the simulator does not know
// fails here by name and line.
func TestCensus(t *testing.T) {
	files, err := filepath.Glob("../../../../kernels/ptx/*/*.ptx")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	c, err := sim.New(sim.Options{}).Open(0)
	require.NoError(t, err)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			m, err := c.Load(text)
			require.NoError(t, err)
			require.NoError(t, c.Unload(m))
		})
	}
	require.NoError(t, c.Close())
}

// The PTX of testdata is of the source beside it.
func TestDataIsOfItsSource(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.cu")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for _, name := range sources {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		text, err := os.ReadFile(strings.TrimSuffix(name, ".cu") + ".ptx")
		require.NoError(t, err)
		head, _, _ := strings.Cut(string(text), "\n")
		require.Contains(t, head, fmt.Sprintf("sha256 %x", sha256.Sum256(source)), "%s has changed: run testdata/build", name)
	}
}
