import type { OnnxModel } from './onnxModel';

/** The version of onnxruntime-node that this program is built with; measured figures are kept per version. */
export const onnxruntimeVersion = '1.30.0';

/** The name under which a device's figures are reported and kept. */
export function engineName(provider: 'cpu' | 'webgpu', version: string = onnxruntimeVersion): string {
  return `onnxruntime ${version} ${provider}`;
}

/** One run of a model: wall seconds of the call alone, and the scalar that came out. */
export interface Run {
  readonly seconds: number;
  readonly value: number;
}

export interface Session {
  run(scalar: number): Promise<Run>;
  release(): Promise<void>;
}

/** What the suite needs of an inference engine on one processor. Errors of the engine reject with an Error. */
export interface Engine {
  open(model: OnnxModel): Promise<Session>;
  /** Runs a model once with the engine's profile on: how many operations ran on this processor, and how many elsewhere. */
  placement(model: OnnxModel): Promise<{ readonly here: number; readonly elsewhere: number }>;
}
