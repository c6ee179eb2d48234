import type { Pool } from '../../hardware/target';
import { MiB } from '../../units/bytes';
import { range } from '../../units/range';
import { draft, type TermDraft } from '../deviceMemory';

/** Cards before Ampere run the older stacks that load every kernel at once. */
function isOld(pool: Pool): boolean {
  const capability = Number(pool.computeCapability ?? '9');
  return capability > 0 && capability < 8;
}

/**
 * What a process takes on a device outside the framework's allocator: the driver's context, the loaded kernels, the
 * libraries' own buffers.
 *
 * CUDA: 300 MiB to 1.3 GiB by card and version. PyTorch before lazy module loading (CUDA 11.7) took 1343 MiB on a V100
 * (transformers docs, model_memory_anatomy); with it a bare process takes about 0.4 to 0.6 GiB. llama.cpp reserves 457 MiB for it in
 * Ollama's scheduler (Metal 512). Marked as assumed: measuring it on the machine is the `context` test of the benchmark.
 */
export function runtimeTerm(pool: Pool, framework: 'torch' | 'ggml'): TermDraft {
  const component = 'main';
  if (pool.kind === 'host')
    return framework === 'torch'
      ? draft('runtime', range(250 * MiB, 500 * MiB, 1000 * MiB), 'assumed', component)
      : draft('runtime', range(20 * MiB, 60 * MiB, 200 * MiB), 'assumed', component);
  const bytes =
    framework === 'torch'
      ? range(300 * MiB, (isOld(pool) ? 800 : 520) * MiB, (isOld(pool) ? 1400 : 1300) * MiB)
      : range(150 * MiB, 300 * MiB, 512 * MiB);
  return draft('runtime', bytes, 'assumed', component);
}
