package data

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbered returns a set of n images of 2x1 pixels, image i being {i, i+1}, with
// labels 0, 1, 2, 0, 1, ...
func numbered(n int) *Dataset {
	d := &Dataset{Height: 2, Width: 1, Channels: 1, Classes: []string{"a", "b", "c"}}
	for i := range n {
		d.Pixels = append(d.Pixels, byte(i), byte(i+1))
		d.Labels = append(d.Labels, int32(i%3))
	}
	return d
}

func TestImage(t *testing.T) {
	d := numbered(5)
	require.Equal(t, 5, d.Len())
	require.Equal(t, []byte{3, 4}, d.Image(3))
	require.Equal(t, 2, cap(d.Image(3)), "appending to an image must not overwrite the next")
}

func TestCheck(t *testing.T) {
	require.NoError(t, numbered(5).Check())
	for want, spoil := range map[string]func(*Dataset){
		"data: images of 0x1x1 pixels":                                                         func(d *Dataset) { d.Height = 0 },
		"data: the set holds no image":                                                         func(d *Dataset) { d.Labels = nil },
		"data: the set has 1 class, telling classes apart takes at least two":                  func(d *Dataset) { d.Classes = d.Classes[:1] },
		"data: 9 bytes of pixels for 5 images of 2x1x1":                                        func(d *Dataset) { d.Pixels = d.Pixels[1:] },
		"data: label 3 of image 2 is out of range: there are 3 classes, numbered from 0 to 2":  func(d *Dataset) { d.Labels[2] = 3 },
		"data: label -1 of image 0 is out of range: there are 3 classes, numbered from 0 to 2": func(d *Dataset) { d.Labels[0] = -1 },
	} {
		d := numbered(5)
		spoil(d)
		require.EqualError(t, d.Check(), want)
	}
	d := numbered(5)
	d.Labels[2] = 3
	var label *LabelError
	require.ErrorAs(t, d.Check(), &label)
	require.Equal(t, LabelError{Index: 2, Label: 3, Classes: 3}, *label)
}

func TestSubsetCopies(t *testing.T) {
	d := numbered(5)
	sub := d.Subset([]int{4, 1})
	require.Equal(t, []byte{4, 5, 1, 2}, sub.Pixels)
	require.Equal(t, []int32{1, 1}, sub.Labels)
	sub.Pixels[0] = 99
	require.Equal(t, byte(4), d.Image(4)[0])
}

func TestSplitIsStratifiedAndDisjoint(t *testing.T) {
	d := numbered(100) // classes of 34, 33 and 33
	first, second := d.Split(0.8, 7)
	require.Equal(t, []int{27, 26, 26}, first.ClassCounts())
	require.Equal(t, []int{7, 7, 7}, second.ClassCounts())

	seen := map[byte]bool{}
	for _, part := range []*Dataset{first, second} {
		for i := range part.Len() {
			seen[part.Image(i)[0]] = true
		}
	}
	require.Len(t, seen, 100, "every image is in one part")

	again, _ := d.Split(0.8, 7)
	require.Equal(t, first, again)
	other, _ := d.Split(0.8, 8)
	require.NotEqual(t, first, other)
}

func TestStratifyLeavesOneOnEachSide(t *testing.T) {
	labels := []int32{0, 0, 1, 1, 1, 2}
	in, out := Stratify(labels, 0.99, 1)
	require.Len(t, out, 2, "one of each class of two or more")
	require.Len(t, in, 4)
	in, _ = Stratify(labels, 0.01, 1)
	require.Len(t, in, 2)
}

func TestChannelStats(t *testing.T) {
	d := &Dataset{Height: 1, Width: 2, Channels: 2, Pixels: []byte{0, 10, 255, 10}}
	mean, std := d.ChannelStats()
	require.InDeltaSlice(t, []float32{0.5, 10. / 255}, mean, 1e-6)
	require.InDeltaSlice(t, []float32{0.5, 0}, std, 1e-6)
}

func TestCheckRefusesSizesThatOverflow(t *testing.T) {
	set := &Dataset{Height: 1 << 32, Width: 1 << 32, Channels: 1, Labels: []int32{0, 1}, Classes: []string{"a", "b"}}
	require.ErrorContains(t, set.Check(), "images of 4294967296x4294967296x1 pixels")
}

// TestStratifyFarLabels: the work follows the images, not the largest label.
func TestStratifyFarLabels(t *testing.T) {
	in, out := Stratify([]int32{7, math.MaxInt32, 7, math.MaxInt32}, 0.5, 1)
	require.Len(t, in, 2)
	require.Len(t, out, 2)
	require.ElementsMatch(t, []int{0, 1, 2, 3}, slices.Concat(in, out))
}
