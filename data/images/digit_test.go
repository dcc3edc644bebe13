package images_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"example.org/chainrule/data"
	"example.org/chainrule/data/images"
	"example.org/chainrule/data/mnist"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
)

// photo is how a digit of MNIST is photographed: placed somewhere in a larger
// picture, dark on light or light on dark, unevenly lit, with noise.
type photo struct {
	width, height int
	at            image.Rectangle // of the digit's 28x28
	dark          bool
	slope         float64 // brightness from the left edge to the right
	vignette      float64 // darkening towards the corners
	noise         float64 // standard deviation
}

func (p photo) take(digit *image.Gray) *image.Gray {
	random := rand.New(rand.NewPCG(1, 1))
	picture := image.NewGray(image.Rect(0, 0, p.width, p.height))
	draw.CatmullRom.Scale(picture, p.at, digit, digit.Bounds(), draw.Src, nil)
	for i, v := range picture.Pix {
		x := float64(i%p.width)/float64(p.width) - 0.5
		y := float64(i/p.width)/float64(p.height) - 0.5
		light := p.slope*x - p.vignette*(x*x+y*y) + p.noise*random.NormFloat64()
		contrast := float64(v) / 255 * 150
		if p.dark {
			light += 200 - contrast
		} else {
			light += 50 + contrast
		}
		picture.Pix[i] = byte(min(255, max(0, light)))
	}
	return picture
}

