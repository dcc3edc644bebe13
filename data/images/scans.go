package images

import (
	"bytes"
	"fmt"
	"io"
)

// maxScans is the largest number of passes over a JPEG picture. Progressive files
// have about ten; each costs the time of the whole picture, however few bytes it has.
const maxScans = 100

// scanLimit reads r, and of a JPEG file no further than maxScans scans: err then
// says so.
type scanLimit struct {
	r      io.Reader
	isJPEG bool
	last   byte // of the bytes read before
	scans  int
	err    error
}

// Read counts the markers that begin a scan. Compressed data holds none (a byte
// 0xff is followed by 0x00 there); the few in thumbnails count too.
func (l *scanLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n == 0 || !l.isJPEG {
		return n, err
	}
	if l.last == 0xff && p[0] == jpegScan&0xff {
		l.scans++
	}
	l.scans += bytes.Count(p[:n], []byte{0xff, jpegScan & 0xff})
	l.last = p[n-1]
	if l.scans > maxScans {
		l.err = fmt.Errorf("jpeg: more than %d scans", maxScans)
		return 0, l.err
	}
	return n, err
}
