package bench

import (
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/chainrule"
	"example.org/chainrule/data/idx"

	"github.com/stretchr/testify/require"
)

// BenchmarkProcess takes whole processes, from their start to their end, and
// tells the most memory that they held (on Linux).
func BenchmarkProcess(b *testing.B) {
	if _, err := exec.LookPath("go"); err != nil {
		b.Skip("the go command, which builds the process, is not here")
	}
	program := filepath.Join(b.TempDir(), "process")
	out, err := exec.Command("go", "build", "-o", program, "./process").CombinedOutput()
	require.NoError(b, err, "%s", out)
	folder := digits(b)
	devices, err := chainrule.Devices()
	require.NoError(b, err)
	for _, d := range devices {
		if d.Missing == "" {
			b.Run("first-lenet-step/"+d.Name, func(b *testing.B) { benchmarkProcess(b, program, "step", d.Name) })
			b.Run("mnist-epoch/"+d.Name, func(b *testing.B) { benchmarkProcess(b, program, "epoch", d.Name, folder) })
		}
	}
}

func benchmarkProcess(b *testing.B, program string, args ...string) {
	peak := 0
	for b.Loop() {
		out, err := exec.Command(program, args...).CombinedOutput()
		require.NoError(b, err, "%s", out)
		mb, err := strconv.Atoi(strings.TrimSpace(string(out)))
		require.NoError(b, err)
		peak = max(peak, mb)
	}
	if peak > 0 {
		b.ReportMetric(float64(peak), "peak-MB")
	}
}

// digits is a folder of four files as large as MNIST's: blank images, and labels
// from 0 to 9 in turn.
func digits(tb testing.TB) string {
	dir := tb.TempDir()
	for name, n := range map[string]int{"train": 60_000, "t10k": 10_000} {
		images := idx.Images{Count: n, Height: 28, Width: 28, Pixels: make([]byte, n*28*28)}
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(i % 10)
		}
		compressed(tb, filepath.Join(dir, name+"-images-idx3-ubyte.gz"), images.Encode)
		compressed(tb, filepath.Join(dir, name+"-labels-idx1-ubyte.gz"), func(w io.Writer) error { return idx.EncodeLabels(w, labels) })
	}
	return dir
}

// compressed writes a file with gzip.
func compressed(tb testing.TB, path string, write func(w io.Writer) error) {
	file, err := os.Create(path)
	require.NoError(tb, err)
	z := gzip.NewWriter(file)
	require.NoError(tb, write(z))
	require.NoError(tb, z.Close())
	require.NoError(tb, file.Close())
}
