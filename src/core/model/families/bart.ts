import { bartFamily } from '../parts/bartFamily';

/** BART. Its learned position table starts with two rows that no position uses. Source: transformers models/bart. */
export const bart = bartFamily({
  modelType: 'bart',
  className: 'Bart',
  extraPositions: 2,
  embeddingNorm: true,
  lastNorm: false,
  logitsBias: true,
  causal: true,
  labels: 3,
});

/** mBART: BART with a norm after the last layer. Source: transformers models/mbart. */
export const mbart = bartFamily({
  modelType: 'mbart',
  className: 'MBart',
  extraPositions: 2,
  embeddingNorm: true,
  lastNorm: true,
  logitsBias: true,
  causal: true,
  labels: 2,
});

/** Pegasus: sinusoidal positions, which are saved. Source: transformers models/pegasus. */
export const pegasus = bartFamily({
  modelType: 'pegasus',
  className: 'Pegasus',
  extraPositions: 0,
  embeddingNorm: false,
  lastNorm: true,
  logitsBias: true,
  causal: true,
  labels: null,
});

/** Marian. Source: transformers models/marian. */
export const marian = bartFamily({
  modelType: 'marian',
  className: 'Marian',
  generating: 'MarianMTModel',
  extraPositions: 0,
  embeddingNorm: false,
  lastNorm: false,
  logitsBias: true,
  causal: true,
  labels: null,
  mayNotShare: true,
});

/** M2M-100 and NLLB: positions are computed. Source: transformers models/m2m_100. */
export const m2m100 = bartFamily({
  modelType: 'm2m_100',
  className: 'M2M100',
  extraPositions: null,
  embeddingNorm: false,
  lastNorm: true,
  logitsBias: false,
  causal: false,
  labels: null,
});
