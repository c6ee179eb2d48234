import assert from 'node:assert/strict';
import { firstSpan, inStride, parseRow } from './tableRows';

describe('rows of the generated table', () => {
  it('say what they stand for', () => {
    const row = parseRow('Lqb layers.{0:num_layers}.q_proj | hidden_size, 64 | bias=true | ');
    assert.deepEqual(
      [row.kind, row.role, row.withBias, row.dims, row.condition, row.dtype],
      ['linear', 'q', true, ['hidden_size', '64'], 'bias=true', null],
    );
  });

  it('have numbered parts', () => {
    assert.deepEqual(firstSpan('a.{0:n}.b.{1:m}.c'), {
      before: 'a',
      low: '0',
      high: 'n',
      stride: '',
      after: 'b.{1:m}.c',
    });
    assert.deepEqual(firstSpan('{1:vision.n:step=step + -1}.b'), {
      before: '',
      low: '1',
      high: 'vision.n',
      stride: 'step=step + -1',
      after: 'b',
    });
    assert.equal(firstSpan('a.b'), null);
  });

  it('may take every so many of them, or the others', () => {
    const size = (text: string): number => (text === 'step' ? 3 : Number(text));
    const taken = (stride: string): readonly number[] => [0, 1, 2, 3, 4, 5].filter(inStride(stride, size));
    assert.deepEqual(taken(''), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(taken('step=2'), [2, 5]);
    assert.deepEqual(taken('step!0'), [1, 2, 4, 5]);
    assert.deepEqual(taken('0=0'), [0, 1, 2, 3, 4, 5]);
  });
});
