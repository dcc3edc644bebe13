// A pretend libcuda.so.1: device memory is the host's, streams run at once, and
// the only kernels are those of drivertest. It is strict where a driver is: a call
// without a current context, a handle of another context and a launch over a limit
// fail with CUDA's own results.
//
// PRETEND_FAIL=cuMemAlloc_v2=2 makes every such call return 2.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, INVALID_PTX = 218,
  INVALID_HANDLE = 400, NOT_FOUND = 500, CAPTURE_UNSUPPORTED = 900,
};
enum { MEMORY = 1 << 30, SHARED = 48 << 10, SHARED_OPTIN = 96 << 10, THREADS = 1024 };

typedef uint64_t devptr;
typedef struct block { devptr start; size_t size; struct block *next; } block;
typedef struct { block *blocks; size_t used; } context;
typedef struct { context *owner; char *text; } module;
typedef struct { context *owner; void (*run)(const unsigned *geometry, const char *params); size_t params; int shared; } function;
typedef struct { context *owner; int timing, recorded; } event;

// A task is what a stream does: a copy, a fill or a launch.
typedef struct task {
  enum { COPY, FILL, LAUNCH } kind;
  void *dst; const void *src; size_t size; unsigned word; // size is in bytes, or in words for a fill
  function *f; unsigned geometry[6]; char params[64];
  struct task *next;
} task;
typedef struct { task *first, **last; } graph;
typedef struct { context *owner; int capturing; graph captured; } stream;

static int initialized;
static const char *fail; // PRETEND_FAIL
static __thread context *current;

// The result that PRETEND_FAIL wants of a call, or 0.
static int wanted(const char *call) {
  size_t n = strlen(call);
  return fail && !strncmp(fail, call, n) && fail[n] == '=' ? atoi(fail + n + 1) : 0;
}
// Begins a call that needs a context.
static int enter(const char *call) {
  int result = wanted(call);
  return result ? result : !initialized ? NOT_INITIALIZED : !current ? INVALID_CONTEXT : 0;
}
#define ENTER_DRIVER do { int r = wanted(__func__); if (r) return r; if (!initialized) return NOT_INITIALIZED; } while (0)
#define ENTER do { int r = enter(__func__); if (r) return r; } while (0)
#define MINE(handle) do { if (!(handle) || (handle)->owner != current) return INVALID_HANDLE; } while (0)
#define MINE_OR_DEFAULT(s) do { if (s) MINE(s); } while (0)

// Devices.

