package images

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// progressive is a grey 8x8 JPEG whose only block is gone over in n scans.
func progressive(n int) []byte {
	segment := func(marker byte, content ...byte) []byte {
		return append([]byte{0xff, marker, 0, byte(len(content) + 2)}, content...)
	}
	// A table of one code, a single 0 bit, for the symbol.
	table := func(class, symbol byte) []byte {
		return segment(0xc4, slices.Concat([]byte{class, 1}, make([]byte, 15), []byte{symbol})...)
	}
	scan := func(from, to byte) []byte { return append(segment(0xda, 1, 1, 0, from, to, 0), 0) }
	return slices.Concat([]byte{0xff, 0xd8},
		segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...),
		segment(0xc2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
		table(0x00, 0), table(0x10, 0),
		scan(0, 0), bytes.Repeat(scan(1, 63), n-1), []byte{0xff, 0xd9})
}

func TestDecodeLimitsScans(t *testing.T) {
	picture, err := Decode(bytes.NewReader(progressive(maxScans)))
	require.NoError(t, err)
	require.Equal(t, 8, picture.Bounds().Dx())
	for _, whole := range []bool{true, false} {
		var r io.Reader = bytes.NewReader(progressive(maxScans + 1))
		if !whole {
			r = iotest.OneByteReader(r)
		}
		_, err = Decode(r)
		require.ErrorContains(t, err, "more than 100 scans")
	}
}
