import type { SpeedEstimate } from './speedEstimate';

/** A speed of which nothing is known. */
export const noSpeed: SpeedEstimate = {
  phases: [],
  perRequest: { timeToFirstTokenSeconds: null, decodeTokensPerSecond: null },
  durationSeconds: null,
};
