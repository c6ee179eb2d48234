/* Times C = A B with a CBLAS library: gemm N RUNS prints the median FLOP/s of N x N x N in float32. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, WARM_UP = 3 };

/* The interface of every CBLAS; declared here so that no development package is needed. */
void cblas_sgemm(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static float *matrix(size_t elements, unsigned seed) {
  float *values = aligned_alloc(64, elements * sizeof(float));
  if (values == NULL) exit(1);
  srand(seed);
  for (size_t i = 0; i < elements; i++) values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  return values;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int n = atoi(argv[1]), runs = atoi(argv[2]);
  if (n < 16 || runs < 1) return 2;
  size_t elements = (size_t)n * (size_t)n;
  float *a = matrix(elements, 1), *b = matrix(elements, 2), *c = matrix(elements, 3);
  double *seconds = malloc((size_t)runs * sizeof(double));
  if (seconds == NULL) return 1;
  for (int run = -WARM_UP; run < runs; run++) {
    double start = now();
    cblas_sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
    if (run >= 0) seconds[run] = now() - start;
  }
  qsort(seconds, (size_t)runs, sizeof(double), ascending);
  printf("%.6g\n", 2.0 * n * n * n / seconds[runs / 2]);
  return 0;
}