func grayImage(pixels []byte) *image.Gray {
	return &image.Gray{Pix: pixels, Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
}

var photos = map[string]photo{
	"scan":          {width: 300, height: 300, at: image.Rect(0, 0, 300, 300), dark: true},
	"light on dark": {width: 400, height: 300, at: image.Rect(30, 10, 310, 290), noise: 5},
	"off centre":    {width: 500, height: 400, at: image.Rect(310, 220, 470, 380), dark: true, noise: 5},
	"uneven light":  {width: 300, height: 400, at: image.Rect(40, 100, 260, 320), dark: true, slope: 120, noise: 5},
	"dim corners":   {width: 400, height: 400, at: image.Rect(100, 120, 320, 340), dark: true, vignette: 100, noise: 10},
	"small":         {width: 40, height: 36, at: image.Rect(8, 4, 36, 32), dark: true, noise: 3},
}

// nearest classifies an image by the training image that is most like it.
func nearest(train *data.Dataset, image []byte) int32 {
	best, label := -1, int32(-1)
	for i := range train.Len() {
		distance := 0
		for j, v := range train.Image(i) {
			d := int(v) - int(image[j])
			distance += d * d
			if best >= 0 && distance >= best {
				break
			}
		}
		if best < 0 || distance < best {
			best, label = distance, train.Labels[i]
		}
	}
	return label
}

// A nearest-neighbour classifier knows the photographed digits (nearly) as well
// as the originals, and knows few of those that are only resized.
func TestDigitIsRecognised(t *testing.T) {
	train, test := mnist.Sample()
	train, _ = train.Split(0.2, 1)
	test, _ = test.Split(0.05, 1)
	hits := func(prepare func(*image.Gray) []byte) int {
		count := 0
		for i := range test.Len() {
			if nearest(train, prepare(grayImage(test.Image(i)))) == test.Labels[i] {
				count++
			}
		}
		return count
	}
	originals := hits(func(digit *image.Gray) []byte { return digit.Pix })
	for name, photo := range photos {
		prepared := hits(func(digit *image.Gray) []byte {
			gray, err := images.Digit(photo.take(digit), images.InvertAuto)
			require.NoError(t, err)
			return gray.Pix
		})
		t.Logf("%s: %d of %d, originals %d", name, prepared, test.Len(), originals)
		require.GreaterOrEqual(t, prepared, originals-3, name)
	}
	resized := hits(func(digit *image.Gray) []byte {
		pixels, err := images.Pixels(photos["off centre"].take(digit), 28, 28, 1)
		require.NoError(t, err)
		return pixels
	})
	require.Less(t, resized, originals/2, "without preparation")
}

// Where the digit lies in the picture, and which of the two is dark, changes
// nothing.
func TestDigitIgnoresPlaceAndInversion(t *testing.T) {
	_, test := mnist.Sample()
	digit := grayImage(test.Image(0))
	base := photo{width: 200, height: 200, at: image.Rect(60, 60, 144, 144)}
	want, err := images.Digit(base.take(digit), images.InvertNo)
	require.NoError(t, err)
	for _, shift := range []image.Point{{0, 0}, {-60, 40}, {50, -55}} {
		for _, dark := range []bool{false, true} {
			moved := base
			moved.at, moved.dark = base.at.Add(shift), dark
			for _, invert := range []images.Invert{images.InvertAuto, map[bool]images.Invert{false: "no", true: "yes"}[dark]} {
				got, err := images.Digit(moved.take(digit), invert)
				require.NoError(t, err)
				require.Less(t, meanDifference(want.Pix, got.Pix), 3.0, "%v dark %v invert %s", shift, dark, invert)
			}
		}
	}
}

func meanDifference(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

// The result obeys MNIST's own rules: the ground is black, the digit fits
// 20x20, its centre of mass is pixel (14, 14) within the rounding of a shift.
func TestDigitGeometry(t *testing.T) {
	_, test := mnist.Sample()
	for i := range 20 {
		gray, err := images.Digit(photos["uneven light"].take(grayImage(test.Image(i))), images.InvertAuto)
		require.NoError(t, err)
		require.Equal(t, image.Rect(0, 0, 28, 28), gray.Bounds())
		var box image.Rectangle
		var mass, x, y float64
		for k, v := range gray.Pix {
			if v > 0 {
				box = box.Union(image.Rect(k%28, k/28, k%28+1, k/28+1))
			}
			mass += float64(v)
			x += float64(v) * float64(k%28)
			y += float64(v) * float64(k/28)
		}
		require.LessOrEqual(t, max(box.Dx(), box.Dy()), 20)
		require.GreaterOrEqual(t, max(box.Dx(), box.Dy()), 19)
		require.InDelta(t, 14, x/mass, 0.5)
		require.InDelta(t, 14, y/mass, 0.5)
	}
}

func TestDigitDropsSpecks(t *testing.T) {
	_, test := mnist.Sample()
	clean := photos["scan"].take(grayImage(test.Image(0)))
	want, err := images.Digit(clean, images.InvertAuto)
	require.NoError(t, err)
	draw.Draw(clean, image.Rect(2, 290, 8, 296), image.Black, image.Point{}, draw.Src)
	got, err := images.Digit(clean, images.InvertAuto)
	require.NoError(t, err)
	require.Less(t, meanDifference(want.Pix, got.Pix), 3.0)
}

func TestDigitRefuses(t *testing.T) {
	blank := image.NewGray(image.Rect(0, 0, 100, 80))
	_, err := images.Digit(blank, images.InvertAuto)
	require.ErrorIs(t, err, images.ErrNoDigit)
	paper := photo{width: 100, height: 80, dark: true, noise: 4}.take(grayImage(make([]byte, 784)))
	_, err = images.Digit(paper, images.InvertAuto)
	require.ErrorIs(t, err, images.ErrNoDigit)
	_, err = images.Digit(image.NewGray(image.Rectangle{}), images.InvertYes)
	require.ErrorIs(t, err, images.ErrNoDigit)
	_, err = images.Digit(blank, "maybe")
	require.EqualError(t, err, `images: invert "maybe" is none of auto, yes, no`)
}

// crisp draws a 1 or a 7 in two colours, without a shade between them.
func crisp(digit, side int, ink, ground byte) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		x, y := float64(i%side)/float64(side), float64(i/side)/float64(side)
		stroke := x >= 0.46 && x < 0.56
		if digit == 7 {
			edge := 0.72 - 0.45*(y-0.15) // of the slanting stroke, on its right
			stroke = x >= edge-0.1 && x < edge || y < 0.25 && x >= 0.3 && x < 0.72
		}
		picture.Pix[i] = ground
		if stroke && y >= 0.15 && y < 0.85 {
			picture.Pix[i] = ink
		}
	}
	return picture
}

// A picture of two colours has no level between ground and ink. It becomes the
// digit that it shows, whichever is the lighter: a coarse one is that of a fine one
// but for the steps of its edges.
func TestDigitOfTwoColours(t *testing.T) {
	for _, digit := range []int{1, 7} {
		want, err := images.Digit(crisp(digit, 224, 0, 255), images.InvertYes)
		require.NoError(t, err)
		for _, side := range []int{28, 64, 100, 200} {
			for _, colours := range [][2]byte{{0, 255}, {255, 0}, {90, 160}, {160, 90}} {
				got, err := images.Digit(crisp(digit, side, colours[0], colours[1]), images.InvertAuto)
				require.NoError(t, err, "%d at %d, %v", digit, side, colours)
				require.Less(t, meanDifference(want.Pix, got.Pix), 8.0, "%d at %d, %v", digit, side, colours)
			}
		}
	}
}
