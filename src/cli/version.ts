declare const __ROOFLENS_VERSION__: string | undefined;

/** The version that the build put in; `development` when the source runs as it is. */
export const version: string =
  typeof __ROOFLENS_VERSION__ === 'string' ? __ROOFLENS_VERSION__ : 'development';
