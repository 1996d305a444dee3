/* floatdelta_loops.h - the loops for elements of one width, made once for each: before it is
 * included, WIDTH is 1, 2, 4 or 8, and WORD the unsigned type of as many bytes.
 *
 * What needs no other element is done in small arrays, so that a compiler may take many at once. */

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)
#define F(name) NAMED(name, WIDTH)
#define SIGN ((WORD)1 << (8 * WIDTH - 1))

static inline void F(load)(WORD *words, const uint8_t *bytes, size_t n)
{
#if FLOATDELTA_LITTLE_ENDIAN
    memcpy(words, bytes, n * WIDTH);
#else
    for (size_t j = 0; j < n; j++) {
        WORD w = 0;
        for (unsigned k = 0; k < WIDTH; k++) {
            w = (WORD)(w | (WORD)bytes[j * WIDTH + k] << 8 * k);
        }
        words[j] = w;
    }
#endif
}

static inline void F(store)(uint8_t *bytes, const WORD *words, size_t n)
{
#if FLOATDELTA_LITTLE_ENDIAN
    memcpy(bytes, words, n * WIDTH);
#else
    for (size_t j = 0; j < n; j++) {
        for (unsigned k = 0; k < WIDTH; k++) {
            bytes[j * WIDTH + k] = (uint8_t)(words[j] >> 8 * k);
        }
    }
#endif
}

/* Floats as integers of the same order: of negative ones, the greater magnitude is the smaller. */
static inline WORD F(ordered)(WORD w)
{
    WORD negative = (WORD)(0 - (WORD)(w >> (8 * WIDTH - 1)));
    return (WORD)(w ^ (negative | SIGN));
}

static inline WORD F(unordered)(WORD w)
{
    WORD negative = (WORD)((WORD)(w >> (8 * WIDTH - 1)) - 1);
    return (WORD)(w ^ (negative | SIGN));
}

static inline void F(classes)(uint8_t *classes, const WORD *base, size_t n,
                              struct floatdelta_layout layout)
{
    const unsigned bits = layout.mantissa_bits;
    const WORD top = (WORD)layout.top, last = (WORD)(layout.classes - 1);
    for (size_t j = 0; j < n; j++) {
        WORD exponent = (WORD)((WORD)(base[j] & (WORD)~SIGN) >> bits);
        WORD below = (WORD)(exponent < top ? top - exponent : 0);
        classes[j] = (uint8_t)(below < last ? below : last);
    }
}

static inline void F(forward)(WORD *deltas, const WORD *plain, const WORD *base, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        WORD d = (WORD)(F(ordered)(plain[j]) - F(ordered)(base[j]));
        WORD falls = (WORD)(0 - (WORD)(d >> (8 * WIDTH - 1)));
        deltas[j] = (WORD)((WORD)(d << 1) ^ falls);
    }
}

static inline void F(backward)(WORD *plain, const WORD *deltas, const WORD *base, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        WORD falls = (WORD)(0 - (WORD)(deltas[j] & 1));
        WORD d = (WORD)((WORD)(deltas[j] >> 1) ^ falls);
        plain[j] = F(unordered)((WORD)(F(ordered)(base[j]) + d));
    }
}

static unsigned F(top)(const uint8_t *bytes, size_t count, struct floatdelta_layout layout)
{
    WORD base[TURN], top = 0;
    for (size_t i = 0; i < count; i += TURN) {
        size_t n = count - i < TURN ? count - i : TURN;
        F(load)(base, bytes + i * WIDTH, n);
        for (size_t j = 0; j < n; j++) {
            WORD magnitude = (WORD)(base[j] & (WORD)~SIGN);
            top = magnitude > top ? magnitude : top;
        }
    }
    return (unsigned)(top >> layout.mantissa_bits);
}

/* Of each of these lanes, which are step elements apart, n elements from the first on. */
static inline void F(count_turn)(size_t (*counts)[CLASSES], unsigned lanes, const uint8_t *base,
                                 size_t step, size_t n, struct floatdelta_layout layout)
{
    WORD words[TURN];
    uint8_t classes[LANES][TURN];
    for (unsigned lane = 0; lane < lanes; lane++) {
        F(load)(words, base + lane * step * WIDTH, n);
        F(classes)(classes[lane], words, n, layout);
    }
    for (size_t j = 0; j < n; j++) {
        for (unsigned lane = 0; lane < lanes; lane++) {
            counts[lane][classes[lane][j]]++;
        }
    }
}

/* The same, but each element goes to its place among all: next says where the next of a lane and a
 * class goes. */
