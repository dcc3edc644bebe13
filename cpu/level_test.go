package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLevels(t *testing.T) {
	ls := Levels()
	require.Equal(t, LevelGo, ls[0])
	for i, l := range ls {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		require.Equal(t, l, k.level)
		require.True(t, i == 0 || ls[i-1] < l, "slowest first")
	}
}

func TestLevelCap(t *testing.T) {
	ls := Levels()
	all := architectureLevels()
	for name, want := range map[string]Level{"": min(ls[len(ls)-1], preferredLevel()), "go": LevelGo, "GO": LevelGo, all[len(all)-1].String(): ls[len(ls)-1]} {
		t.Setenv(LevelVariable, name)
		k, err := kernelsFor(0)
		require.NoError(t, err)
		require.Equal(t, want, k.level, name)
	}
}

// A level of another architecture caps nothing: it is refused, as Options refuse it.
func TestLevelOfAnotherArchitecture(t *testing.T) {
	for l := LevelGo; l <= LevelNEON; l++ {
		t.Setenv(LevelVariable, l.String())
		_, err := New(Options{})
		if slices.Contains(architectureLevels(), l) {
			require.NoError(t, err)
			continue
		}
		_, want := New(Options{Level: l})
		require.ErrorContains(t, want, "cannot run level "+l.String())
		require.Equal(t, want, err)
	}
}

func TestLevelUnknown(t *testing.T) {
	_, err := kernelsFor(99)
	require.ErrorContains(t, err, "cannot run level Level(99)")
	t.Setenv(LevelVariable, "sse")
	_, err = New(Options{})
	require.ErrorContains(t, err, `CHAINRULE_CPU="sse": want one of [go avx2 avx512 avx512bf16 amx neon]`)
}
