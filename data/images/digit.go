package images

import (
	"errors"
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
)

// Invert says whether a picture shows a dark digit on a light ground, which is
// the inverse of MNIST's.
type Invert string

// What Invert may be.
const (
	InvertAuto Invert = "auto" // ink is what deviates most from the ground
	InvertYes  Invert = "yes"  // dark on light
	InvertNo   Invert = "no"   // light on dark
)

// ErrNoDigit is returned by [Digit] for a picture where nothing stands out from the ground,
// or only against what Invert says.
var ErrNoDigit = errors.New("images: no digit found: too little contrast, or not the way that invert says")

const (
	digitSide   = 28   // of MNIST's images
	digitCentre = 14.5 // of mass: the middle of pixel 14, as in MNIST
	digitBox    = 20   // what the digit itself is made to fit
	workingSide = 224  // larger pictures are shrunk first: enough to shrink again from
)

// Digit prepares a picture of one handwritten digit (any size, anywhere in the
// picture, unevenly lit) the way MNIST's were made: light on dark, cropped,
// scaled to fit 20x20 with its proportions kept, its centre of mass put at the
// centre of 28x28 (http://yann.lecun.com/exdb/mnist). Before that the ground is
// flattened by subtracting the local mean, cut off at Otsu's threshold (IEEE
// Trans. SMC 9, 1979), and small specks are dropped. Errors: [ErrNoDigit], an
// Invert that is none of the three.
func Digit(picture image.Image, invert Invert) (*image.Gray, error) {
	contrast := workingPlane(picture).minusLocalMean()
	switch invert {
	case InvertAuto:
		if contrast.thirdMoment() < 0 {
			contrast.negate()
		}
	case InvertYes:
		contrast.negate()
	case InvertNo:
	default:
		return nil, fmt.Errorf("images: invert %q is none of auto, yes, no", invert)
	}
	ink, err := contrast.ink()
	if err != nil {
		return nil, err
	}
	ink.dropSpecks()
	return centre(shrinkToBox(ink.crop())), nil
}

// workingPlane reads the picture in grey, shrunk to a handy size.
func workingPlane(picture image.Image) plane {
	size := picture.Bounds().Size()
	scale := min(1, workingSide/float64(max(size.X, size.Y)))
	width, height := scaled(size.X, scale), scaled(size.Y, scale)
	p := plane{width: width, height: height}
	for _, v := range RGBToGray(dropAlpha(resize(picture, height, width))) {
		p.values = append(p.values, float64(v))
	}
	return p
}

// scaled rounds a scaled length, to 1 at least.
func scaled(length int, scale float64) int {
	return max(1, int(math.Round(float64(length)*scale)))
}

// shrinkToBox scales a digit so that its longer side is 20.
func shrinkToBox(digit image.Image) *image.Gray {
	size := digit.Bounds().Size()
	scale := digitBox / float64(max(size.X, size.Y))
	small := image.NewGray(image.Rect(0, 0, scaled(size.X, scale), scaled(size.Y, scale)))
	draw.BiLinear.Scale(small, small.Bounds(), digit, digit.Bounds(), draw.Src, nil)
	return small
}

// centre puts the digit's centre of mass at the centre of 28x28, as far as the
// digit stays inside.
func centre(digit *image.Gray) *image.Gray {
	var mass, massX, massY float64
	size := digit.Bounds().Size()
	for i, v := range digit.Pix {
		mass += float64(v)
		massX += float64(v) * (float64(i%size.X) + 0.5)
		massY += float64(v) * (float64(i/size.X) + 0.5)
	}
	offset := func(moment float64, length int) int {
		return min(digitSide-length, max(0, int(math.Round(digitCentre-moment/mass))))
	}
	full := image.NewGray(image.Rect(0, 0, digitSide, digitSide))
	at := image.Pt(offset(massX, size.X), offset(massY, size.Y))
	draw.Draw(full, digit.Bounds().Add(at), digit, image.Point{}, draw.Src)
	return full
}
