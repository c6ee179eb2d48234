/*
 * STREAM's triad: triad BYTES RUNS prints the median bytes/s of a[i] = b[i] + s * c[i] on arrays of that many bytes each.
 * Counted as STREAM does: two reads and one write, no write-allocate. Threads: OMP_NUM_THREADS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 3 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t bytes = strtoull(argv[1], NULL, 10), n = bytes / sizeof(double);
  int runs = atoi(argv[2]);
  if (n < 1024 || runs < 1) return 2;
  double *restrict a = aligned_alloc(64, n * sizeof(double));
  double *restrict b = aligned_alloc(64, n * sizeof(double));
  double *restrict c = aligned_alloc(64, n * sizeof(double));
  double *seconds = malloc((size_t)runs * sizeof(double));
  if (a == NULL || b == NULL || c == NULL || seconds == NULL) return 1;
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < n; i++) {
    a[i] = 0.0;
    b[i] = 1.0 + (double)(i & 1023);
    c[i] = 2.0 - (double)(i & 511);
  }
  for (int run = -WARM_UP; run < runs; run++) {
    double scalar = 3.0 + run, start = now();
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) a[i] = b[i] + scalar * c[i];
    if (run >= 0) seconds[run] = now() - start;
  }
  qsort(seconds, (size_t)runs, sizeof(double), ascending);
  fprintf(stderr, "%g\n", a[n / 2]);
  printf("%.6g\n", 3.0 * (double)bytes / seconds[runs / 2]);
  return 0;
}
