/**
 * Hardware that a job is tried on when one asks what it needs: from small to large, one of each memory size that is widely
 * sold or rented. Names of the target grammar.
 */
export const adviceTargets: readonly string[] = [
  'cpu',
  'RTX 3060 12GB',
  'RTX 5080',
  'RTX 4090',
  'RTX 5090',
  'L40S',
  'A100 80GB',
  'H100 SXM 80GB',
  'H200',
  'B200',
];
