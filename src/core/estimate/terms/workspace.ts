import type { Pool } from '../../hardware/target';
import { KiB, MiB } from '../../units/bytes';
import { range, zero, type Range } from '../../units/range';

/**
 * cuBLAS workspaces that PyTorch takes from its own allocator, one per handle and stream: `:4096:2:16:8` = 8.125 MiB up to
 * Ada, 32 MiB on Hopper and later (aten/src/ATen/cuda/CublasHandlePool.cpp). The autograd thread has a handle of its own.
 */
export function cublasWorkspace(pool: Pool, threads: number): Range {
  if (pool.kind === 'host' || pool.vendor === 'apple') return zero;
  const hopper = Number(pool.computeCapability ?? '0') >= 9;
  const each = hopper ? 32 * MiB : (4096 * 2 + 16 * 8) * KiB;
  return range(0, each * threads, 32 * MiB * threads + MiB);
}
