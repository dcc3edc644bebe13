package idx

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.org/chainrule/data"
)

// fileName matches the names in use: train-images-idx3-ubyte,
// t10k-labels.idx1-ubyte.gz, emnist-letters-test-images-idx3-ubyte,
// train-images-64x64-idx3-ubyte.gz.
var fileName = regexp.MustCompile(`(?i)^(?:.*-)?(train|t10k|test)-(images|labels)(?:-.*)?[-.]idx[13]-ubyte(?:\.gz)?$`)

// IsFolder tells whether the folder holds a file named as MNIST's are.
func IsFolder(dir string) bool {
	files, err := findFiles(dir)
	return err == nil && len(files) > 0
}

// OpenFolder reads the four files of a set: images and labels for training
// (train-images-idx3-ubyte, train-labels-idx1-ubyte) and for testing (t10k-...
// or test-...), each plain or with .gz, the hyphen before idx also as a dot.
// Where a file is there both plain and compressed, the plain one is read.
// Classes are named by their numbers. Errors: a file that is missing or there
// twice, a [*FormatError], counts or sizes that do not match, what
// [data.Dataset.Check] finds.
func OpenFolder(dir string) (train, test *data.Dataset, err error) {
	files, err := findFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	if train, err = openPart(dir, files, "train"); err != nil {
		return nil, nil, err
	}
	if test, err = openPart(dir, files, "t10k"); err != nil {
		return nil, nil, err
	}
	if train.Height != test.Height || train.Width != test.Width {
		return nil, nil, fmt.Errorf("idx: %s: training images are %dx%d, test images %dx%d",
			dir, train.Height, train.Width, test.Height, test.Width)
	}
	test.Classes = train.Classes
	for _, part := range []*data.Dataset{train, test} {
		if err := part.Check(); err != nil {
			return nil, nil, fmt.Errorf("idx: %s: %w", dir, err)
		}
	}
	return train, test, nil
}

// openPart reads the images and labels of "train" or "t10k".
func openPart(dir string, files map[string][]string, part string) (*data.Dataset, error) {
	imagesPath, err := oneFile(dir, files, part+"-images", "-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labelsPath, err := oneFile(dir, files, part+"-labels", "-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	images, err := ReadImages(imagesPath)
	if err != nil {
		return nil, err
	}
	labels, err := ReadLabels(labelsPath)
	if err != nil {
		return nil, err
	}
	if images.Count != len(labels) {
		return nil, fmt.Errorf("idx: %s holds %d images, %s holds %d labels",
			imagesPath, images.Count, labelsPath, len(labels))
	}
	return NewDataset(images, labels), nil
}

// NewDataset joins images and their labels; there must be as many of each.
// Classes are named by their numbers, from 0 to the largest label; no labels
// make none.
func NewDataset(images Images, labels []byte) *data.Dataset {
	set := &data.Dataset{Height: images.Height, Width: images.Width, Channels: 1, Pixels: images.Pixels}
	for _, label := range labels {
		set.Labels = append(set.Labels, int32(label))
	}
	if len(labels) > 0 {
		for class := range int(slices.Max(labels)) + 1 {
			set.Classes = append(set.Classes, strconv.Itoa(class))
		}
	}
	return set
}

// findFiles lists the set's files by role: "train-images" and so on.
func findFiles(dir string) (map[string][]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	files := map[string][]string{}
	for _, entry := range entries {
		match := fileName.FindStringSubmatch(entry.Name())
		if match == nil || entry.IsDir() {
			continue
		}
		part := strings.Replace(strings.ToLower(match[1]), "test", "t10k", 1)
		role := part + "-" + strings.ToLower(match[2])
		files[role] = append(files[role], entry.Name())
	}
	return files, nil
}

// oneFile returns the path of the only file in a role. Names come sorted, so a
// plain file stands before its compressed copy.
func oneFile(dir string, files map[string][]string, role, suffix string) (string, error) {
	names := files[role]
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("idx: %s: %s%s is missing (plain or .gz)", dir, role, suffix)
	case len(names) == 1, len(names) == 2 && names[0]+".gz" == names[1]:
		return filepath.Join(dir, names[0]), nil
	}
	return "", fmt.Errorf("idx: %s: %s stand for the same part of the set: keep one", dir, strings.Join(names, " and "))
}
