/**
 * Looks a device up in a `pci.ids` file: vendors stand at the line's start, their devices below, indented by one tab,
 * `2684  AD102 [GeForce RTX 4090]`. The product name is what stands in brackets, else the whole text.
 */
export function pciDeviceName(pciIds: string, vendorId: number, deviceId: number): string | null {
  const vendor = vendorId.toString(16).padStart(4, '0');
  const device = deviceId.toString(16).padStart(4, '0');
  const start = pciIds.startsWith(`${vendor}  `) ? 0 : pciIds.indexOf(`\n${vendor}  `);
  if (start === -1) return null;
  for (const line of pciIds
    .slice(start === 0 ? 0 : start + 1)
    .split('\n')
    .slice(1)) {
    // The next vendor ends the list; comments do not.
    if (/^[0-9a-f]{4} {2}/iu.test(line)) return null;
    const match = /^\t([0-9a-f]{4}) {2}(.+?)\s*$/iu.exec(line);
    if (match?.[1]?.toLowerCase() === device) {
      const name = match[2] ?? '';
      return /\[([^\]]+)\]/u.exec(name)?.[1] ?? name;
    }
  }
  return null;
}

/** The lines of a `pci.ids` file that name these devices, as a file of the same form. */
export function reducePciNames(
  pciIds: string,
  wanted: readonly { readonly vendorId: number; readonly deviceId: number }[],
): string {
  return wanted
    .flatMap(({ vendorId, deviceId }) => {
      const name = pciDeviceName(pciIds, vendorId, deviceId);
      if (name === null) return [];
      const hex = (id: number): string => id.toString(16).padStart(4, '0');
      return [`${hex(vendorId)}  vendor`, `\t${hex(deviceId)}  ${name}`];
    })
    .join('\n');
}
