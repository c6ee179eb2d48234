import assert from 'node:assert/strict';
import { isSoftwareAdapter, likelyAdapter, parseVulkanProperties, propertiesBytes } from './adapter';

function properties(type: number, name: string): Uint8Array {
  const bytes = new Uint8Array(propertiesBytes);
  new DataView(bytes.buffer).setUint32(16, type, true);
  bytes.set(new TextEncoder().encode(name), 20);
  return bytes;
}

describe('GPU adapters', () => {
  it('are read from the properties that Vulkan fills in', () => {
    assert.deepEqual(parseVulkanProperties(properties(2, 'NVIDIA GeForce RTX 4090')), {
      name: 'NVIDIA GeForce RTX 4090',
      type: 'discrete',
    });
    assert.deepEqual(parseVulkanProperties(properties(4, 'SwiftShader Device (Subzero)')).type, 'cpu');
    assert.deepEqual(parseVulkanProperties(properties(77, 'é'.repeat(128))), {
      name: 'é'.repeat(128),
      type: 'other',
    });
  });

  it('that the CPU computes are told by type or by name', () => {
    for (const name of [
      'SwiftShader Device (Subzero)',
      'llvmpipe (LLVM 15.0.6, 256 bits)',
      'Microsoft Basic Render Driver',
      'Microsoft Direct3D12 (WARP)',
    ])
      assert.ok(isSoftwareAdapter({ name, type: 'other' }), name);
    assert.ok(isSoftwareAdapter({ name: 'anything', type: 'cpu' }));
    assert.ok(!isSoftwareAdapter({ name: 'Intel(R) Arc(tm) A770 Graphics', type: 'discrete' }));
    assert.ok(!isSoftwareAdapter({ name: 'AMD Radeon Graphics (RADV RAPHAEL)', type: 'integrated' }));
  });

  it('are chosen as a preference for high performance does, software last', () => {
    const cpu = { name: 'llvmpipe', type: 'cpu' } as const;
    const integrated = { name: 'Intel(R) UHD Graphics', type: 'integrated' } as const;
    const discrete = { name: 'NVIDIA T4', type: 'discrete' } as const;
    assert.equal(likelyAdapter([cpu, integrated, discrete]), discrete);
    assert.equal(likelyAdapter([cpu, integrated]), integrated);
    assert.equal(likelyAdapter([cpu]), cpu);
    assert.equal(likelyAdapter([]), null);
  });
});
