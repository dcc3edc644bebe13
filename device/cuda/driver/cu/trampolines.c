//go:build cuda && cgo && linux && (amd64 || arm64)

// Every function of functions.h is a jump through a slot. cuInit, which comes
// first, loads the driver and fills the slots; without a driver they answer
// CUDA_ERROR_NOT_INITIALIZED.
#include <dlfcn.h>
#include <pthread.h>

#define HIDDEN __attribute__((visibility("hidden"))) // or a real libcuda would bind to them
#if defined __x86_64__
#define JUMP(slot) "endbr64\njmp *" slot "(%rip)\n"
#else
#define JUMP(slot) "hint #34\nadrp x16, " slot "\nldr x16, [x16, :lo12:" slot "]\nbr x16\n"
#endif

static int not_initialized(void) { return 3; } // CUDA_ERROR_NOT_INITIALIZED
static int not_found(void) { return 500; }     // CUDA_ERROR_NOT_FOUND: the driver is too old

// pushsection, because a bare .text would put what follows into read-only memory.
#define X(f)                                                                                             \
  HIDDEN void *slot_##f = (void *)not_initialized;                                                       \
  __asm__(".pushsection .text\n.globl " #f "\n.hidden " #f "\n.type " #f ", %function\n" #f ":\n"        \
          JUMP("slot_" #f) ".popsection");
#include "functions.h"
#undef X

static const struct {
  const char *name;
  void **slot;
} functions[] = {
#define X(f) {#f, &slot_##f},
#include "functions.h"
};

HIDDEN int driver_status;          // what the driver's cuInit returned
HIDDEN const char *driver_missing; // why there is no driver, or NULL

static void load(void) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  int (*init)(unsigned) = library ? (int (*)(unsigned))dlsym(library, "cuInit") : 0;
  if (!init) {
    driver_missing = dlerror();
    return;
  }
  for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *f = dlsym(library, functions[i].name);
    *functions[i].slot = f ? f : (void *)not_found;
  }
  driver_status = init(0);
}

// It always succeeds: gorgonia.org/cu exits otherwise.
HIDDEN int cuInit(unsigned flags) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)flags;
  pthread_once(&once, load);
  return 0;
}
