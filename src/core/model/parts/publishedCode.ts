import type { Family } from '../family';

/** A family whose classes are no part of the library: their code is published beside the checkpoints. */
export function publishedCode(file: string, family: Family): Family {
  return {
    architectures: family.architectures.map((architecture) => ({
      ...architecture,
      library: `${file}, published with the checkpoints`,
    })),
  };
}
