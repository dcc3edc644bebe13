package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What GNU as 2.40 makes of vdpbf16ps, one bit of a register's number at a time;
// its operands are written here in Go's order.
func TestEncodingIsThatOfGas(t *testing.T) {
	for _, c := range []struct {
		src2, src1, dst int
		want            []byte
	}{
		{24, 26, 0, []byte{0x62, 0x92, 0x2e, 0x40, 0x52, 0xc0}},
		{25, 26, 15, []byte{0x62, 0x12, 0x2e, 0x40, 0x52, 0xf9}},
		{9, 7, 31, []byte{0x62, 0x42, 0x46, 0x48, 0x52, 0xf9}},
		{0, 31, 9, []byte{0x62, 0x72, 0x06, 0x40, 0x52, 0xc8}},
	} {
		require.Equal(t, c.want, dot.on(c.src2, c.src1, c.dst), "vdpbf16ps zmm%d, zmm%d, zmm%d", c.dst, c.src1, c.src2)
	}
}

func TestMacro(t *testing.T) {
	want := "#define VDPBF16PS_Z24_Z26_Z0 BYTE $0x62; BYTE $0x92; BYTE $0x2E; BYTE $0x40; BYTE $0x52; BYTE $0xC0\n"
	require.Equal(t, want, dot.macro(24, 26, 0))
}

func TestHeadersAreFresh(t *testing.T) {
	for _, name := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.Equal(t, header(), string(got), "run go generate ./cpu")
	}
}
