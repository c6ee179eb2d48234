import type { Format } from '../format';
import { axolotl } from './axolotl';
import { diffusersFormat } from './diffusers';
import { hfConfig } from './hfConfig';
import { jobFile } from './jobFile';
import { modelDescriptions } from './modelDescription';
import { peftAdapter } from './peftAdapter';

/** Every ecosystem that is understood, in the order in which they are asked: the first that takes a file has it. */
export const formats: readonly Format[] = [
  jobFile,
  axolotl,
  diffusersFormat,
  hfConfig,
  peftAdapter,
  ...modelDescriptions,
];
