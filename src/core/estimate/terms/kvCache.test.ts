import assert from 'node:assert/strict';
import { blueprintFromConfig } from '../../model/blueprintFromConfig';
import { bytesPerToken } from './kvCache';

function deepseek(modelType: string): Parameters<typeof bytesPerToken>[0] {
  const outcome = blueprintFromConfig({ model_type: modelType, num_hidden_layers: 61 });
  assert.ok(outcome.ok);
  return outcome.blueprint;
}

describe('bytes that a token adds to the cache', () => {
  const f16 = { keyType: 'f16', valueType: 'f16' };

  it('are one latent and one rotary key a layer where the engine keeps latents', () => {
    assert.equal(bytesPerToken(deepseek('deepseek_v3'), { ...f16, latent: true }), 61 * (512 + 64) * 2);
  });

  it('are full keys and values of every head where it does not', () => {
    const heads = 128 * (128 + 64 + 128);
    assert.equal(bytesPerToken(deepseek('deepseek_v3'), { ...f16, latent: false }), 61 * heads * 2);
  });

  it('hold the keys of a sparse indexer too', () => {
    assert.equal(
      bytesPerToken(deepseek('deepseek_v32'), { ...f16, latent: true }),
      61 * (512 + 64 + 128) * 2,
    );
  });
});