static inline void F(put_turn)(WORD *rows, size_t (*next)[CLASSES], unsigned lanes,
                               const uint8_t *plain, const uint8_t *base, size_t step, size_t n,
                               struct floatdelta_layout layout)
{
    WORD deltas[LANES][TURN], words[TURN], ours[TURN];
    uint8_t classes[LANES][TURN];
    for (unsigned lane = 0; lane < lanes; lane++) {
        F(load)(words, base + lane * step * WIDTH, n);
        F(load)(ours, plain + lane * step * WIDTH, n);
        F(classes)(classes[lane], words, n, layout);
        F(forward)(deltas[lane], ours, words, n);
    }
    for (size_t j = 0; j < n; j++) {
        for (unsigned lane = 0; lane < lanes; lane++) {
            rows[next[lane][classes[lane][j]]++] = deltas[lane][j];
        }
    }
}

/* The way back. */
static inline void F(take_turn)(uint8_t *plain, const WORD *rows, size_t (*next)[CLASSES],
                                unsigned lanes, const uint8_t *base, size_t step, size_t n,
                                struct floatdelta_layout layout)
{
    WORD deltas[LANES][TURN], words[LANES][TURN], ours[TURN];
    uint8_t classes[LANES][TURN];
    for (unsigned lane = 0; lane < lanes; lane++) {
        F(load)(words[lane], base + lane * step * WIDTH, n);
        F(classes)(classes[lane], words[lane], n, layout);
    }
    for (size_t j = 0; j < n; j++) {
        for (unsigned lane = 0; lane < lanes; lane++) {
            deltas[lane][j] = rows[next[lane][classes[lane][j]]++];
        }
    }
    for (unsigned lane = 0; lane < lanes; lane++) {
        F(backward)(ours, deltas[lane], words[lane], n);
        F(store)(plain + lane * step * WIDTH, ours, n);
    }
}

/* All lanes, and then what is left of the last one. */
static void F(count)(size_t (*counts)[CLASSES], const uint8_t *base, size_t count,
                     struct floatdelta_layout layout)
{
    size_t step = count / LANES, rest = step * LANES;
    for (size_t i = 0; i < step; i += TURN) {
        size_t n = step - i < TURN ? step - i : TURN;
        F(count_turn)(counts, LANES, base + i * WIDTH, step, n, layout);
    }
    F(count_turn)(counts + LANES - 1, 1, base + rest * WIDTH, 0, count - rest, layout);
}

static void F(put)(void *scratch, size_t (*next)[CLASSES], const uint8_t *plain,
                   const uint8_t *base, size_t count, struct floatdelta_layout layout)
{
    size_t step = count / LANES, rest = step * LANES * WIDTH;
    WORD *rows = scratch;
    for (size_t i = 0; i < step; i += TURN) {
        size_t n = step - i < TURN ? step - i : TURN;
        F(put_turn)(rows, next, LANES, plain + i * WIDTH, base + i * WIDTH, step, n, layout);
    }
    F(put_turn)(rows, next + LANES - 1, 1, plain + rest, base + rest, 0, count % LANES, layout);
}

static void F(take)(uint8_t *plain, const void *scratch, size_t (*next)[CLASSES],
                    const uint8_t *base, size_t count, struct floatdelta_layout layout)
{
    size_t step = count / LANES, rest = step * LANES * WIDTH;
    const WORD *rows = scratch;
    for (size_t i = 0; i < step; i += TURN) {
        size_t n = step - i < TURN ? step - i : TURN;
        F(take_turn)(plain + i * WIDTH, rows, next, LANES, base + i * WIDTH, step, n, layout);
    }
    F(take_turn)(plain + rest, rows, next + LANES - 1, 1, base + rest, 0, count % LANES, layout);
}

/* The n elements of a class, from scratch[first] on, by byte. */
static void F(spread)(uint8_t *const planes[], const void *scratch, size_t first, size_t n)
{
    const WORD *row = (const WORD *)scratch + first;
    for (unsigned k = 0; k < WIDTH; k++) {
        uint8_t *plane = planes[k];
        for (size_t j = 0; j < n; j++) {
            plane[j] = (uint8_t)(row[j] >> 8 * k);
        }
    }
}

static void F(gather)(void *scratch, size_t first, const uint8_t *const planes[], size_t n)
{
    WORD *rows = (WORD *)scratch + first;
    for (size_t i = 0; i < n; i += TURN) {
        WORD row[TURN] = {0};
        size_t m = n - i < TURN ? n - i : TURN;
        for (unsigned k = 0; k < WIDTH; k++) {
            const uint8_t *plane = planes[k] + i;
            for (size_t j = 0; j < m; j++) {
                row[j] = (WORD)(row[j] | (WORD)((WORD)plane[j] << 8 * k));
            }
        }
        memcpy(rows + i, row, m * WIDTH);
    }
}

#undef SIGN
#undef F
#undef NAMED
#undef JOINED
#undef WORD
#undef WIDTH
