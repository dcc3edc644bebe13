package safetensors

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"example.org/chainrule/internal/regular"
)

// ErrNotFound is the error for a name that a file does not have.
var ErrNotFound = errors.New("no such array")

// A File is a parsed header and a way to the arrays behind it. Its methods may
// be called from several goroutines.
type File struct {
	header *header
	index  map[string]int // name -> position in header.spans
	data   *io.SectionReader
	closer io.Closer
}

// Open reads the header of the file at path; [File.Array] reads the arrays. The
// caller closes it. Where the content is at fault the error is a [*FormatError].
func Open(path string) (*File, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := openFile(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return f, nil
}

func openFile(file *os.File) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	f, err := read(file, info.Size())
	if err != nil {
		return nil, err
	}
	f.closer = file
	return f, nil
}

// Read is [Open] for a file of size bytes that r holds and the caller closes.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	h, begin, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{header: h, index: map[string]int{}, data: io.NewSectionReader(r, begin, size-begin)}
	for i, s := range h.spans {
		f.index[s.array.Name] = i
	}
	return f, nil
}

// Close closes what [Open] opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Metadata returns a copy of the file's own map of words, empty where it has none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.header.metadata) }

// Names returns the names of all arrays, in the order of their data.
func (f *File) Names() []string {
	names := make([]string, len(f.header.spans))
	for i, s := range f.header.spans {
		names[i] = s.array.Name
	}
	return names
}

// Info returns the array of that name without its Data, and whether there is one.
func (f *File) Info(name string) (Array, bool) {
	i, ok := f.index[name]
	if !ok {
		return Array{}, false
	}
	a := f.header.spans[i].array
	a.Shape = slices.Clone(a.Shape)
	return a, true
}

// Array reads the array of that name. The error is [ErrNotFound] where there is none.
func (f *File) Array(name string) (Array, error) {
	a, ok := f.Info(name)
	if !ok {
		return Array{}, fmt.Errorf("safetensors: %w: %q (there are %d)", ErrNotFound, name, len(f.index))
	}
	s := f.header.spans[f.index[name]]
	var err error
	if a.Data, err = f.bytes(s, s.end-s.begin); err != nil {
		return Array{}, fmt.Errorf("safetensors: array %.80q: %w", name, err)
	}
	return a, nil
}

// bytes reads the n bytes of a span. Before it takes memory it sees that the last
// one is there: the size that Read was told may be wrong.
func (f *File) bytes(s span, n int) ([]byte, error) {
	if n == 0 {
		return []byte{}, nil
	}
	if n/s.array.DType.Size() > maxElements {
		return nil, fmt.Errorf("%v%v has more than the %d elements that are read", s.array.DType, s.array.Shape, maxElements)
	}
	if _, err := io.ReadFull(io.NewSectionReader(f.data, int64(s.end)-1, 1), make([]byte, 1)); err != nil {
		return nil, noEOF(err)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(f.data, int64(s.begin), int64(n)), data)
	return data, err
}

// noEOF is an end of the file that comes too early.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// All reads the arrays one by one, in the order of their data, and stops after
// an error.
func (f *File) All() iter.Seq2[Array, error] {
	return func(yield func(Array, error) bool) {
		for _, name := range f.Names() {
			a, err := f.Array(name)
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}
