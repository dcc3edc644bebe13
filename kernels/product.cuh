// Products by tiles: what an operand is, and where a block's tile lies.
//
// Operands are the factors of a product, whose sums run over k: the first has rows,
// numbered by outer, the second columns. An operand says where the element
// (outer, k) lies in memory, so that the matrix itself need not exist: the patches
// of a convolution are read where the image is.
//
//   type      float or bf16
//   across    neighbours in memory are neighbours in outer; else in k
//   whole     aligned groups of 16 bytes in that direction lie in memory as one,
//             aligned, and are outside the matrix together
//   at        the place of an element; null where it is 0
//
// Where across is a constant the compiler drops the other way.
#pragma once
#include "column.cuh"

// group is how many elements of 16 bytes there are.
template <class T> constexpr int group = 16 / sizeof(T);

// stored is a matrix in memory, its lines pitch elements apart: a line for each
// outer or, across, for each k.
template <class T> struct stored {
    typedef T type;
    const T *from;
    int outers, depth, pitch;
    bool across, whole;

    __device__ stored(const T *from, int outers, int depth, int pitch, bool across)
        : from(from), outers(outers), depth(depth), pitch(pitch), across(across),
          whole((across ? outers : depth) % group<T> == 0 && pitch % group<T> == 0) {}

    __device__ const T *at(int outer, int k) const {
        if (outer >= outers || k >= depth) return nullptr;
        return from + (across ? (index_t)k * pitch + outer : (index_t)outer * pitch + k);
    }
};

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
        const T *p = x.across ? x.at(outer + i, k) : x.at(outer, k + i);
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
