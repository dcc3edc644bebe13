package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPhilox has the known answers of Random123 1.14, tests/kat_vectors,
// "philox4x32 10".
func TestPhilox(t *testing.T) {
	const f = 0xFFFFFFFF
	for _, kat := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
		{[4]uint32{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, [2]uint32{0xA4093822, 0x299F31D0}, [4]uint32{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}},
	} {
		require.Equal(t, kat.want, Philox(kat.counter, kat.key))
	}
}

func TestDropoutThreshold(t *testing.T) {
	for p, want := range map[float32]uint32{0: 0, 0.25: 1 << 30, 0.5: 1 << 31, 1 - 0x1p-24: 0xFFFFFF00} {
		require.Equal(t, want, Dropout{P: p}.Threshold(), "p = %v", p)
	}
}
