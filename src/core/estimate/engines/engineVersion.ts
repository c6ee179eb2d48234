/**
 * Whether an engine's version (`5.15.0`, `v0.6.3`, as the engine prints it) is at least `major.minor`. An unknown version is
 * taken for the newest, as is one that cannot be read as numbers.
 */
export function isAtLeast(version: string | null, major: number, minor: number): boolean {
  const match = version === null ? null : /^v?(\d+)(?:\.(\d+))?/u.exec(version.trim());
  if (match === null) return true;
  const [ownMajor, ownMinor] = [Number(match[1]), Number(match[2] ?? 0)];
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
