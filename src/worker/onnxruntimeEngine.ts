import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as onnxruntimeModule from 'onnxruntime-node';
import type { InferenceSession } from 'onnxruntime-node';
import * as v from 'valibot';
import type { Engine } from '../core/bench/engine';
import type { OnnxModel } from '../core/bench/onnxModel';
import { inputName, outputName } from '../core/bench/workloads';

type Onnxruntime = typeof onnxruntimeModule;

/** Provider names in onnxruntime's profile. */
const profiledAs = { cpu: 'CPUExecutionProvider', webgpu: 'WebGpuExecutionProvider' } as const;

const profile = v.array(
  v.looseObject({
    cat: v.optional(v.string()),
    args: v.optional(v.looseObject({ provider: v.optional(v.string()) })),
  }),
);

/** onnxruntime with one provider as the engine of the suite. `threads` counts for CPU work alone. */
export function onnxruntimeEngine(
  onnxruntime: Onnxruntime,
  provider: 'cpu' | 'webgpu',
  threads: number,
): Engine {
  const create = (model: OnnxModel, extra: InferenceSession.SessionOptions = {}): Promise<InferenceSession> =>
    onnxruntime.InferenceSession.create(model.bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      externalData: [...model.externalData],
      // The graph is to be run as it is written; and the memory pattern doubles the memory that is held.
      graphOptimizationLevel: 'disabled',
      enableMemPattern: false,
      // Threads that spin while they wait cost a machine that is busy with other work more than they save.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      ...extra,
    });
  const run = async (
    session: InferenceSession,
    scalar: number,
  ): Promise<{ seconds: number; value: number }> => {
    const input = new onnxruntime.Tensor('float32', Float32Array.of(scalar), [1]);
    const start = performance.now();
    const outputs = await session.run({ [inputName]: input });
    const seconds = (performance.now() - start) / 1000;
    const data = outputs[outputName]?.data;
    return { seconds, value: data instanceof Float32Array ? (data[0] ?? NaN) : NaN };
  };
  return {
    open: async (model) => {
      const session = await create(model);
      return { run: (scalar) => run(session, scalar), release: () => session.release() };
    },
    placement: async (model) => {
      const folder = await mkdtemp(join(tmpdir(), 'rooflens-profile-'));
      try {
        const session = await create(model, {
          enableProfiling: true,
          profileFilePrefix: join(folder, 'profile'),
        });
        await run(session, 0.5);
        session.endProfiling();
        await session.release();
        return countProviders(await readProfile(folder), profiledAs[provider]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function readProfile(folder: string): Promise<v.InferOutput<typeof profile>> {
  const [file] = await readdir(folder);
  if (file === undefined) return [];
  const parsed = v.safeParse(profile, JSON.parse(await readFile(join(folder, file), 'utf8')));
  return parsed.success ? parsed.output : [];
}

function countProviders(
  events: v.InferOutput<typeof profile>,
  own: string,
): { readonly here: number; readonly elsewhere: number } {
  const providers = events.flatMap((event) =>
    event.cat === 'Node' && event.args?.provider !== undefined ? [event.args.provider] : [],
  );
  const here = providers.filter((provider) => provider === own).length;
  return { here, elsewhere: providers.length - here };
}
