import { formatBytes, formatGiB } from '../units/bytes';
import type { WhatIf, WhatIfRow } from './analysis';
import { escapeMarkdown, markdownTable } from './markdown';
import type { EstimateResult, Verdict } from './result';
import { decidingDevice, shownTerms, termText } from './termText';

/** Where the links of a hover lead; null = plain text. The command line has none. */
export interface HoverLinks {
  /** Applies the edits of a row. */
  apply(row: WhatIfRow): string | null;
  /** Opens the explanation. */
  readonly explain: string | null;
}

/**
 * The hover on a key that costs memory, as Markdown: what one unit adds, the neighbouring values each with its verdict, the
 * terms of the peak and what was assumed.
 */
export function hoverText(whatIf: WhatIf, links: HoverLinks): string {
  const { result } = whatIf;
  const each = whatIf.bytesEach === null ? '' : ` — ${formatBytes(Math.round(whatIf.bytesEach))} each`;
  const blocks = [
    `**${escapeMarkdown(whatIf.key)}**${each}`,
    table(whatIf, links),
    sumText(result),
    originsText(result, links.explain),
  ];
  return blocks.filter((block) => block !== null).join('\n\n');
}

function table(whatIf: WhatIf, links: HoverLinks): string | null {
  if (whatIf.rows.length === 0) return null;
  const { label, budget } = whatIf.result.target;
  return markdownTable(
    ['right', 'right', 'center'],
    ['value', 'peak', `on ${escapeMarkdown(label)} (${formatGiB(budget.bytes)})`],
    whatIf.rows.map((row) => {
      const bold = (text: string): string => (row.current ? `**${text}**` : text);
      const link = row.current || row.edits === null ? null : links.apply(row);
      const name = escapeMarkdown(row.label);
      return [
        link === null ? bold(name) : `[${name}](${link} "Write this value")`,
        bold(formatGiB(row.peakBytes)),
        verdictSigns[row.verdict],
      ];
    }),
  );
}

const verdictSigns: Readonly<Record<Verdict, string>> = {
  fits: '✓',
  tight: '✓ tight',
  partial: 'partly in RAM',
  exceeds: '✗',
  unknown: '?',
};

/** `31.0 GiB = weights 5.7 + activations 9.8 + … (range 29.2–32.9)` */
function sumText(result: EstimateResult): string | null {
  const memory = decidingDevice(result);
  if (memory === null) return null;
  const { terms, more } = shownTerms(memory);
  const addends = [...terms.map((term) => escapeMarkdown(termText(term))), ...(more ? ['…'] : [])];
  const peak = memory.devicePeak;
  const range =
    formatGiB(peak.low) === formatGiB(peak.high)
      ? ''
      : ` (range ${formatGiB(peak.low)}–${formatGiB(peak.high)})`;
  return `${formatGiB(peak.expected)} GiB = ${addends.join(' + ')}${range}`;
}

/** Settings that weigh on memory, in the order in which a reader wants to know about them. */
const weightySettings: readonly (readonly [path: string, name: string])[] = [
  ['training.optimizer', 'optimizer'],
  ['training.sequenceLength', 'sequence length'],
  ['training.precision', 'precision'],
  ['training.gradientCheckpointing', 'checkpointing'],
  ['training.attention', 'attention'],
  ['training.lora', 'LoRA'],
  ['inference.contextLength', 'context length'],
  ['inference.memoryFraction', 'memory fraction'],
  ['inference.kv', 'KV cache type'],
  ['models.0.dtype', 'dtype'],
];

const targetWords = {
  declared: 'target from this file',
  chosen: 'target from settings',
  local: 'target is this machine',
  fallback: 'target is the CPU of this machine',
} as const;

function originsText(result: EstimateResult, explain: string | null): string {
  const sentences = [...defaultsBySource(result)].map(
    ([source, names]) => `default of ${escapeMarkdown(source)} for ${names.join(', ')}`,
  );
  const text = [...sentences, targetWords[result.target.choice]].join('; ');
  const link = explain === null ? '' : ` [How is this computed?](${explain})`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${link}`;
}

/** Defaults that weigh, grouped by who set them: `axolotl 0.16` of `axolotl 0.16: adamw_torch_fused`. At most three each. */
function defaultsBySource(result: EstimateResult): ReadonlyMap<string, readonly string[]> {
  const { task } = result.job;
  const prefix = task === 'train' ? 'training.' : task === 'diffuse' ? 'models.' : 'inference.';
  const bySource = new Map<string, string[]>();
  for (const [path, name] of weightySettings) {
    if (!path.startsWith(prefix)) continue;
    const origin = result.job.origins[path];
    if (origin?.origin !== 'default') continue;
    const source = origin.source.split(':', 1)[0] ?? origin.source;
    const names = bySource.get(source) ?? [];
    if (names.length < 3) names.push(name);
    bySource.set(source, names);
  }
  return bySource;
}
