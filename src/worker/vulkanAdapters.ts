import { parseVulkanProperties, propertiesBytes, type GpuAdapter } from '../core/bench/adapter';

const libraries: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libvulkan.so.1',
  win32: 'vulkan-1.dll',
};
/** VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO */
const instanceCreateInfo = 1;
/** Size of VkInstanceCreateInfo on 64-bit platforms. */
const createInfoBytes = 64;
const success = 0;
const mostDevices = 16;

/**
 * The GPUs that Vulkan lists, with the types that their drivers state. null where there is no Vulkan library or it does not answer,
 * which is a normal state (macOS, a container without graphics capabilities).
 *
 * Structures are passed as bytes: with no layers, no extensions and no application, all that differs from zero in a
 * VkInstanceCreateInfo is its type.
 */
export async function vulkanAdapters(): Promise<readonly GpuAdapter[] | null> {
  const name = libraries[process.platform];
  if (name === undefined) return null;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(name);
    const createInstance = library.func(
      'int vkCreateInstance(uint8_t *info, void *allocator, _Out_ void **instance)',
    );
    const enumerate = library.func(
      'int vkEnumeratePhysicalDevices(void *instance, _Inout_ uint32_t *count, void *devices)',
    );
    const properties = library.func('void vkGetPhysicalDeviceProperties(void *device, uint8_t *properties)');
    const destroyInstance = library.func('void vkDestroyInstance(void *instance, void *allocator)');

    const info = Buffer.alloc(createInfoBytes);
    info.writeUInt32LE(instanceCreateInfo, 0);
    const instance: unknown[] = [null];
    if (createInstance(info, null, instance) !== success) return [];
    try {
      const handleBytes = koffi.sizeof('void *');
      const handles = Buffer.alloc(mostDevices * handleBytes);
      const count = [mostDevices];
      // VK_INCOMPLETE (5) says that there are more: the first sixteen are enough.
      const status: unknown = enumerate(instance[0], count, handles);
      if (status !== success && status !== 5) return [];
      return Array.from({ length: Math.min(count[0] ?? 0, mostDevices) }, (_, i) => {
        const bytes = Buffer.alloc(propertiesBytes);
        properties(koffi.decode(handles, i * handleBytes, 'void *'), bytes);
        return parseVulkanProperties(bytes);
      });
    } finally {
      destroyInstance(instance[0], null);
    }
  } catch {
    return null;
  }
}
