package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/chainrule"

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
		out, err := exec.Command(program, args...).Output()
		require.NoError(b, err)
		mb, err := strconv.Atoi(strings.TrimSpace(string(out)))
		require.NoError(b, err)
		peak = max(peak, mb)
	}
	if peak > 0 {
		b.ReportMetric(float64(peak), "peak-MB")
	}
}

// digits is a folder of four files as large as MNIST's, all images blank.
func digits(tb testing.TB) string {
	dir := tb.TempDir()
	for _, set := range []struct {
		name string
		n    int
	}{{"train", 60_000}, {"t10k", 10_000}} {
		writeIDX(tb, filepath.Join(dir, set.name+"-images-idx3-ubyte.gz"), set.n, 28, 28)
		writeIDX(tb, filepath.Join(dir, set.name+"-labels-idx1-ubyte.gz"), set.n)
	}
	return dir
}

// writeIDX writes zeros of a shape in MNIST's format.
func writeIDX(tb testing.TB, path string, shape ...int) {
	header, n := []byte{0, 0, 8, byte(len(shape))}, 1
	for _, d := range shape {
		header, n = binary.BigEndian.AppendUint32(header, uint32(d)), n*d
	}
	var file bytes.Buffer
	z, err := gzip.NewWriterLevel(&file, gzip.BestSpeed)
	require.NoError(tb, err)
	_, err = z.Write(append(header, make([]byte, n)...))
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	require.NoError(tb, os.WriteFile(path, file.Bytes(), 0o600))
}
