import type { AmdListing } from '../../../core/hardware/amdDevices';
import { kfdNode, parseSysfsBytes } from '../../../core/hardware/parsers/amdSysfs';
import type { KfdNode } from '../../../core/hardware/parsers/amdSysfs';
import { hexadecimal } from '../../../core/hardware/parsers/pciDevices';
import { found, missing } from '../probe';
import type { HardwareProbe } from '../probe';
import type { ProbePort } from '../probePort';

const drm = '/sys/class/drm';
const kfd = '/sys/class/kfd/kfd/topology/nodes';

/** AMD devices from the files of the `amdgpu` driver: exact, no tool, no privileges. */
export const amdProbe: HardwareProbe<readonly AmdListing[]> = {
  name: 'amdgpu sysfs',
  async read(port) {
    // "card0-DP-1" is a connector.
    const cards = (await port.list(drm)).filter((name) => /^card\d+$/u.test(name));
    const nodes = await kfdNodes(port);
    const listings: AmdListing[] = [];
    for (const card of cards) {
      const device = `${drm}/${card}/device`;
      if (hexadecimal((await port.text(`${device}/vendor`)) ?? '') !== 0x1002) continue;
      listings.push(await readCard(port, device, nodes));
    }
    if (listings.length === 0)
      return missing(cards.length === 0 ? `no card in ${drm}` : 'no AMD card', 'not-found');
    return found(listings, `${listings.length} AMD ${listings.length === 1 ? 'card' : 'cards'}`);
  },
};

async function readCard(port: ProbePort, device: string, nodes: readonly KfdNode[]): Promise<AmdListing> {
  const bytes = async (name: string): Promise<number | null> =>
    parseSysfsBytes(await port.text(`${device}/${name}`));
  const uevent = (await port.text(`${device}/uevent`)) ?? '';
  const deviceId = hexadecimal((await port.text(`${device}/device`)) ?? '') ?? 0;
  const renderers = (await port.list(`${device}/drm`)).flatMap(
    (name) => /^renderD(\d+)$/u.exec(name)?.[1] ?? [],
  );
  const node = nodes.find(({ renderMinor }) => renderers.includes(String(renderMinor)));
  const product = (await port.text(`${device}/product_name`))?.trim() ?? '';
  return {
    address: /^PCI_SLOT_NAME=(\S+)$/mu.exec(uevent)?.[1] ?? device,
    name: product === '' ? null : product,
    deviceId,
    gfx: node?.gfx ?? null,
    computeUnits: node?.computeUnits ?? null,
    hasVramVendor: (await port.text(`${device}/mem_info_vram_vendor`)) !== null,
    memory: {
      vramTotal: await bytes('mem_info_vram_total'),
      vramUsed: await bytes('mem_info_vram_used'),
      gttTotal: await bytes('mem_info_gtt_total'),
      gttUsed: await bytes('mem_info_gtt_used'),
    },
  };
}

/** GPUs of the compute driver's topology. In a container the nodes of cards that were not passed in cannot be read. */
async function kfdNodes(port: ProbePort): Promise<KfdNode[]> {
  const nodes: KfdNode[] = [];
  for (const name of await port.list(kfd)) {
    const node = kfdNode((await port.text(`${kfd}/${name}/properties`)) ?? '');
    if (node !== null) nodes.push(node);
  }
  return nodes;
}
