import * as v from 'valibot';
import type { HardwareReport } from './device';

const bytes = v.pipe(
  v.number('a number of bytes'),
  v.integer('a whole number of bytes'),
  v.minValue(0, 'a number of bytes that is not negative'),
  v.maxValue(2 ** 53 - 1, 'a number of bytes'),
);
const count = v.pipe(
  v.number('a number'),
  v.integer('a whole number'),
  v.minValue(0, 'a number that is not negative'),
);
const rate = v.pipe(v.number('a number'), v.finite('a finite number'), v.gtValue(0, 'a number above zero'));
const text = v.string('a text');
const flag = v.boolean('true or false');
const unknown = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema), null);

const origin = v.picklist(
  ['exact', 'measured', 'reported', 'formula', 'catalogue', 'default', 'assumed'],
  'an origin such as "reported"',
);
const ceiling = v.object({ value: rate, origin }, 'an object with value and origin');
const ceilings = v.optional(
  v.object(
    {
      bytesPerSecond: unknown(ceiling),
      flops: v.optional(
        v.object(
          {
            fp32: v.exactOptional(ceiling),
            tf32: v.exactOptional(ceiling),
            fp16: v.exactOptional(ceiling),
            bf16: v.exactOptional(ceiling),
            fp8: v.exactOptional(ceiling),
            int8: v.exactOptional(ceiling),
            fp4: v.exactOptional(ceiling),
          },
          'an object',
        ),
        {},
      ),
      launchSeconds: unknown(ceiling),
      linkBytesPerSecond: unknown(ceiling),
    },
    'an object',
  ),
  {},
);

const device = v.object(
  {
    id: v.optional(text, ''),
    index: v.optional(count, 0),
    vendor: v.picklist(
      ['nvidia', 'amd', 'intel', 'apple', 'google', 'other'],
      'one of nvidia, amd, intel, apple, google, other',
    ),
    name: text,
    catalogueId: unknown(text),
    kind: v.picklist(
      ['discrete', 'integrated', 'unified', 'mig', 'software'],
      'one of discrete, integrated, unified, mig, software',
    ),
    totalBytes: unknown(bytes),
    usableBytes: unknown(bytes),
    freeBytes: unknown(bytes),
    computeCapability: unknown(text),
    driver: unknown(text),
    visible: v.optional(flag, true),
    processes: v.optional(
      v.array(
        v.object({ pid: count, name: text, bytes: unknown(bytes) }, 'a process'),
        'a list of processes',
      ),
      [],
    ),
    ceilings,
    origin: v.optional(origin, 'reported'),
    source: v.optional(text, 'document'),
  },
  'a device',
);

const pool = v.object(
  {
    name: text,
    nodes: v.optional(count, 1),
    device: unknown(text),
    devicesPerNode: unknown(count),
    deviceBytes: unknown(bytes),
    free: unknown(count),
    timeLimitSeconds: unknown(count),
  },
  'a pool of nodes',
);

/** The document of `rooflens hardware --json`. Keys that it does not have are unknown; keys that are not known are passed over. */
const report = v.object(
  {
    schema: v.literal(1, '1'),
    machine: v.object(
      {
        os: v.optional(
          v.object(
            {
              platform: v.optional(text, 'unknown'),
              release: v.optional(text, 'unknown'),
              container: v.optional(flag, false),
              wsl: v.optional(flag, false),
              loginNode: v.optional(flag, false),
            },
            'an object',
          ),
          {},
        ),
        cpu: v.object(
          {
            model: text,
            physicalCores: count,
            logicalCores: count,
            isa: v.optional(v.array(text, 'a list of texts'), []),
            quotaCores: unknown(rate),
            ceilings,
          },
          'an object',
        ),
        memory: v.object(
          {
            totalBytes: bytes,
            availableBytes: bytes,
            limitBytes: unknown(bytes),
            ratedBytesPerSecond: unknown(rate),
            origin: v.optional(origin, 'reported'),
          },
          'an object',
        ),
        devices: v.array(device, 'a list of devices'),
      },
      'an object',
    ),
    clusters: v.optional(
      v.array(
        v.object(
          {
            kind: v.picklist(['slurm', 'kubernetes', 'ray'], 'one of slurm, kubernetes, ray'),
            name: text,
            pools: v.array(pool, 'a list of pools'),
          },
          'a cluster',
        ),
        'a list of clusters',
      ),
      [],
    ),
    probes: v.optional(
      v.array(
        v.object(
          {
            name: text,
            outcome: v.picklist(
              ['ok', 'not-found', 'failed', 'timeout', 'skipped', 'denied', 'unreadable'],
              'an outcome such as "ok"',
            ),
            milliseconds: v.optional(count, 0),
            detail: v.optional(text, ''),
          },
          'a probe',
        ),
        'a list of probes',
      ),
      [],
    ),
  },
  'an object',
);

export type HardwareDocument =
  | { readonly ok: true; readonly report: HardwareReport }
  | {
      readonly ok: false;
      /** Which key is wrong and what was expected: `machine.memory.totalBytes: a number of bytes is expected`. */
      readonly message: string;
    };

/** Reads a parsed hardware document, from this program or written by hand. */
export function readHardwareDocument(value: unknown): HardwareDocument {
  const result = v.safeParse(report, value);
  if (result.success) return { ok: true, report: result.output };
  const [issue] = result.issues;
  const key = v.getDotPath(issue);
  return {
    ok: false,
    message: `${key ?? 'the document'}: ${issue.message.startsWith('Invalid key') ? 'this key' : issue.message} is expected`,
  };
}
