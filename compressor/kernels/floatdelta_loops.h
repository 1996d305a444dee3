/* floatdelta_loops.h - the loops for elements of one width, made once for each: before it is
 * included, WIDTH is 1, 2, 4 or 8, WORD the unsigned type of as many bytes, and HALF and HALF_WIDTH
 * the same for the half.
 *
 * What needs no other element is done in small arrays, so that a compiler may take many at once. */

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)
#define F(name) NAMED(name, WIDTH)
#define HALVED(name) NAMED(name, HALF_WIDTH)
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

static inline void F(forward)(WORD *words, const WORD *base, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        WORD d = (WORD)(F(ordered)(words[j]) - F(ordered)(base[j]));
        WORD falls = (WORD)(0 - (WORD)(d >> (8 * WIDTH - 1)));
        words[j] = (WORD)((WORD)(d << 1) ^ falls);
    }
}

static inline void F(backward)(WORD *words, const WORD *base, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        WORD falls = (WORD)(0 - (WORD)(words[j] & 1));
        WORD d = (WORD)((WORD)(words[j] >> 1) ^ falls);
        words[j] = F(unordered)((WORD)(F(ordered)(base[j]) + d));
    }
}

/* Count the exponents of up to ROW elements. */
static void F(note)(uint32_t *counts, const uint8_t *base, size_t n,
                    struct floatdelta_layout layout)
{
    WORD theirs[ROW];
    F(load)(theirs, base, n);
    for (size_t j = 0; j < n; j++) {
        counts[(WORD)(theirs[j] & (WORD)~SIGN) >> layout.mantissa_bits]++;
    }
}

/* Planes of n bytes from words, the lowest byte first, and back: by halves, which are words too. */
static inline void F(spread)(uint8_t *const planes[], size_t at, const WORD *words, size_t n)
{
#if WIDTH == 1
    memcpy(planes[0] + at, words, n);
#else
    HALF low[LANE], high[LANE];
    for (size_t i = 0; i < n; i += LANE) {
        size_t m = n - i < LANE ? n - i : LANE;
        for (size_t j = 0; j < m; j++) {
            low[j] = (HALF)words[i + j];
            high[j] = (HALF)(words[i + j] >> 4 * WIDTH);
        }
        HALVED(spread)(planes, at + i, low, m);
        HALVED(spread)(planes + WIDTH / 2, at + i, high, m);
    }
#endif
}

static inline void F(gather)(WORD *words, const uint8_t *const planes[], size_t at, size_t n)
{
#if WIDTH == 1
    memcpy(words, planes[0] + at, n);
#else
    HALF low[LANE], high[LANE];
    for (size_t i = 0; i < n; i += LANE) {
        size_t m = n - i < LANE ? n - i : LANE;
        HALVED(gather)(low, planes, at + i, m);
        HALVED(gather)(high, planes + WIDTH / 2, at + i, m);
        for (size_t j = 0; j < m; j++) {
            words[i + j] = (WORD)(low[j] | (WORD)high[j] << 4 * WIDTH);
        }
    }
#endif
}

/* The way of each element into the row of its class, and back. In next are the places of the next
 * ones; a step of one lane does not wait for those of the others. */
static inline void F(put)(WORD *rows, places *next, const WORD *deltas, const uint8_t *classes,
                          size_t n)
{
    size_t j = 0;
    for (; j + (LANES - 1) * LANE < n; j++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t i = lane * LANE + j;
            rows[next[lane][classes[i]]++] = deltas[i];
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        for (size_t i = lane * LANE + j; i < n && i < (lane + 1) * LANE; i++) {
            rows[next[lane][classes[i]]++] = deltas[i];
        }
    }
}

static inline void F(take)(WORD *deltas, places *next, const WORD *rows, const uint8_t *classes,
                           size_t n)
{
    size_t j = 0;
    for (; j + (LANES - 1) * LANE < n; j++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t i = lane * LANE + j;
            deltas[i] = rows[next[lane][classes[i]]++];
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        for (size_t i = lane * LANE + j; i < n && i < (lane + 1) * LANE; i++) {
            deltas[i] = rows[next[lane][classes[i]]++];
        }
    }
}

static void F(count)(size_t sizes[CLASSES], const uint8_t *base, size_t n,
                     struct floatdelta_layout layout)
{
    WORD theirs[TILE];
    uint8_t classes[TILE];
    places next[LANES];
    F(load)(theirs, base, n);
    F(classes)(classes, theirs, n, layout);
    find_places(next, sizes, classes, n, layout.classes);
}

/* The differences of one tile; done elements of each class are in the planes already. */
static void F(split)(uint8_t *const planes[], size_t done[CLASSES], const uint8_t *plain,
                     const uint8_t *base, size_t n, struct floatdelta_layout layout)
{
    WORD ours[TILE], theirs[TILE];
    uint8_t classes[TILE];
    places next[LANES];
    size_t sizes[CLASSES] = {0};
    F(load)(theirs, base, n);
    F(load)(ours, plain, n);
    F(classes)(classes, theirs, n, layout);
    find_places(next, sizes, classes, n, layout.classes);
    F(forward)(ours, theirs, n);
    WORD *row = theirs; /* no longer needed */
    F(put)(row, next, ours, classes, n);
    for (unsigned c = 0; c < layout.classes; c++) {
        F(spread)(planes + c * WIDTH, done[c], row, sizes[c]);
        done[c] += sizes[c];
        row += sizes[c];
    }
}

static void F(join)(uint8_t *plain, const uint8_t *const planes[], size_t done[CLASSES],
                    const uint8_t *base, size_t n, struct floatdelta_layout layout)
{
    WORD ours[TILE], theirs[TILE], rows[TILE], *row = rows;
    uint8_t classes[TILE];
    places next[LANES];
    size_t sizes[CLASSES] = {0};
    F(load)(theirs, base, n);
    F(classes)(classes, theirs, n, layout);
    find_places(next, sizes, classes, n, layout.classes);
    for (unsigned c = 0; c < layout.classes; c++) {
        F(gather)(row, planes + c * WIDTH, done[c], sizes[c]);
        done[c] += sizes[c];
        row += sizes[c];
    }
    F(take)(ours, next, rows, classes, n);
    F(backward)(ours, theirs, n);
    F(store)(plain, ours, n);
}

#undef SIGN
#undef HALVED
#undef F
#undef NAMED
#undef JOINED
#undef HALF
#undef HALF_WIDTH
#undef WORD
#undef WIDTH
