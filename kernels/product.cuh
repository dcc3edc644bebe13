// Products by tiles: what an operand is, and where a block's tile lies.
//
// Operands are the factors of a product, whose sums run over k: the first has rows,
// numbered by outer, the second columns. An operand says where the element
// (outer, k) lies in memory, so that the matrix itself need not exist: the patches
// of a convolution are read where the image is. Its memory is lines, along which
// neighbours lie, and spots on them.
//
//   type      float or bf16
//   across    a line for each k, whose spots are outer; else the reverse
//   whole     aligned groups of 16 bytes of a line lie in memory as one, aligned, and
//             are outside the matrix together
//   line, spot                number i of either, with what is known of its place
//   line_at(i), spot_at(i)
//   line_step(n), spot_step(n)  how far it is to the n-th after it; found once, so
//   pass(line or spot, step)    that a loop that goes there divides nothing
//   has(line, spot)             whether there is an element; elsewhere are zeros
//   at(line, spot)              its number from the operand's first on
//
// Where across is a constant the compiler drops the other way.
#pragma once
#include "column.cuh"

// group is how many elements of 16 bytes there are.
template <class T> constexpr int group = 16 / sizeof(T);

// mixed is a number of three digits, as the loops of a convolution count: places
// along a line, lines of an image, images.
struct mixed {
    unsigned low, mid, high;

    static __device__ mixed of(unsigned i, unsigned lows, unsigned mids) {
        return {i % lows, i / lows % mids, i / lows / mids};
    }
    __device__ void add(mixed n, unsigned lows, unsigned mids) {
        low += n.low, mid += n.mid, high += n.high;
        if (low >= lows) low -= lows, mid++;
        if (mid >= mids) mid -= mids, high++;
    }
};

// stored is a matrix in memory, its lines pitch elements apart.
template <class T> struct stored {
    typedef T type;
    typedef int step, spot;
    struct line {
        int number, start;
    };
    const T *from;
    int lines, length, pitch;
    bool across, whole;

    __device__ stored(const T *from, int outers, int depth, int pitch, bool across)
        : from(from), lines(across ? depth : outers), length(across ? outers : depth), pitch(pitch), across(across),
          whole(length % group<T> == 0 && pitch % group<T> == 0) {}

    __device__ line line_at(int i) const { return {i, i * pitch}; }
    __device__ spot spot_at(int i) const { return i; }
    __device__ step line_step(int n) const { return n; }
    __device__ step spot_step(int n) const { return n; }
    __device__ void pass(line &l, step n) const { l.number += n, l.start += n * pitch; }
    __device__ void pass(spot &s, step n) const { s += n; }
    __device__ bool has(const line &l, spot s) const { return l.number < lines & s < length; }
    __device__ int at(const line &l, spot s) const { return l.start + s; }
};

// element is where (outer, k) of an operand lies; null where it is 0.
template <class Operand>
__device__ __forceinline__ const typename Operand::type *element(const Operand &x, int outer, int k) {
    typename Operand::line l = x.line_at(x.across ? k : outer);
    typename Operand::spot s = x.spot_at(x.across ? outer : k);
    return x.has(l, s) ? x.from + x.at(l, s) : nullptr;
}

// gather is the group at (outer, k) of an operand whose groups are not whole:
// element by element.
template <class Operand> __device__ __forceinline__ uint4 gather(const Operand &x, int outer, int k) {
    typedef typename Operand::type T;
    union {
        T v[group<T>];
        uint4 all;
    } g;
#pragma unroll
    for (int i = 0; i < group<T>; i++) {
        const T *p = x.across ? element(x, outer + i, k) : element(x, outer, k + i);
        g.v[i] = p ? *p : T(0);
    }
    return g.all;
}

// grid says which tile of which product a block makes: blocks go along a row of
// tiles, down the rows, then to the next product.
template <class Tile> struct grid {
    int row, column, product;

    __device__ grid(int rows, int columns) {
        int across = (columns + Tile::COLUMNS - 1) / Tile::COLUMNS, down = (rows + Tile::ROWS - 1) / Tile::ROWS;
        column = blockIdx.x % across * Tile::COLUMNS;
        row = blockIdx.x / across % down * Tile::ROWS;
        product = blockIdx.x / across / down;
    }
};

// inside is how many of the four columns from column on there are of n.
__device__ __forceinline__ int inside(int column, int n) { return max(0, min(4, n - column)); }
