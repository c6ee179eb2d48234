/**
 * `length` float32 values, uniform in [-amplitude, amplitude), the same for the same seed on every machine.
 *
 * Benchmarks need data that differs from matrix to matrix (equal weights may be stored once, and then a cache is measured
 * instead of memory), not data of cryptographic quality: Marsaglia's 32-bit xorshift (Xorshift RNGs, J. Stat. Soft. 8(14), 2003;
 * triple 13, 17, 5) is enough. The seed must not be 0.
 */
export function pseudoRandom(length: number, seed: number, amplitude: number): Float32Array {
  const values = new Float32Array(length);
  const step = amplitude / 2 ** 31;
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (state >>> 0) * step - amplitude;
  }
  return values;
}
