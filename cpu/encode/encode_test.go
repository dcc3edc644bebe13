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

// What GNU as 2.40 makes of AMX's instructions, each bit of a number at least once.
func TestTileEncodingIsThatOfGas(t *testing.T) {
	for _, c := range []struct {
		code, want []byte
		gas        string
	}{
		{configure.from(ax), []byte{0xc4, 0xe2, 0x78, 0x49, 0x00}, "ldtilecfg [rax]"},
		{configure.from(bx), []byte{0xc4, 0xe2, 0x78, 0x49, 0x03}, "ldtilecfg [rbx]"},
		{configure.from(r11), []byte{0xc4, 0xc2, 0x78, 0x49, 0x03}, "ldtilecfg [r11]"},
		{release.alone(), []byte{0xc4, 0xe2, 0x78, 0x49, 0xc0}, "tilerelease"},
		{load.move(6, rows{64, di, r10}), []byte{0xc4, 0xa2, 0x7b, 0x4b, 0x74, 0x17, 0x40}, "tileloadd tmm6,[rdi+r10+64]"},
		{load.move(1, rows{8, r9, bx}), []byte{0xc4, 0xc2, 0x7b, 0x4b, 0x4c, 0x19, 0x08}, "tileloadd tmm1,[r9+rbx+8]"},
		{store.move(3, rows{64, r11, r8}), []byte{0xc4, 0x82, 0x7a, 0x4b, 0x5c, 0x03, 0x40}, "tilestored [r11+r8+64],tmm3"},
		{dotTiles.on(6, 4, 0), []byte{0xc4, 0xe2, 0x4a, 0x5c, 0xc4}, "tdpbf16ps tmm0,tmm4,tmm6"},
		{dotTiles.on(7, 5, 3), []byte{0xc4, 0xe2, 0x42, 0x5c, 0xdd}, "tdpbf16ps tmm3,tmm5,tmm7"},
		{dotTiles.on(1, 2, 7), []byte{0xc4, 0xe2, 0x72, 0x5c, 0xfa}, "tdpbf16ps tmm7,tmm2,tmm1"},
	} {
		require.Equal(t, c.want, c.code, c.gas)
	}
}

func TestMacro(t *testing.T) {
	want := "#define VDPBF16PS_Z24_Z26_Z0 BYTE $0x62; BYTE $0x92; BYTE $0x2E; BYTE $0x40; BYTE $0x52; BYTE $0xC0\n"
	require.Equal(t, want, dot.macro(24, 26, 0))
}

func TestHeadersAreFresh(t *testing.T) {
	for name, want := range headers() {
		got, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.Equal(t, want, string(got), "run go generate ./cpu")
	}
}
