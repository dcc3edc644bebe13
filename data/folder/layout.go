package folder

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"example.org/chainrule/data"
	"example.org/chainrule/data/images"
)

// picture is a file and the class that its folder stands for.
type picture struct {
	path  string // within the tree, with slashes
	label int32
}

// layout is what the names in a folder tell: the classes, and which pictures
// are for training and which for testing.
type layout struct {
	classes     []string
	train, test []picture
	drawn       bool // from one part
}

// tree is the folder being read; name is what errors call it.
type tree struct {
	fs.FS
	name string
}

// full is how errors name a path within the tree.
func (t tree) full(name string) string { return path.Join(t.name, name) }

// layout finds the two parts, or one and divides it by seed.
func (t tree) layout(seed uint64) (layout, error) {
	folders, err := t.folders(".")
	if err != nil {
		return layout{}, err
	}
	train := firstNamed(folders, "train")
	test := firstNamed(folders, "test", "val", "valid", "validation")
	switch {
	case train != "" && test != "":
		return t.divided(train, test)
	case train != "" && len(folders) == 1:
		return t.divide(train, seed)
	}
	return t.divide(".", seed)
}

// firstNamed returns the first of the names, in either case, that is a folder.
func firstNamed(folders []string, names ...string) string {
	for _, name := range names {
		for _, folder := range folders {
			if strings.EqualFold(folder, name) {
				return folder
			}
		}
	}
	return ""
}

// divided reads two parts, which must have the same classes.
func (t tree) divided(train, test string) (layout, error) {
	classes, trainPictures, err := t.classes(train)
	if err != nil {
		return layout{}, err
	}
	testClasses, testPictures, err := t.classes(test)
	if err != nil {
		return layout{}, err
	}
	for _, class := range slices.Concat(classes, testClasses) {
		if !slices.Contains(classes, class) || !slices.Contains(testClasses, class) {
			return layout{}, fmt.Errorf("folder: %s: class %q is not in both %s and %s", t.name, class, train, test)
		}
	}
	return layout{classes: classes, train: trainPictures, test: testPictures}, nil
}

// divide puts 80% of each class into training.
func (t tree) divide(root string, seed uint64) (layout, error) {
	classes, pictures, err := t.classes(root)
	if err != nil {
		return layout{}, err
	}
	labels := make([]int32, len(pictures))
	for i, p := range pictures {
		labels[i] = p.label
	}
	train, test := data.Stratify(labels, trainFraction, seed)
	return layout{classes: classes, train: pick(pictures, train), test: pick(pictures, test), drawn: true}, nil
}

func pick(pictures []picture, indices []int) []picture {
	picked := make([]picture, len(indices))
	for k, i := range indices {
		picked[k] = pictures[i]
	}
	return picked
}

// classes lists the class folders of root and their pictures.
func (t tree) classes(root string) ([]string, []picture, error) {
	classes, err := t.folders(root)
	if err != nil {
		return nil, nil, err
	}
	switch len(classes) {
	case 0:
		return nil, nil, fmt.Errorf("folder: %s holds no folder: the pictures of each class belong in a folder of its own",
			t.full(root))
	case 1:
		return nil, nil, fmt.Errorf("folder: %s holds one class only (%s): telling classes apart takes at least two folders",
			t.full(root), classes[0])
	}
	var pictures []picture
	for label, class := range classes {
		paths, err := t.pictures(path.Join(root, class))
		if err != nil {
			return nil, nil, err
		}
		for _, p := range paths {
			pictures = append(pictures, picture{path: p, label: int32(label)})
		}
	}
	return classes, pictures, nil
}

// folders lists the folders in dir, and the links to others, by name.
func (t tree) folders(dir string) ([]string, error) {
	entries, err := t.list(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() || t.leadsElsewhere(dir, entry) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// leadsElsewhere tells whether the entry is a link to a folder other than the
// one that holds it.
func (t tree) leadsElsewhere(dir string, entry fs.DirEntry) bool {
	if entry.Type() != fs.ModeSymlink {
		return false
	}
	holder, err := fs.Stat(t.FS, dir)
	if err != nil {
		return false
	}
	target, err := fs.Stat(t.FS, path.Join(dir, entry.Name()))
	return err == nil && target.IsDir() && !os.SameFile(holder, target)
}

// pictures lists the pictures in dir and the folders within it. Links to
// folders aren't followed, so there is an end.
func (t tree) pictures(dir string) ([]string, error) {
	entries, err := t.list(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			inner, err := t.pictures(name)
			if err != nil {
				return nil, err
			}
			paths = append(paths, inner...)
		case images.IsName(name) && t.isRegular(name):
			paths = append(paths, name)
		}
	}
	return paths, nil
}

// isRegular tells whether the name is, or leads to, an ordinary file: not a
// pipe, which would never end. t.FS knows how to tell without opening it.
func (t tree) isRegular(name string) bool {
	info, err := fs.Stat(t.FS, name)
	return err == nil && info.Mode().IsRegular()
}

// list reads dir, by name, without what is hidden.
func (t tree) list(dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(t.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("folder: %s: %w", t.full(dir), err)
	}
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool {
		return strings.HasPrefix(entry.Name(), ".") || entry.Name() == "__MACOSX"
	}), nil
}
