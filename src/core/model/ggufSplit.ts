import type { GgufHeader, GgufTensor, GgufValue } from './gguf';

/** What a model in one or several GGUF files holds. */
export interface GgufContents {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** Bytes by which the files are shorter than their tensors need. */
  readonly missingBytes: number;
}

/**
 * Names of all parts of the split model that a file name belongs to, the first part first: `x-00002-of-00003.gguf` gives
 * three. null for a file that is no part (llama_split_path in llama.cpp).
 */
export function ggufParts(fileName: string): readonly string[] | null {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/su.exec(fileName);
  if (match === null) return null;
  const [, prefix = '', part = '', count = ''] = match;
  const parts = Number(count);
  if (Number(part) < 1 || Number(part) > parts) return null;
  return Array.from(
    { length: parts },
    (_, index) => `${prefix}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`,
  );
}

/**
 * The headers of all parts, in order, as one model: the first part's metadata, every part's tensors. A sentence when the
 * parts do not belong together (`split.no`, `split.count`, `split.tensors.count`: gguf-split of llama.cpp).
 */
export function joinGgufParts(headers: readonly GgufHeader[]): GgufContents | string {
  const [first] = headers;
  if (first === undefined) return 'there is no part';
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  let missingBytes = 0;
  for (const [index, header] of headers.entries()) {
    const number = integer(header, 'split.no');
    if (number !== null && number !== index)
      return `part ${index + 1} says split.no ${number}, expected ${index}`;
    const count = integer(header, 'split.count');
    if (count !== null && count !== headers.length)
      return `part ${index + 1} says split.count ${count}, expected ${headers.length}`;
    for (const tensor of header.tensors) {
      if (names.has(tensor.name)) return `the tensor ${tensor.name} is in two parts`;
      names.add(tensor.name);
      tensors.push(tensor);
    }
    missingBytes += header.missingBytes;
  }
  const total = integer(first, 'split.tensors.count');
  if (total !== null && total !== tensors.length)
    return `split.tensors.count is ${total}, but the parts hold ${tensors.length} tensors`;
  return { metadata: first.metadata, tensors, missingBytes };
}

function integer(header: GgufHeader, key: string): number | null {
  const entry = header.metadata.get(key);
  return entry?.kind === 'scalar' && typeof entry.value === 'number' ? entry.value : null;
}
