package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineOf(t *testing.T) {
	for _, c := range []struct{ pixels, image, want int }{
		{64 * 16 * 16, 16 * 16, 128}, {64 * 7 * 7, 7 * 7, 112}, {28 * 28, 28 * 28, 49}, // as long as suits
		{3 * 11 * 17, 11 * 17, 33},
		{64, 1, 1}, {14 * 14, 14 * 14, 14 * 14}, // too few to be dealt
		{4 * 521, 521, 521}, // a prime
		{0, 25, 25}, {0, 0, 0},
	} {
		require.Equal(t, c.want, lineOf(c.pixels, c.image), "%d pixels", c.pixels)
	}
}