int cuInit(unsigned flags) {
  fail = getenv("PRETEND_FAIL");
  int result = wanted(__func__);
  if (!result) initialized = 1;
  return result ? result : flags ? INVALID_VALUE : 0;
}
int cuDriverGetVersion(int *version) { *version = 12040; return wanted(__func__); }
int cuDeviceGetCount(int *count) { ENTER_DRIVER; *count = 1; return 0; }
int cuDeviceGet(int *device, int ordinal) { ENTER_DRIVER; *device = ordinal; return ordinal ? INVALID_DEVICE : 0; }
int cuDeviceGetName(char *name, int size, int device) {
  ENTER_DRIVER;
  snprintf(name, size, "Pretend GPU");
  return device ? INVALID_DEVICE : 0;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { ENTER_DRIVER; *bytes = MEMORY; return device ? INVALID_DEVICE : 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  static const int attributes[128] = { // by CUdevice_attribute
    [1] = THREADS, [8] = SHARED, [10] = 32, [12] = 65536, [13] = 1410000, [16] = 4, [36] = 1215000, [37] = 5120, [38] = 4 << 20,
    [75] = 8, [76] = 0, [97] = SHARED_OPTIN,
  };
  ENTER_DRIVER;
  if (attribute < 0 || attribute >= 128) return INVALID_VALUE;
  *value = attributes[attribute];
  return device ? INVALID_DEVICE : 0;
}
int cuGetErrorString(int result, const char **text) {
  *text = result == OUT_OF_MEMORY ? "out of memory" : "as pretended";
  return 0;
}

// Contexts.

int cuCtxCreate_v2(context **c, unsigned flags, int device) {
  (void)flags;
  ENTER_DRIVER;
  if (device) return INVALID_DEVICE;
  current = *c = calloc(1, sizeof **c);
  return 0;
}
int cuCtxPopCurrent_v2(context **c) { ENTER; *c = current; current = NULL; return 0; }
int cuCtxSetCurrent(context *c) { ENTER_DRIVER; current = c; return 0; }
int cuCtxDestroy_v2(context *c) {
  ENTER_DRIVER;
  if (!c) return INVALID_CONTEXT;
  for (block *b = c->blocks, *next; b; b = next) {
    next = b->next;
    free((void *)b->start);
    free(b);
  }
  if (current == c) current = NULL;
  free(c);
  return 0;
}

// Memory.

int cuMemGetInfo_v2(size_t *available, size_t *total) { ENTER; *available = MEMORY - current->used; *total = MEMORY; return 0; }
int cuMemAlloc_v2(devptr *p, size_t size) {
  ENTER;
  if (!size) return INVALID_VALUE;
  if (size > MEMORY - current->used) return OUT_OF_MEMORY;
  size = (size + 255) / 256 * 256;
  block *b = malloc(sizeof *b);
  *b = (block){(devptr)aligned_alloc(256, size), size, current->blocks};
  memset((void *)b->start, 0xA5, size); // no zeros to rely on
  current->blocks = b;
  current->used += size;
  *p = b->start;
  return 0;
}
int cuMemFree_v2(devptr p) {
  ENTER;
  for (block **at = &current->blocks; *at; at = &(*at)->next) {
    block *b = *at;
    if (b->start != p) continue;
    *at = b->next;
    current->used -= b->size;
    free((void *)b->start);
    free(b);
    return 0;
  }
  return INVALID_VALUE;
}
int cuMemHostAlloc(void **p, size_t size, unsigned flags) { (void)flags; ENTER; return (*p = malloc(size)) ? 0 : OUT_OF_MEMORY; }
int cuMemFreeHost(void *p) { ENTER; free(p); return 0; }

// Whether size bytes from p are of one allocation.
static int ours(devptr p, size_t size) {
  for (block *b = current->blocks; b; b = b->next)
    if (p >= b->start && p - b->start <= b->size && size <= b->size - (p - b->start)) return 1;
  return 0;
}

// Kernels, in the host's memory. geometry is the grid, then the block.

static void saxpy(const unsigned *geometry, const char *params) {
  float *y, *x, a;
  int n;
  memcpy(&y, params, 8);
  memcpy(&x, params + 8, 8);
  memcpy(&a, params + 16, 4);
  memcpy(&n, params + 20, 4);
  int threads = (int)(geometry[0] * geometry[3]);
  for (int i = 0; i < n && i < threads; i++) y[i] += a * x[i];
}
static void reverse(const unsigned *geometry, const char *params) {
  uint32_t *y;
  memcpy(&y, params, 8);
  for (unsigned i = 0, j = geometry[3] - 1; i < j; i++, j--) {
    uint32_t word = y[i];
    y[i] = y[j];
    y[j] = word;
  }
}

// Streams, events, graphs.

static void run(task *t) {
  if (t->kind == COPY) memmove(t->dst, t->src, t->size);
  if (t->kind == FILL) for (size_t i = 0; i < t->size; i++) ((uint32_t *)t->dst)[i] = t->word;
  if (t->kind == LAUNCH) t->f->run(t->geometry, t->params);
}
static int submit(stream *s, task t) {
  MINE_OR_DEFAULT(s);
  if (!s || !s->capturing) {
    run(&t);
    return 0;
  }
  task *kept = malloc(sizeof t);
  *kept = t;
  *s->captured.last = kept;
  s->captured.last = &kept->next;
  return 0;
}
int cuMemcpyHtoDAsync_v2(devptr dst, const void *src, size_t size, stream *s) {
  ENTER;
  return ours(dst, size) ? submit(s, (task){.kind = COPY, .dst = (void *)dst, .src = src, .size = size}) : INVALID_VALUE;
}
int cuMemcpyDtoHAsync_v2(void *dst, devptr src, size_t size, stream *s) {
  ENTER;
  return ours(src, size) ? submit(s, (task){.kind = COPY, .dst = dst, .src = (void *)src, .size = size}) : INVALID_VALUE;
}
int cuMemcpyDtoDAsync_v2(devptr dst, devptr src, size_t size, stream *s) {
  ENTER;
  if (!ours(dst, size) || !ours(src, size)) return INVALID_VALUE;
  return submit(s, (task){.kind = COPY, .dst = (void *)dst, .src = (void *)src, .size = size});
}
int cuMemsetD32Async(devptr dst, unsigned word, size_t words, stream *s) {
  ENTER;
  if (dst % 4 || !ours(dst, 4 * words)) return INVALID_VALUE;
  return submit(s, (task){.kind = FILL, .dst = (void *)dst, .size = words, .word = word});
}
int cuStreamCreate(stream **s, unsigned flags) {
  ENTER;
  if (flags > 1) return INVALID_VALUE;
  *s = calloc(1, sizeof **s);
  (*s)->owner = current;
  return 0;
}
int cuStreamDestroy_v2(stream *s) { ENTER; MINE(s); s->owner = NULL; free(s); return 0; }
int cuStreamSynchronize(stream *s) { ENTER; MINE_OR_DEFAULT(s); return s && s->capturing ? CAPTURE_UNSUPPORTED : 0; }
int cuEventCreate(event **e, unsigned flags) {
  ENTER;
  *e = malloc(sizeof **e);
  **e = (event){current, !(flags & 2), 0};
  return 0;
}
int cuEventDestroy_v2(event *e) { ENTER; MINE(e); free(e); return 0; }
int cuEventRecord(event *e, stream *s) { ENTER; MINE(e); MINE_OR_DEFAULT(s); e->recorded = 1; return 0; }
int cuStreamWaitEvent(stream *s, event *e, unsigned flags) { ENTER; MINE(e); MINE_OR_DEFAULT(s); return flags ? INVALID_VALUE : 0; }
int cuEventQuery(event *e) { ENTER; MINE(e); return 0; }
int cuEventSynchronize(event *e) { ENTER; MINE(e); return 0; }
int cuEventElapsedTime(float *ms, event *from, event *to) {
  ENTER;
  MINE(from);
  MINE(to);
  *ms = 0.5f;
  return from->timing && to->timing && from->recorded && to->recorded ? 0 : INVALID_HANDLE;
}
int cuStreamBeginCapture_v2(stream *s, int mode) {
  ENTER;
  MINE(s);
  if (mode != 2 || s->capturing) return INVALID_VALUE;
  s->capturing = 1;
  s->captured.first = NULL;
  s->captured.last = &s->captured.first;
  return 0;
}
int cuStreamEndCapture(stream *s, graph **g) {
  ENTER;
  MINE(s);
  if (!s->capturing) return INVALID_VALUE;
  s->capturing = 0;
  *g = malloc(sizeof **g);
  (*g)->first = s->captured.first;
  return 0;
}
int cuGraphInstantiateWithFlags(graph **ready, graph *g, unsigned long long flags) {
  ENTER;
  if (flags) return INVALID_VALUE;
  *ready = malloc(sizeof *g);
  (*ready)->first = g->first;
  g->first = NULL;
  return 0;
}
int cuGraphLaunch(graph *ready, stream *s) {
  ENTER;
  MINE_OR_DEFAULT(s);
  for (task *t = ready->first; t; t = t->next) run(t);
  return 0;
}
int cuGraphDestroy(graph *g) { ENTER; free(g); return 0; }
int cuGraphExecDestroy(graph *ready) {
  ENTER;
  for (task *t = ready->first, *next; t; t = next) {
    next = t->next;
    free(t);
  }
  free(ready);
  return 0;
}

// Modules and launches.

int cuModuleLoadDataEx(module **m, const char *image, unsigned n, const int *options, void **values) {
  ENTER;
  if (!strstr(image, ".version")) {
    for (unsigned i = 0; i + 1 < n; i++) // CU_JIT_ERROR_LOG_BUFFER, then its size
      if (options[i] == 5 && options[i + 1] == 6) snprintf(values[i], (size_t)values[i + 1], "line 1: .version expected");
    return INVALID_PTX;
  }
  *m = malloc(sizeof **m);
  **m = (module){current, strdup(image)};
  return 0;
}
int cuModuleUnload(module *m) { ENTER; MINE(m); free(m->text); free(m); return 0; } // its functions leak
int cuModuleGetFunction(function **f, module *m, const char *name) {
  ENTER;
  MINE(m);
  if (!strstr(m->text, name)) return NOT_FOUND;
  function found = {current, 0, 0, 0};
  if (!strcmp(name, "saxpy")) found.run = saxpy, found.params = 24;
  if (!strcmp(name, "reverse")) found.run = reverse, found.params = 8;
  if (!found.run) return NOT_FOUND;
  *f = malloc(sizeof **f);
  **f = found;
  return 0;
}
int cuFuncGetAttribute(int *value, int attribute, function *f) {
  ENTER;
  MINE(f);
  *value = attribute == 0 ? THREADS : attribute == 4 ? 16 : 0; // CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, NUM_REGS
  return 0;
}
int cuFuncSetAttribute(function *f, int attribute, int value) {
  ENTER;
  MINE(f);
  if (attribute != 8 || value < 0 || value > SHARED_OPTIN) return INVALID_VALUE; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
  f->shared = value;
  return 0;
}

// The buffer of parameters among a launch's options, or NULL; its size must be the kernel's.
static const char *buffer(const function *f, void **extra) {
  const char *params = NULL;
  size_t size = 0;
  for (; extra && extra[0]; extra += 2) {
    if (extra[0] == (void *)1) params = extra[1];
    if (extra[0] == (void *)2) size = *(size_t *)extra[1];
  }
  return size == f->params ? params : NULL;
}
int cuLaunchKernel(function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, stream *s,
                   void **params, void **extra) {
  ENTER;
  MINE(f);
  const char *packed = params ? NULL : buffer(f, extra);
  if (!packed || !gx || !gy || !gz || !bx || !by || !bz) return INVALID_VALUE;
  if (gy > 65535 || gz > 65535 || bx > 1024 || by > 1024 || bz > 64 || bx * by * bz > THREADS) return INVALID_VALUE;
  if (shared > SHARED && shared > (unsigned)f->shared) return INVALID_VALUE;
  task t = {.kind = LAUNCH, .f = f, .geometry = {gx, gy, gz, bx, by, bz}};
  memcpy(t.params, packed, f->params);
  return submit(s, t);
}
