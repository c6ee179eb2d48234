import { createRequire } from 'node:module';
import type * as analysisBundle from '../platform/analysis';
import type * as hardwareBundle from '../platform/hardware';

/** Parsers and the core. */
export type AnalysisBundle = typeof analysisBundle;
/** Probes and the benchmark's parent. */
export type HardwareBundle = typeof hardwareBundle;

export type BundleName = 'analysis' | 'hardware';

/**
 * The bundles that lie beside this one and are read when they are first used: a CommonJS bundle cannot split, so that what
 * shall not be parsed at start-up has to be another file.
 */
export class Bundles {
  private readonly require = createRequire(__filename);
  private readonly loaded = new Set<BundleName>();

  analysis(): AnalysisBundle {
    return this.load('analysis') as AnalysisBundle;
  }

  hardware(): HardwareBundle {
    return this.load('hardware') as HardwareBundle;
  }

  /** Names of the bundles that were read so far. */
  get loadedNames(): readonly BundleName[] {
    return [...this.loaded];
  }

  private load(name: BundleName): unknown {
    this.loaded.add(name);
    return this.require(`./${name}.js`);
  }
}
