/** VkPhysicalDeviceType of the Vulkan specification. */
export type AdapterType = 'other' | 'integrated' | 'discrete' | 'virtual' | 'cpu';

/** A GPU as its driver names it. */
export interface GpuAdapter {
  readonly name: string;
  readonly type: AdapterType;
}

const types: readonly AdapterType[] = ['other', 'integrated', 'discrete', 'virtual', 'cpu'];

/** Bytes that the Vulkan specification gives VkPhysicalDeviceProperties, with room for the alignment of its parts. */
export const propertiesBytes = 1024;
const deviceTypeOffset = 16;
const deviceNameOffset = 20;
const deviceNameBytes = 256;

/**
 * Name and type out of a VkPhysicalDeviceProperties as `vkGetPhysicalDeviceProperties` writes it: four uint32 (API version, driver
 * version, vendor, device), the type, then the name as 256 bytes of UTF-8 that end with a NUL (Vulkan specification, "Devices and Queues").
 * Little endian, as every platform with Vulkan is.
 */
export function parseVulkanProperties(bytes: Uint8Array): GpuAdapter {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = bytes.subarray(deviceNameOffset, deviceNameOffset + deviceNameBytes);
  const end = name.indexOf(0);
  return {
    name: new TextDecoder().decode(end === -1 ? name : name.subarray(0, end)).trim(),
    type: types[view.getUint32(deviceTypeOffset, true)] ?? 'other',
  };
}

/** Names of GPUs that the CPU computes: Chromium's and Android's, Mesa's (two drivers), Microsoft's (two names). */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|basic render/i;

/** Whether an adapter is a CPU in disguise. A speed that shows the same is judged elsewhere. */
export function isSoftwareAdapter(adapter: GpuAdapter): boolean {
  return adapter.type === 'cpu' || softwareNames.test(adapter.name);
}

/** How WebGPU's `high-performance` preference ranks adapters; a software one comes last. */
const preference: readonly AdapterType[] = ['discrete', 'integrated', 'virtual', 'other', 'cpu'];

/**
 * The adapter that the engine most probably took: it cannot be asked, and always prefers high performance.
 * null for an empty list. Several candidates of one rank: the first, as the system lists them.
 */
export function likelyAdapter(adapters: readonly GpuAdapter[]): GpuAdapter | null {
  const rank = (adapter: GpuAdapter): number =>
    isSoftwareAdapter(adapter) ? preference.length : preference.indexOf(adapter.type);
  return [...adapters].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}
